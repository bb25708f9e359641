"""Deleting users for ever, and seeing to it that they are erased everywhere (R60-R63)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from staffroll.errors import NotFound, Stale, Unavailable
from staffroll.events import Event
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions.passwords import check_may_act_for
from staffroll_accounts.actions.users import count_if_admin
from staffroll_accounts.domain import deletion as rules
from staffroll_accounts.domain.deletion import SERVICES, Erasure, Losses
from staffroll_accounts.domain.imports import KIND as IMPORT
from staffroll_accounts.domain.imports import email_digest
from staffroll_accounts.domain.users import SOURCE, User, public_state
from staffroll_accounts.store.tombstones import Untold

_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class ErasurePage:
    """Some erasures in order, how many there are in all, and where more follow."""

    erasures: list[Erasure]
    total: int
    end: tuple[datetime, str] | None


def preview(user_id: str, scope: AccountsScope, *, expected: int | None) -> Losses:
    """What would be lost with the user.

    Raises:
        NotFound, Stale, AccountNotYours: As `delete`.
    """
    user = _found(user_id, scope, expected)
    sessions = scope.store.sessions.of_user(user_id, user.security.session_epoch, scope.now)
    return rules.losses(user, len(sessions))


def delete(user_id: str, scope: AccountsScope, *, expected: int | None) -> None:
    """Replace the user by a tombstone; every service learns of it by ``user.deleted``.

    Args:
        expected: The version that the actor saw; None for any.
    Raises:
        NotFound, Stale.
        AccountNotYours: The user may do what the actor may not (R72).
        LastAdmin: The tenant would have none (R16).
        Unavailable: Too many edit the user at this very moment.
    """
    for _ in range(_TRIES):
        user = _found(user_id, scope, expected)
        try:
            _delete(user, scope)
        except Stale:
            if expected is not None:
                raise
        else:
            erase(user_id, scope)
            return
    raise Unavailable


def _found(user_id: str, scope: AccountsScope, expected: int | None) -> User:
    user = scope.store.users.get(user_id)
    if expected is not None and expected != user.version:
        raise Stale
    check_may_act_for(user, scope)
    return user


def _delete(user: User, scope: AccountsScope) -> None:
    decision = rules.delete(user, scope.cause(SOURCE))
    # First: an import that still finds the user takes them for known, not for new.
    scope.store.jobs.keep_out(IMPORT, email_digest(user.email))
    if not user.is_admin:
        scope.store.tombstones.put(decision, user, scope.now)
        return
    scope.store.tenants.remove_admin(user.id)
    try:
        scope.store.tombstones.put(decision, user, scope.now)
    finally:
        # Where the user is still there, whyever: an admin is counted as one.
        count_if_admin(user.id, scope)


def erase(user_id: str, scope: AccountsScope) -> None:
    """Forget what stands of a deleted user outside of their tombstone; repeating is harmless."""
    scope.store.sessions.erase(user_id)
    scope.store.refusals.erase(user_id)
    scope.store.deliveries.erase(user_id)


def give_receipt(user_id: str, scope: AccountsScope) -> None:
    """Say that nothing personal of a deleted user is left in accounts (R62)."""
    user = scope.store.users.find(user_id)
    if user is not None and user.status == "deleted":
        event = rules.receipt(user_id, user.version, scope.cause(SOURCE))
        scope.store.tombstones.give_receipt(user_id, event, scope.now)


def hear_receipt(user_id: str, service: str, at: datetime, scope: AccountsScope) -> None:
    """Note that `service` has erased what it had of the user; others than ours are ignored."""
    if service in SERVICES:
        scope.store.tombstones.receive(user_id, service, at)


def tell_again(due: Untold, scope: AccountsScope, pause: timedelta) -> None:
    """Tell a deletion again to the services whose receipt is missing."""
    user = scope.store.users.find(due.user_id)
    if user is None or user.status != "deleted":
        return
    cause = scope.cause(SOURCE)

    def again() -> Event:
        event = cause.event("user.deleted", user.id, user.version, public_state(user))
        return replace(event, replay=True)

    events = {name: again() for name in due.missing if name != SOURCE and due.told}
    scope.store.tombstones.tell_again(due, events, scope.now, pause)


def find_erasure(user_id: str, scope: AccountsScope) -> Erasure:
    """Raises `NotFound` where the user was not deleted, or never there."""
    erasure = scope.store.tombstones.find(user_id)
    if erasure is None:
        raise NotFound
    return erasure


def find_erasures(
    scope: AccountsScope,
    *,
    is_complete: bool | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> ErasurePage:
    """The erasures of the tenant, the oldest first."""
    found, total, has_more = scope.store.tombstones.page(
        is_complete=is_complete, after=after, limit=limit
    )
    end = (found[-1].deleted_at, found[-1].user_id) if has_more else None
    return ErasurePage(found, total, end)
