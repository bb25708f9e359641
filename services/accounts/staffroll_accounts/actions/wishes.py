"""What other services wish of accounts: new users and changes, answered by events.

A wish that is granted is remembered by the user itself, one that is refused in
`Refusals`; so a repeat hears the same answer, whenever it comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from staffroll.errors import Conflict, Forbidden, NotFound, StaffrollError, Stale, Unavailable
from staffroll.events import RequestRejected, UserChangeWish, UserWish
from staffroll.plugins.errors import PluginFailed, PluginMissing
from staffroll.scope import SYSTEM_PREFIX, Actor, StepUpNeeded
from staffroll_accounts.actions import AccountsScope, deletion
from staffroll_accounts.actions.house_rules import HouseRules
from staffroll_accounts.actions.passwords import check_may_move_mailbox
from staffroll_accounts.actions.users import decide_creation
from staffroll_accounts.domain import roles as role_rules
from staffroll_accounts.domain import users as rules
from staffroll_accounts.domain.errors import EmailElsewhere
from staffroll_accounts.domain.roles import AGENT
from staffroll_accounts.domain.users import SOURCE, NewUser, User
from staffroll_accounts.store import UserExists

_EDITABLE: Final = frozenset({"first_name", "last_name", "email", "language", "time_zone"})
_TRIES: Final = 5
_DELETE: Final = "accounts.users:delete"
_EDIT: Final = "accounts.users:edit"


def create_user(user_id: str, wish: UserWish, scope: AccountsScope, source: str) -> None:
    """Make the user that `source` wishes under `user_id`, or refuse and say why (R2, R4)."""
    if _answered_before(user_id, wish.attempt, scope):
        return
    roles = wish.roles
    if roles is None:
        agent = scope.store.roles.default_of(AGENT)
        roles = [agent.id] if agent else []
    new = NewUser(
        last_name=wish.last_name,
        first_name=wish.first_name,
        email=wish.email,
        language=wish.language,
        time_zone=wish.time_zone,
        roles=tuple(roles),
    )
    try:
        _check_gives_no_more(wish.roles or [], scope)
        house_rules = HouseRules(scope)
        with house_rules.turn:
            decision = decide_creation(
                new, user_id, scope, house_rules, created_in=source, active=wish.active
            )
            scope.store.users.insert(decision, scope.now)
    except UserExists:
        if scope.store.users.find(user_id) is None:
            # Another tenant has this id; silence would be asked about for ever.
            _refuse(user_id, wish.attempt, Conflict(), scope)
        else:
            _tell_again(user_id, scope)
    except (PluginFailed, PluginMissing) as error:
        # Refused rather than tried again: that might be for days, before everybody else's wishes.
        _refuse(user_id, wish.attempt, error, scope)
    except Unavailable:
        raise
    except StaffrollError as error:
        _refuse(user_id, wish.attempt, error, scope)


def change_user(user_id: str, wish: UserChangeWish, scope: AccountsScope) -> None:
    """Change the user as wished, or refuse and say why.

    A field that somebody changed since the wisher read it is not overwritten.
    """
    if _answered_before(user_id, wish.attempt, scope):
        return
    changes = {name: value for name, value in wish.fields.items() if name in _EDITABLE}
    for _ in range(_TRIES):
        user = scope.store.users.find(user_id)
        try:
            if user is None or user.status == "deleted":
                raise NotFound
            if scope.request_id in user.applied_requests:
                _tell_again(user_id, scope)
                return
            rules.check_not_changed_since(user, sorted(changes), wish.base_version)
            if changes.get("email", user.email) != user.email:
                _check_may_move_mailbox(user, scope)
            decision = rules.edit(user, changes, HouseRules(scope).house, scope.cause(SOURCE))
            scope.store.users.save(decision, user, scope.now)
        except Stale as error:
            if error.errors:
                _refuse(user_id, wish.attempt, error, scope)
                return
        except Unavailable:
            raise
        except StaffrollError as error:
            _refuse(user_id, wish.attempt, error, scope)
            return
        else:
            return
    raise Unavailable


def delete_user(user_id: str, attempt: int, scope: AccountsScope) -> None:
    """Delete the user as wished, or refuse and say why (R63); once deleted, say so again."""
    if _answered_before(user_id, attempt, scope):
        return
    user = scope.store.users.find(user_id)
    if user is not None and user.status == "deleted":
        _tell_again(user_id, scope)
        return
    try:
        if user is None:
            raise NotFound
        asker = _with_own_rights(scope)
        if not asker.actor.may(_DELETE):
            raise Forbidden(permission=_DELETE)
        deletion.delete(user_id, asker, expected=None)
    except Unavailable:
        raise
    except StaffrollError as error:
        _refuse(user_id, attempt, error, scope)


def _with_own_rights(scope: AccountsScope) -> AccountsScope:
    """The scope with what accounts knows that whoever wishes may do: all, for our commands;
    nothing, for who is not active here."""
    id_ = scope.actor.id
    if id_.startswith(SYSTEM_PREFIX):
        return scope
    standing = scope.store.standing(id_)
    if standing is None or not standing.is_active:
        return replace(scope, actor=Actor(id_))
    return replace(scope, actor=Actor.standing(id_, standing))


def _check_may_move_mailbox(user: User, scope: AccountsScope) -> None:
    """Nothing, where accounts would let whoever wishes give the user another e-mail address.

    Raises:
        Forbidden: They may not edit users (R15).
        AccountNotYours: The user may do more than they (R72).
        EmailElsewhere: A password would be asked for again (R17): a wish does not say when its
            actor entered theirs.
    """
    asker = _with_own_rights(scope)
    if not asker.actor.may(_EDIT):
        raise Forbidden(permission=_EDIT)
    try:
        check_may_move_mailbox(user, asker)
    except StepUpNeeded as error:
        raise EmailElsewhere from error


def _check_gives_no_more(role_ids: Sequence[str], scope: AccountsScope) -> None:
    """Whoever wishes is judged here again, by what accounts knows of them (R72).

    Raises:
        RoleNotYours: They lack what one of the roles allows.
    """
    if role_ids:
        given = scope.store.roles.some(role_ids)
        role_rules.check_no_escalation(_with_own_rights(scope).actor, given, admin_changes=False)


def _answered_before(user_id: str, attempt: int, scope: AccountsScope) -> bool:
    """Whether this attempt, or a later one, was refused already; says so again if it was this."""
    if scope.request_id is None:
        return False
    refusal = scope.store.refusals.find(scope.request_id)
    if refusal is None or refusal.attempt < attempt:
        return False
    if refusal.attempt == attempt:
        _say(user_id, refusal, scope)
    return True


def _refuse(user_id: str, attempt: int, error: StaffrollError, scope: AccountsScope) -> None:
    errors = {
        name: [{"code": item.code, "detail": item.text()} for item in items]
        for name, items in error.errors.items()
    }
    rejection = RequestRejected(
        attempt=attempt, code=error.code, detail=error.detail, errors=errors
    )
    _say(user_id, rejection, scope)


def _say(user_id: str, rejection: RequestRejected, scope: AccountsScope) -> None:
    event = scope.cause(SOURCE).event("request.rejected", user_id, rejection.attempt, rejection)
    scope.store.refusals.say(scope.request_id or user_id, rejection, event, scope.now)


def _tell_again(user_id: str, scope: AccountsScope) -> None:
    scope.store.users.tell_again(user_id, scope.cause(SOURCE), scope.now)
