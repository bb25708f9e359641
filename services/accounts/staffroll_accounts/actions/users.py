"""Creating, reading, listing and editing users."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from staffroll.errors import FieldError, Stale, Unavailable
from staffroll.idempotency import Once, OnceUsed, created_before
from staffroll.ids import new_id
from staffroll.plugins.errors import PluginObjects
from staffroll.search import Term
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import passwords as own_passwords
from staffroll_accounts.actions.house_rules import HouseRules
from staffroll_accounts.domain import password_changes as password_rules
from staffroll_accounts.domain import roles as role_rules
from staffroll_accounts.domain import users as rules
from staffroll_accounts.domain.errors import EmailTaken
from staffroll_accounts.domain.roles import Role
from staffroll_accounts.domain.users import Decision, NewUser, User
from staffroll_accounts.passwords import Passwords

_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of a tab of the user list, and the counts of both tabs (R10)."""

    users: list[User]
    total: int
    end: tuple[str, str] | None
    billed: int
    unbilled: int


def create(
    new: NewUser,
    scope: AccountsScope,
    *,
    password: str | None = None,
    passwords: Passwords,
    invite: bool = False,
    active: bool = True,
    once: Once | None = None,
) -> User:
    """A new user; repeated with the same `once`, the one that it created.

    Args:
        password: Must keep the tenant's policy (R30).
        invite: Mail them a link with which to set a password.
        active: False where the staff membership begins later (R7).
    Raises:
        Invalid, RoleUnknown, EmailTaken: See `domain.users`.
        RoleNotYours: The actor gives more than they have, or a password to somebody who gets more
            from the organisation's plugins (R72).
        PluginFailed, PluginMissing: One cannot be asked.
        Unavailable: What the key created is being forgotten at this very moment, or others
            count who has a role.
    """
    if user := created_before(once, scope.store.users, scope.now):
        return user
    house_rules = HouseRules(scope)
    objections = house_rules.password_objections(password, new, passwords) if password else []
    try:
        with house_rules.turn:
            decision = decide_creation(
                new,
                new_id(),
                scope,
                house_rules,
                given=[] if scope.actor.is_admin else scope.store.roles.some(new.roles),
                invite=invite,
                objections={"password": objections} if objections else {},
                active=active,
            )
            if password is not None:
                # Whoever knows it is them, with the roles that the organisation's plugins add.
                given = () if scope.actor.is_admin else scope.store.roles.some(decision.user.roles)
                _check_may_give(scope, given, admin_changes=False)
                hashed = passwords.hash(password)
                security = replace(decision.user.security, password_hash=hashed)
                decision = replace(decision, user=replace(decision.user, security=security))
            user = scope.store.users.insert(decision, scope.now, once)
    except (OnceUsed, EmailTaken) as error:
        # The same request at the same moment has the same e-mail; which of the two indexes
        # refuses first is the database's choice.
        if earlier := created_before(once, scope.store.users, scope.now):
            return earlier
        if isinstance(error, OnceUsed):
            raise Unavailable from error
        raise
    if user.is_admin:
        count_if_admin(user.id, scope)
    return user


def decide_creation(
    new: NewUser,
    user_id: str,
    scope: AccountsScope,
    house_rules: HouseRules,
    *,
    given: Sequence[Role] = (),
    invite: bool = False,
    objections: Mapping[str, list[FieldError]] = MappingProxyType({}),
    created_in: str = rules.SOURCE,
    active: bool = True,
) -> Decision:
    """What a creation comes to, unless the e-mail is taken; nothing is kept yet.

    Args:
        given: The roles of `new`; for an admin they are not looked at.
        invite: As in `create`.
        objections: What is wrong already, so that all is said at once.
        created_in, active: As in `domain.users.create`.
    Raises:
        Invalid, RoleUnknown, RoleNotYours, StepUpNeeded, PluginFailed, PluginMissing: As `create`.
    """
    _check_may_give(scope, given, admin_changes=new.is_admin)
    new = replace(new, roles=house_rules.with_default_roles(new, created_in))
    found = dict(objections)
    if about_roles := house_rules.role_objections(None, new):
        found["roles"] = [*found.get("roles", ()), *about_roles]
    cause = scope.cause(rules.SOURCE)
    decision = rules.create(
        new,
        user_id,
        house_rules.house,
        cause,
        created_in=created_in,
        active=active,
        objections=found,
    )
    if not invite:
        return decision
    token = own_passwords.new_token(user_id, scope)
    return password_rules.with_invitation(decision, token, cause)


