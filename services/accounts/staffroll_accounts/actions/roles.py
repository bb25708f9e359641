"""Creating, changing, resetting and deleting roles (R70-R72)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any, Final

from staffroll import clock
from staffroll.errors import Conflict, NotFound, Stale, Unavailable
from staffroll.idempotency import Once, OnceUsed, created_before
from staffroll.ids import new_id
from staffroll.plugins.errors import PluginObjects
from staffroll.scope import Actor
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions.house_rules import HouseRules
from staffroll_accounts.domain import roles as rules
from staffroll_accounts.domain import users as user_rules
from staffroll_accounts.domain.errors import (
    DefaultRoleStays,
    ReplacementUnknown,
    RoleHeldByTooMany,
    RoleInUse,
)
from staffroll_accounts.domain.roles import NewRole, Role, RoleDecision
from staffroll_accounts.domain.users import SOURCE, User

_TRIES: Final = 10
_USERS_AT_ONCE: Final = 100

MOST_ASKED_ABOUT: Final = 10_000
"""Users about whom plugins are asked within one request."""

SETTLED_AFTER: Final = timedelta(seconds=5)
"""A role is buried no earlier: by then, whoever gave it while it began to go is done."""


def create(new: NewRole, scope: AccountsScope, once: Once | None = None) -> Role:
    """A new role; repeated with the same `once`, the one that it created.

    Raises:
        Invalid, PermissionUnknown, RoleNotYours: See `domain.roles`.
        RoleNameTaken: Another role has the name.
        Unavailable: What the key created is being forgotten at this very moment.
    """
    if earlier := created_before(once, scope.store.roles, scope.now):
        return earlier
    decision = rules.create(new, new_id(), scope.actor, scope.cause(SOURCE))
    try:
        return scope.store.roles.insert(decision, scope.now, once)
    except (OnceUsed, Conflict) as error:
        # The same request at the same moment has the same name; which of the two indexes
        # refuses first is the database's choice.
        if earlier := created_before(once, scope.store.roles, scope.now):
            return earlier
        if isinstance(error, OnceUsed):
            raise Unavailable from error
        raise


def edit(
    role_id: str, changes: Mapping[str, Any], scope: AccountsScope, *, expected: int | None
) -> Role:
    """The role after `changes`; works everywhere within the time an event takes (R74).

    Raises:
        NotFound, Stale, Invalid, RoleNameTaken, CategoryFixed, PermissionUnknown, RoleNotYours.
        Unavailable: Too many edit the role at this very moment.
    """
    cause = scope.cause(SOURCE)
    return _decide(
        role_id, scope, expected, lambda role: rules.edit(role, changes, scope.actor, cause)
    )


def reset(role_id: str, scope: AccountsScope, *, expected: int | None) -> Role:
    """The default role as its category came with it.

    Raises:
        NotFound, Stale, NoDefaultRole, RoleNameTaken, RoleNotYours.
    """
    cause = scope.cause(SOURCE)
    return _decide(role_id, scope, expected, lambda role: rules.reset(role, scope.actor, cause))


def delete(
    role_id: str,
    scope: AccountsScope,
    *,
    replace_with: str | None,
    remove_from: int | None,
    expected: int | None,
) -> None:
    """The role cannot be given any more, is taken from who has it, and then is no more.

    Args:
        replace_with: What its users get instead.
        remove_from: How many users lose it; must be right.
    Raises:
        NotFound, Stale.
        DefaultRoleStays: It can only be reset.
        RoleInUse: Users have it, and neither of the two says what becomes of them.
        ReplacementUnknown: There is no such other role.
        RoleNotYours: The replacement allows what the actor lacks (R72).
        RoleHeldByTooMany: More than the tenant's plugins can be asked about in one request.
        PluginObjects: To what one of its users would have then.
        PluginFailed, PluginMissing: One cannot be asked.
    """

    house_rules = HouseRules(scope)

    def decide(role: Role) -> RoleDecision:
        if role.is_default:
            raise DefaultRoleStays
        replacement = _replacement(role, replace_with, scope)
        users = scope.store.users.count_with_role(role.id)
        if replacement is None and users != (remove_from or 0):
            raise RoleInUse(users=users)
        _ask_plugins(role, replacement, users, house_rules, scope)
        # To be asked takes its time, after which others may still give the role.
        cause = replace(scope, now=clock.now()).cause(SOURCE)
        return rules.let_go(role, replacement, scope.actor, cause)

    with house_rules.turn:
        going = _decide(role_id, scope, expected, decide)
    take_away(going, scope)


def take_away(role: Role, scope: AccountsScope) -> bool:
    """Take a going role from some of who has it; whether nobody has it any more.

    Can be repeated from anywhere: each user is one write, with its event.
    """
    if role.going is None:
        return False
    acting = replace(
        scope,
        actor=Actor(role.going.actor, is_admin=True),
        correlation_id=role.going.correlation_id,
    )
    found = scope.store.users.with_role(role.id, _USERS_AT_ONCE)
    for user_id in found:
        _take_from(user_id, role, acting)
    return len(found) < _USERS_AT_ONCE and scope.store.users.count_with_role(role.id) == 0


def finish(role_id: str, scope: AccountsScope) -> None:
    """Go on with a role that is going, to its ``role.deleted`` where it is time."""
    role = scope.store.roles.find_any(role_id)
    if role is None or role.going is None or not take_away(role, scope):
        return
    if scope.now - role.going.since >= SETTLED_AFTER:
        acting = replace(scope, actor=Actor(role.going.actor, is_admin=True))
        decision = rules.delete(role, acting.cause(SOURCE))
        scope.store.roles.save(decision, role, scope.now)


def grow(role_id: str, scope: AccountsScope) -> None:
    """Give the role what its category gained since it was made (R70)."""
    role = scope.store.roles.find_any(role_id)
    decision = rules.grown(role, scope.cause(SOURCE)) if role else None
    if role is not None and decision is not None:
        scope.store.roles.save(decision, role, scope.now)


def _ask_plugins(
    role: Role,
    replacement: Role | None,
    users: int,
    house_rules: HouseRules,
    scope: AccountsScope,
) -> None:
    """All of the role's users at once, before the first of them loses it."""
    if not house_rules.plugins.asks("check_roles"):
        return
    if users > MOST_ASKED_ABOUT:
        raise RoleHeldByTooMany(users=users, most=MOST_ASKED_ABOUT)
    instead = replacement.id if replacement else None
    counting = _Counting(scope)
    for user in scope.store.users.each_with_role(role.id):
        after = replace(user, roles=_roles_without(user, role, instead))
        if objections := house_rules.role_objections(user, after, counting.others_than(user)):
            raise PluginObjects("replace_with" if replacement else "remove_from", objections)
        counting.change(user, after)


