"""MongoDB: documents in and out, indexes, the one atomic write of state and outbox."""

from __future__ import annotations

from typing import Final

from cryptography.fernet import MultiFernet

from staffroll.jobs import JOB_INDEXES, JOBS, Jobs
from staffroll.mongo import Index, Outbox, TenantDatabase, outbox_index
from staffroll.mongo.audit_trail import AuditTrail, audit_indexes
from staffroll.mongo.limiting import LIMIT_INDEXES
from staffroll.mongo.lists import list_indexes
from staffroll.plugins.platform import Plugins
from staffroll.standing import Standing, limits_of
from staffroll_accounts.domain.roles import grant_of, permissions_of
from staffroll_accounts.store import (
    decoys,
    deliveries,
    keys,
    mails,
    provisioned,
    refusals,
    reset_requests,
    roles,
    sessions,
    tenants,
    tombstones,
    users,
    webhooks,
)
from staffroll_accounts.store.decoys import Decoys
from staffroll_accounts.store.deliveries import Deliveries
from staffroll_accounts.store.keys import Keys, SigningKey, cipher
from staffroll_accounts.store.many_users import ManyUsers
from staffroll_accounts.store.provisioned import Provisioned
from staffroll_accounts.store.refusals import Refusals
from staffroll_accounts.store.reset_requests import ResetRequests
from staffroll_accounts.store.role_turns import RoleTurn
from staffroll_accounts.store.roles import Roles
from staffroll_accounts.store.sessions import Sessions
from staffroll_accounts.store.sign_ins import SignIns
from staffroll_accounts.store.tenants import Tenants, all_tenants
from staffroll_accounts.store.tombstones import Tombstones
from staffroll_accounts.store.users import UserExists, Users
from staffroll_accounts.store.webhooks import Webhooks

__all__ = [
    "AUDITED",
    "FORMS",
    "INDEXES",
    "OUTBOXES",
    "Keys",
    "SigningKey",
    "Store",
    "UserExists",
    "all_tenants",
    "cipher",
]

OUTBOXES: Final = (
    users.COLLECTION,
    roles.COLLECTION,
    tenants.COLLECTION,
    refusals.COLLECTION,
    keys.COLLECTION,
)

AUDITED: Final = (
    users.COLLECTION,
    roles.COLLECTION,
    tenants.COLLECTION,
    sessions.COLLECTION,
    webhooks.COLLECTION,
    JOBS,
)
"""Collections whose documents carry entries of the audit trail."""

FORMS: Final = (users.FORMS,)

INDEXES: Final = (
    Index(
        users.COLLECTION,
        ["email_key"],
        "email_unique",
        unique=True,
        partial={"email_key": {"$exists": True}},
    ),
    Index(
        users.COLLECTION,
        ["once.key"],
        "once_unique",
        unique=True,
        partial={"once.key": {"$exists": True}},
    ),
    *list_indexes(users.COLLECTION, "status", facets=["roles"]),
    Index(users.COLLECTION, ["_id", "version"], "versions"),
    *users.FORMS.indexes,
    Index(users.COLLECTION, ["is_admin"], "admins", partial={"is_admin": True}),
    users.LEAVING,
    users.WISHING,
    *provisioned.INDEXES,
    users.BY_FACTOR,
    users.WITH_FACTOR,
    Index(
        users.COLLECTION,
        ["access_tokens.id"],
        "access_tokens",
        unique=True,
        partial={"access_tokens.id": {"$exists": True}},
    ),
    *roles.INDEXES,
    *(outbox_index(name) for name in OUTBOXES),
    *mails.INDEXES,
    *refusals.INDEXES,
    *tombstones.INDEXES,
    *reset_requests.INDEXES,
    *sessions.INDEXES,
    *decoys.INDEXES,
    *webhooks.INDEXES,
    *deliveries.INDEXES,
    *audit_indexes(AUDITED),
    *JOB_INDEXES,
    *LIMIT_INDEXES,
)


class Store:
    """What one tenant has in accounts."""

    def __init__(
        self, database: TenantDatabase, outbox: Outbox, at_rest: MultiFernet, plugins: Plugins
    ) -> None:
        self.at_rest = at_rest
        self.plugins = plugins
        self.users = Users(database, outbox, at_rest)
        self.many_users = ManyUsers(database, outbox, self.users)
        self.provisioned = Provisioned(database)
        self.tombstones = Tombstones(database, outbox)
        self.roles = Roles(database, outbox)
        self._database = database
        self.tenants = Tenants(database, outbox)
        self.refusals = Refusals(database, outbox)
        self.reset_requests = ResetRequests(database)
        self.sessions = Sessions(database)
        self.sign_ins = SignIns(database)
        self.decoys = Decoys(database)
        self.audit = AuditTrail(database)
        self.jobs = Jobs(database)
        self.webhooks = Webhooks(database)
        self.deliveries = Deliveries(database)

    def role_turn(self) -> RoleTurn:
        """For one request that may have to count who has a role."""
        return RoleTurn(self._database)

    def standing(self, user_id: str) -> Standing | None:
        """The user's right to be here, as of now; None where there never was one."""
        found = self.users.standing(user_id)
        if found is None:
            return None
        is_active = found["status"] == "active"
        needs_roles = is_active and not found["is_admin"]
        roles = self.roles.some(found["roles"]) if needs_roles else []
        return Standing(
            is_active,
            found["token_generation"],
            found["is_admin"],
            permissions_of(roles),
            limits_of(map(grant_of, roles)),
        )