def get(user_id: str, scope: AccountsScope) -> User:
    """Raises `NotFound`."""
    return scope.store.users.get(user_id)


def find_tab(
    scope: AccountsScope,
    *,
    is_billed: bool,
    terms: tuple[Term, ...],
    roles: Sequence[str],
    after: tuple[str, str] | None,
    limit: int,
) -> Tab:
    """A page of the tab *Billed users* or *Unbilled users* (R10-R13)."""
    users = scope.store.users
    status = "active" if is_billed else "deactivated"
    found, total, end = users.page(
        status=status, terms=terms, roles=roles, after=after, limit=limit
    )
    is_whole = not terms and not roles
    return Tab(
        users=found,
        total=total,
        end=end,
        billed=total if is_whole and is_billed else users.count("active"),
        unbilled=total if is_whole and not is_billed else users.count("deactivated"),
    )


def edit(
    user_id: str,
    changes: Mapping[str, Any],
    scope: AccountsScope,
    *,
    expected: int | None,
    further: Callable[[Decision], Decision] = lambda decided: decided,
) -> User:
    """The user after `changes`.

    Args:
        expected: The version that the editor saw; None for any.
        further: What is decided besides, and kept in the same write.
    Raises:
        NotFound, Stale, EmailTaken, Invalid, RoleUnknown, RoleNotYours.
        AccountNotYours, StepUpNeeded: See `check_may_move_mailbox`; the latter also where
            admin access is given or taken.
        PluginObjects: To roles or admin access.
        PluginFailed, PluginMissing: One cannot be asked.
        Unavailable: Too many edit the user at this very moment.
    """
    for _ in range(_TRIES):
        user = scope.store.users.get(user_id)
        if expected is not None and expected != user.version:
            raise Stale
        try:
            return _edit(user, changes, scope, further)
        except Stale:
            # Who named no version minds nobody who was quicker: decide again on what is now.
            if expected is not None:
                raise
    raise Unavailable


def _edit(
    user: User,
    changes: Mapping[str, Any],
    scope: AccountsScope,
    further: Callable[[Decision], Decision],
) -> User:
    added = set(changes.get("roles", ())) - set(user.roles)
    admin_changes = "is_admin" in changes and changes["is_admin"] != user.is_admin
    _check_given(scope, sorted(added), admin_changes=admin_changes)
    if changes.get("email", user.email) != user.email:
        own_passwords.check_may_move_mailbox(user, scope)
    house_rules = HouseRules(scope)
    decision = rules.edit(user, changes, house_rules.house, scope.cause(rules.SOURCE))
    with house_rules.turn:
        if objections := house_rules.role_objections(user, decision.user):
            raise PluginObjects(
                "is_admin" if user.roles == decision.user.roles else "roles", objections
            )
        return _save_edited(user, further(decision), scope)


def _save_edited(user: User, decision: Decision, scope: AccountsScope) -> User:
    if decision.user.is_admin == user.is_admin:
        return scope.store.users.save(decision, user, scope.now)
    if user.is_admin:
        scope.store.tenants.remove_admin(user.id)
    try:
        return scope.store.users.save(decision, user, scope.now)
    finally:
        # Whether the save went well or not: who is an admin now is counted as one.
        count_if_admin(user.id, scope)


def count_if_admin(user_id: str, scope: AccountsScope) -> None:
    """Whoever is active and has admin access now is counted among the admins (R16)."""
    if not _is_active_admin(user_id, scope):
        return
    scope.store.tenants.add_admin(user_id)
    # Somebody may have taken it from them in between, and one counted too many is dangerous.
    if not _is_active_admin(user_id, scope):
        scope.store.tenants.forget_admin(user_id)


def _is_active_admin(user_id: str, scope: AccountsScope) -> bool:
    user = scope.store.users.find(user_id)
    return user is not None and user.is_admin and user.status == "active"


def _check_given(scope: AccountsScope, role_ids: Sequence[str], *, admin_changes: bool) -> None:
    given = [] if scope.actor.is_admin else scope.store.roles.some(role_ids)
    _check_may_give(scope, given, admin_changes=admin_changes)


def _check_may_give(scope: AccountsScope, given: Sequence[Role], *, admin_changes: bool) -> None:
    if not scope.actor.is_admin:
        role_rules.check_no_escalation(scope.actor, given, admin_changes=admin_changes)
    if admin_changes:
        scope.check_fresh()
