"""What a tenant asks of its users as of now: its settings, its roles and its plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import Final

from staffroll import humans
from staffroll.errors import FieldError, NotFound
from staffroll.plugins import facts
from staffroll.scope import SYSTEM_PREFIX
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.domain import passwords as password_rules
from staffroll_accounts.domain.passwords import Policy
from staffroll_accounts.domain.roles import Role
from staffroll_accounts.domain.security import Security
from staffroll_accounts.domain.users import House, NewUser, User
from staffroll_accounts.passwords import Passwords

REMEMBERED_PASSWORDS: Final = 24
"""Of one user, while a plugin could ask for them."""


class HouseRules:
    """Read once for all that one creation or change asks of it.

    Raises:
        NotFound: There is no such tenant.
    """

    def __init__(self, scope: AccountsScope) -> None:
        tenant = scope.store.tenants.find()
        if tenant is None:
            raise NotFound
        self._scope = scope
        self._tenant = tenant
        self.policy = Policy(min_characters=tenant.password_min_length)
        self.plugins = scope.store.plugins.of(tenant.id, tenant.version, tenant.plugins)
        self.turn = scope.store.role_turn()
        """To be held around `role_objections` and the write that follows: nobody else counts
        who has a role in between."""

    @cached_property
    def house(self) -> House:
        """For the rules of the domain."""
        return House(
            languages=self._tenant.languages,
            time_zone=self._tenant.time_zone,
            roles=self._scope.store.roles.ids(),
        )

    @property
    def remembered_passwords(self) -> int:
        """How many hashes of a user's earlier passwords are kept."""
        return REMEMBERED_PASSWORDS if self.plugins.asks("check_password") else 0

    def describe_passwords(self) -> list[str]:
        """What passwords must be, in sentences for whoever chooses one."""
        theirs = self.plugins.describe_password_policy(self._scope.language)
        return [*password_rules.describe(self.policy), *theirs]

    def password_objections(
        self, password: str, user: User | NewUser, passwords: Passwords
    ) -> list[FieldError]:
        """All that speaks against a password (R30), and all that plugins object.

        Raises:
            PluginFailed, PluginMissing: One cannot be asked.
        """
        personal = (user.first_name, user.last_name, user.email)
        found = password_rules.problems(password, self.policy, personal)
        if not self.plugins.asks("check_password"):
            return found
        candidate = facts.Candidate(
            password=password_rules.tidy(password),
            user=_public(user),
            was_used=_was_used(password, user, passwords),
        )
        return found + self.plugins.check_password(candidate, self._scope.language)

    def with_default_roles(self, new: NewUser, created_in: str) -> tuple[str, ...]:
        """Ids of the roles that somebody new is to have, with those that plugins add.

        Raises:
            PluginFailed, PluginMissing: One cannot be asked.
        """
        if not self.plugins.asks("default_roles"):
            return new.roles
        asked = facts.NewUser(
            user=_public(new),
            created_in=created_in,
            roles=self._roles_of(new.roles),
            known=tuple(self._roles.values()),
        )
        return (*new.roles, *self.plugins.default_roles(asked))

    def role_objections(
        self,
        before: User | None,
        after: User | NewUser,
        holders: Callable[[str], int] | None = None,
    ) -> list[FieldError]:
        """All that plugins object to roles and admin access that are about to change.

        Args:
            before: None for somebody new.
            holders: How many other active users will have a role by then, by its id; None: as
                many as have it now.
        Raises:
            PluginFailed, PluginMissing: One cannot be asked.
            Unavailable: Others count who has a role, and do not come to an end.
        """
        had = () if before is None else before.roles
        was_admin = before is not None and before.is_admin
        is_same = set(had) == set(after.roles) and was_admin == after.is_admin
        if is_same or not self.plugins.asks("check_roles"):
            return []
        user_id = "" if before is None else before.id
        change = facts.RoleChange(
            user=_public(after, id_=user_id, is_admin=was_admin),
            before=self._roles_of(had),
            after=self._roles_of(after.roles),
            is_admin=after.is_admin,
            actor=self._actor,
            has_two_factor=before is not None and before.security.two_factor is not None,
            holders=partial(self._count, holders or partial(self._others, but=user_id)),
        )
        return self.plugins.check_roles(change, self._scope.language)

    def _count(self, holders: Callable[[str], int], role_id: str) -> int:
        self.turn.take()
        return holders(role_id)

    def _others(self, role_id: str, but: str) -> int:
        counted = self._scope.store.roles.becoming(role_id)
        return self._scope.store.users.count_active_with_role(*counted, but=but)

    @cached_property
    def _actor(self) -> facts.PublicUser | None:
        id_ = self._scope.actor.id
        user = None if id_.startswith(SYSTEM_PREFIX) else self._scope.store.users.find(id_)
        return None if user is None else _public(user, id_=user.id, is_admin=user.is_admin)

    @cached_property
    def _roles(self) -> dict[str, facts.Role]:
        return {role.id: _role(role) for role in self._scope.store.roles.all()}

    def _roles_of(self, ids: Iterable[str]) -> tuple[facts.Role, ...]:
        """Those that there are."""
        return tuple(self._roles[id_] for id_ in ids if id_ in self._roles)


def _role(role: Role) -> facts.Role:
    return facts.Role(role.id, role.name, role.category)


def _public(user: User | NewUser, *, id_: str = "", is_admin: bool = False) -> facts.PublicUser:
    return facts.PublicUser(
        id=id_,
        first_name=humans.tidy_name(user.first_name),
        last_name=humans.tidy_name(user.last_name),
        email=humans.tidy_email(user.email),
        language=user.language or "",
        time_zone=user.time_zone or "",
        is_admin=is_admin,
    )


def _was_used(password: str, user: User | NewUser, passwords: Passwords) -> Callable[[int], bool]:
    security = user.security if isinstance(user, User) else Security()
    hashes = [hashed for hashed in (security.password_hash, *security.old_passwords) if hashed]

    def was_used(last: int) -> bool:
        return any(passwords.verify(password, hashed) for hashed in hashes[: max(0, last)])

    return was_used
