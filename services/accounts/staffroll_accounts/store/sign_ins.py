"""What is read to sign somebody in: little before the password is compared, all else after it.

The user is read anew after the hash, so that a decision is made on how things stand then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from staffroll.ids import new_id
from staffroll.mongo import TenantDatabase
from staffroll.mongo.scoped import Part
from staffroll.search import email_key
from staffroll_accounts.domain.roles import Role
from staffroll_accounts.domain.tenants import Tenant
from staffroll_accounts.domain.users import User
from staffroll_accounts.store import roles, tenants, users

_PASSWORD: Final = {"security.password_hash": 1, "security.password_changed_at": 1, "roles": 1}


@dataclass(frozen=True, slots=True)
class Named:
    """Whom an e-mail names; where it names nobody, a stand-in that is nowhere to be found.

    Attributes:
        password_hash: None where there is none.
    """

    user_id: str
    password_hash: str | None = field(default=None, repr=False)
    password_changed_at: datetime | None = None
    role_ids: Sequence[str] = ()

    def has_password_of(self, user: User) -> bool:
        """Whether what was compared still holds."""
        # A newer hash of the same password, made at a sign-in, has the same moment.
        now = user.security
        has_one = now.password_hash is not None
        return (now.password_changed_at, has_one) == (
            self.password_changed_at,
            self.password_hash is not None,
        )


@dataclass(frozen=True, slots=True)
class Present:
    """How things are once the password was compared; None for what is not there.

    Attributes:
        roles: The user's; None where they were given others meanwhile.
    """

    user: User | None
    tenant: Tenant | None
    roles: Sequence[Role] | None


class SignIns:
    """The reads of one tenant's sign-ins."""

    def __init__(self, database: TenantDatabase) -> None:
        self._database = database
        self._users = database[users.COLLECTION]

    def named(self, email: str) -> Named:
        document = self._users.find_one({"email_key": email_key(email)}, _PASSWORD)
        if document is None:
            # Something to look for as well, so that the next read is as dear (R22).
            return Named(new_id(), role_ids=(new_id(),))
        security = document["security"]
        return Named(
            document["_id"],
            security["password_hash"],
            security["password_changed_at"],
            document["roles"],
        )

    def present(self, named: Named) -> Present:
        """One command, whether there is such a user or not."""
        found_users, found_tenants, found_roles = self._database.find_together(
            Part(users.COLLECTION, {"_id": named.user_id}, without=users.UNREAD),
            Part(
                tenants.COLLECTION,
                {"_id": self._database.tenant_id},
                without=("outbox", "audit", "admins"),
            ),
            Part(roles.COLLECTION, roles.given(named.role_ids), without=("outbox", "audit")),
        )
        user = users.from_document(found_users[0]) if found_users else None
        tenant = tenants.from_document(found_tenants[0]) if found_tenants else None
        has_other_roles = user is not None and sorted(user.roles) != sorted(named.role_ids)
        given = [roles.from_document(document) for document in found_roles]
        return Present(user, tenant, None if has_other_roles else given)
