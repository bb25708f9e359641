"""What an identity provider wants of users and roles: by the same rules as everybody."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from staffroll.errors import NotFound, Stale, Unavailable
from staffroll_accounts.actions import AccountsScope, deletion, roles, users
from staffroll_accounts.actions.passwords import check_may_act_for, checked
from staffroll_accounts.domain import memberships as membership_rules
from staffroll_accounts.domain import password_changes as password_rules
from staffroll_accounts.domain.errors import LastAdmin, OwnPasswordElsewhere, RoleInUse
from staffroll_accounts.domain.users import SOURCE, Decision, User
from staffroll_accounts.passwords import Passwords

_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class Changes:
    """What is wished of a user; None stays as it is.

    Attributes:
        fields: As for `users.edit`.
        active: Whether a staff membership is to run.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    active: bool | None = None
    password: str | None = field(default=None, repr=False)


def edit(
    user_id: str,
    changes: Changes,
    scope: AccountsScope,
    passwords: Passwords,
    *,
    expected: int | None,
    pause: timedelta,
) -> User:
    """The user after `changes`: all of them in one write, or none.

    Whether the user is active is scheduling's to say, who is asked for it. Who is to leave is
    out at once all the same. For that it does not matter what they may, nor where: a staff
    membership gives nobody anything, and planning units limit nothing in accounts (R72, R73).

    Args:
        expected: The version that the client saw; None for any.
        pause: After which scheduling is asked again.
    Raises:
        As `users.edit`, and `PasswordRefused`.
        OwnPasswordElsewhere: It is the actor's own.
        AccountNotYours: A password of somebody who may do more than the actor (R72).
        StepUpNeeded: A password, in a session, without having entered one's own lately.
        LastAdmin: The tenant would have none (R16).
    """
    new = None
    if changes.password is not None:
        if user_id == scope.actor.id:
            raise OwnPasswordElsewhere
        _check_fresh_in_session(scope)
        user = scope.store.users.get(user_id)
        check_may_act_for(user, scope)
        new = checked(changes.password, user, scope, passwords)

    def further(decided: Decision) -> Decision:
        cause = scope.cause(SOURCE)
        if new is not None:
            check_may_act_for(decided.user, scope)
            later = password_rules.set_by_admin(decided.user, new, cause, must_change=False)
            decided = decided.followed_by(later)
        if changes.active is None:
            return decided
        if not changes.active:
            _check_not_last_admin(decided.user, scope)
        later = membership_rules.wish(decided.user, active=changes.active, cause=cause, pause=pause)
        return decided.followed_by(later)

    return users.edit(user_id, changes.fields, scope, expected=expected, further=further)


def delete_user(user_id: str, scope: AccountsScope, *, expected: int | None) -> None:
    """The user is deleted, for ever (R61).

    Raises:
        As `deletion.delete`.
        StepUpNeeded: In a session, without having entered one's password lately.
    """
    _check_fresh_in_session(scope)
    deletion.delete(user_id, scope, expected=expected)


def change_holders(
    role_id: str, gained: Collection[str], lost: Collection[str], scope: AccountsScope
) -> None:
    """Some users get a role, others lose it; each is a write of its own, and repeating is
    harmless.

    Raises:
        As `users.edit`; nobody has got the role then who was not to have it.
        NotFound: Somebody who is to get it is not there; nothing was changed.
    """
    if gained and set(gained) - scope.store.provisioned.roles_of(gained).keys():
        raise NotFound
    for user_id in sorted(gained):
        _change_roles(user_id, scope, add=role_id)
    for user_id in sorted(lost):
        try:
            _change_roles(user_id, scope, remove=role_id)
        except NotFound:
            continue  # deleted at this very moment


def delete_role(role_id: str, scope: AccountsScope) -> None:
    """The role is taken from whoever has it, and is no more.

    Raises:
        NotFound.
        DefaultRoleStays: It can only be reset.
        Unavailable: Users get it at this very moment.
    """
    for _ in range(_TRIES):
        holders = scope.store.users.count_with_role(role_id)
        try:
            roles.delete(role_id, scope, replace_with=None, remove_from=holders, expected=None)
        except RoleInUse:
            continue
        return
    raise Unavailable


def _check_fresh_in_session(scope: AccountsScope) -> None:
    # Whoever made a personal access token entered their password for that; a session may be one
    # that was left unattended.
    if scope.actor.session_id is not None:
        scope.check_fresh()


def _check_not_last_admin(user: User, scope: AccountsScope) -> None:
    # Two who leave at once are told apart where scheduling's answer is heard.
    if user.is_admin and not scope.store.tenants.admins() - {user.id}:
        raise LastAdmin


def _change_roles(
    user_id: str, scope: AccountsScope, *, add: str | None = None, remove: str | None = None
) -> None:
    for _ in range(_TRIES):
        user = scope.store.users.get(user_id)
        wanted = ({*user.roles} | ({add} if add else set())) - {remove}
        if wanted == {*user.roles}:
            return
        try:
            users.edit(user_id, {"roles": sorted(wanted)}, scope, expected=user.version)
        except Stale:
            continue
        return
    raise Unavailable
