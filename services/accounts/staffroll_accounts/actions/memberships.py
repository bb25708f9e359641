"""Staff memberships: wished of scheduling, and followed by users, who are deactivated and
reactivated by them (R16, R50-R52)."""

from __future__ import annotations

from typing import Final

from staffroll.errors import Stale, Unavailable
from staffroll.events import EmployeeState
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions.users import count_if_admin
from staffroll_accounts.domain import memberships as rules
from staffroll_accounts.domain.errors import LastAdmin
from staffroll_accounts.domain.users import SOURCE, Decision, User

_TRIES: Final = 10


def follow(user_id: str, sequence: int, employee: EmployeeState, scope: AccountsScope) -> None:
    """The user as scheduling's version `sequence` of the employee wants them.

    Old news, and news of nobody, change nothing; exactly one event tells of each real change.
    The last admin stays active until there is another, and is deactivated then.

    Raises:
        Unavailable: Too many change the user at this very moment.
    """
    for _ in range(_TRIES):
        before = scope.store.users.find(user_id)
        if before is None:
            return
        heard = rules.hear(before, sequence, employee, scope.cause(SOURCE))
        if heard is None:
            return
        try:
            _settle(before, heard, scope)
        except Stale:
            continue
        return
    raise Unavailable


def wish_again(user_id: str, scope: AccountsScope) -> None:
    """Send the wish about the user's membership once more, if it is due.

    Raises:
        Stale: Somebody changed the user at this very moment.
        OutboxFull: Too much waits for the broker.
    """
    user = scope.store.users.find(user_id)
    if user is not None and user.status != "deleted":
        scope.store.users.save(rules.wish_again(user, scope.cause(SOURCE)), user, scope.now)


def settle(user_id: str, scope: AccountsScope) -> None:
    """Deactivate a user who was kept as the last admin, if there is another one now (R16).

    Raises:
        Stale: Somebody changed the user at this very moment.
    """
    user = scope.store.users.find(user_id)
    if user is not None and rules.is_leaving(user):
        _settle(user, user, scope)


def _settle(before: User, heard: User, scope: AccountsScope) -> None:
    cause = scope.cause(SOURCE)
    if rules.is_leaving(heard):
        _deactivate(before, heard, scope)
    elif rules.is_returning(heard):
        scope.store.users.save(rules.reactivate(heard, cause), before, scope.now)
        if heard.is_admin:
            count_if_admin(heard.id, scope)
    else:
        scope.store.users.save(Decision(heard), before, scope.now)


def _deactivate(before: User, heard: User, scope: AccountsScope) -> None:
    decision = rules.deactivate(heard, scope.cause(SOURCE))
    if not heard.is_admin:
        scope.store.users.save(decision, before, scope.now)
        return
    try:
        # Decided in the tenant first, so that of two admins who leave at once one stays.
        scope.store.tenants.remove_admin(heard.id)
    except LastAdmin:
        scope.store.users.save(Decision(heard), before, scope.now)
        return
    try:
        scope.store.users.save(decision, before, scope.now)
    finally:
        count_if_admin(heard.id, scope)