class _Counting:
    """Who has a role, counted once for each, then as if all that were asked about had changed."""

    def __init__(self, scope: AccountsScope) -> None:
        self._users = scope.store.users
        self._becoming = cache(scope.store.roles.becoming)
        self._held: dict[str, int] = {}
        self._gained: Counter[str] = Counter()

    def others_than(self, user: User) -> Callable[[str], int]:
        def others(role_id: str) -> int:
            counted = self._becoming(role_id)
            if role_id not in self._held:
                self._held[role_id] = self._users.count_active_with_role(*counted)
            own = user.status == "active" and not set(counted).isdisjoint(user.roles)
            return self._held[role_id] + self._gained[role_id] - own

        return others

    def change(self, before: User, after: User) -> None:
        if before.status == "active":
            self._gained.update(set(after.roles) - set(before.roles))


def _roles_without(user: User, role: Role, instead: str | None) -> tuple[str, ...]:
    kept = {one for one in user.roles if one != role.id}
    return tuple(sorted(kept | {instead} if instead else kept))


def _replacement(role: Role, replace_with: str | None, scope: AccountsScope) -> Role | None:
    if replace_with is None:
        return None
    if replace_with == role.id:
        raise ReplacementUnknown
    try:
        return scope.store.roles.get(replace_with)
    except NotFound as error:
        raise ReplacementUnknown from error


def _take_from(user_id: str, role: Role, scope: AccountsScope) -> None:
    for _ in range(_TRIES):
        user = scope.store.users.find(user_id)
        if user is None or role.id not in user.roles:
            return
        try:
            _save_without(user, role, scope)
        except Stale:
            continue
        return
    raise Unavailable


def _save_without(user: User, role: Role, scope: AccountsScope) -> None:
    here = HouseRules(scope).house
    instead = role.going.replace_with if role.going else None
    roles = _roles_without(user, role, instead if instead in here.roles else None)
    # What else the user has is not our question.
    anything = replace(here, roles=here.roles.union(roles))
    decision = user_rules.edit(user, {"roles": roles}, anything, scope.cause(SOURCE))
    scope.store.users.save(decision, user, scope.now)


def _decide(
    role_id: str,
    scope: AccountsScope,
    expected: int | None,
    decide: Callable[[Role], RoleDecision],
) -> Role:
    for _ in range(_TRIES):
        role = scope.store.roles.get(role_id)
        if expected is not None and expected != role.version:
            raise Stale
        try:
            return scope.store.roles.save(decide(role), role, scope.now)
        except Stale:
            if expected is not None:
                raise
    raise Unavailable
