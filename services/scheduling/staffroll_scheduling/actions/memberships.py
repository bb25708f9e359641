"""Staff membership of one employee: shown, begun, changed (R50-R53)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from staffroll.errors import NotFound, Unavailable
from staffroll.followed import NotConfirmed
from staffroll.idempotency import Once
from staffroll.mongo import AWAY
from staffroll.records import Decision, own_changed
from staffroll.scope import Scope
from staffroll_scheduling.actions.billing import close_before
from staffroll_scheduling.actions.changing import change
from staffroll_scheduling.actions.dropping import count_from, finish_drop
from staffroll_scheduling.domain import membership_changes as rules
from staffroll_scheduling.domain.employees import RULES, Employee, Employment, with_time_kept
from staffroll_scheduling.domain.membership import Membership, day_in, start_of
from staffroll_scheduling.domain.membership_changes import Changed, Dates
from staffroll_scheduling.store import Store


@dataclass(frozen=True, slots=True)
class Shown:
    """One membership, and the version of its employee."""

    membership: Membership
    version: int


def find_all(employee_id: str, scope: Scope[Store]) -> Employee:
    """The employee whose memberships are asked for.

    Raises:
        NotFound: There is no such employee, or out of the actor's reach (R73).
    """
    return scope.store.records.get(employee_id)


def begin(
    employee_id: str,
    join_date: date,
    scope: Scope[Store],
    once: Once | None = None,
    *,
    expected: int | None = None,
) -> Shown:
    """A new membership; repeated with the same `once`, the one that it began.

    Args:
        expected: The version that the editor saw; None for any.
    Raises:
        NotFound, NotConfirmed, Stale, OutboxFull: See `actions.changing`.
        IdempotencyKeyReused: The same key came with another body.
        Conflict: See `domain.membership_changes.begin`.
    """
    if once is not None:
        record = scope.store.records.get(employee_id)
        if (begun := _begun_by(once, record, scope.now)) is not None:
            return Shown(begun, record.version)

    def decide(record: Employee) -> Decision[Employment] | None:
        if _begun_by(once, record, scope.now) is not None:
            return None
        zone = record.followed.user.time_zone
        kept = once.document(scope.now) if once is not None else None
        begun = rules.begin(record.own, join_date, zone, scope.now, kept)
        close_before(start_of(join_date, zone), scope)
        return _decision(record, begun, scope)

    record = change(employee_id, scope, decide, expected=expected)
    return Shown(_begun_by(once, record, scope.now) or record.own.memberships[-1], record.version)


def change_newest(
    employee_id: str, wish: Dates, scope: Scope[Store], *, expected: int | None = None
) -> Shown:
    """The newest membership with other dates.

    Args:
        expected: The version that the editor saw; None for any.
    Raises:
        NotFound, NotConfirmed, Stale, OutboxFull: See `actions.changing`.
        Conflict, Invalid: See `domain.membership_changes.change`.
    """

    def decide(record: Employee) -> Decision[Employment] | None:
        zone = record.followed.user.time_zone
        count = partial(count_from, record, scope=scope)
        changed = rules.change(record.own, wish, zone, scope.now, count)
        for day in filter(None, wish.changes.values()):
            close_before(start_of(day, zone), scope)
        return _decision(record, changed, scope)

    record = change(employee_id, scope, decide, expected=expected)
    if wish.future_shifts == "delete":
        with suppress(*AWAY, Unavailable):  # it is decided and kept; a chore does the rest
            finish_drop(employee_id, scope)
            record = scope.store.records.get(employee_id)
    return Shown(record.own.memberships[-1], record.version)


def obey(employee_id: str, number: int, scope: Scope[Store], *, active: bool) -> None:
    """The membership as accounts wishes it with its wish `number`; shifts stay as they are.

    An employee who is not known yet, or not confirmed, is left alone: the wish comes again.
    """

    def decide(record: Employee) -> Decision[Employment] | None:
        zone = record.followed.user.time_zone
        changed = rules.obey(record.own, number, zone, scope.now, active=active)
        if changed.own.memberships != record.own.memberships:
            # Today may have begun before the month did, which is the tenant's.
            close_before(start_of(day_in(zone, scope.now), zone), scope)
        return _decision(record, changed, scope)

    with suppress(NotFound, NotConfirmed):
        change(employee_id, scope, decide)


def _begun_by(once: Once | None, record: Employee, now: datetime) -> Membership | None:
    for membership in record.own.memberships:
        kept: Mapping[str, Any] | None = membership.once
        if once is None or kept is None or kept["key"] != once.key:
            continue
        if once.is_repeated_by(kept, now):
            return membership
    return None


def _decision(
    record: Employee, changed: Changed, scope: Scope[Store]
) -> Decision[Employment] | None:
    if changed.own == record.own:
        return None
    own = changed.own
    if own.is_employed:
        own = with_time_kept(record, own, scope.now)
    return own_changed(
        record,
        own,
        RULES,
        scope.cause(RULES.name),
        says=changed.says,
        action=changed.says[-1] if changed.says else "membership.changed",
    )
