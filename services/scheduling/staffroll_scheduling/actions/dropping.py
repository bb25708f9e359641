"""Shifts that go with a leave date (R51) or with their employee (R61): step by step, resumable.

That they go is decided in the write that sets the leave date, or the tombstone; from then on
nobody is shown them. What is left to do is found by that decision, and done by any number of
processes, as often as it takes: weeks are rewritten as they were read, and only those that no
later version of the employee wrote.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from operator import itemgetter
from typing import Final

from staffroll import clock
from staffroll.errors import OutboxFull, Stale
from staffroll.mongo.erasing import Due
from staffroll.records import own_changed
from staffroll.rounds import Rounds
from staffroll.scope import Actor, Scope
from staffroll_scheduling.domain.employees import RULES, SOURCE, Employee
from staffroll_scheduling.domain.membership import start_of
from staffroll_scheduling.domain.shifts import after_drop, kept_after_drop
from staffroll_scheduling.here import SchedulingHere
from staffroll_scheduling.store import Store
from staffroll_scheduling.store.weeks import everywhere_to_drop, everywhere_unapplied

AT_ONCE: Final = 100
"""Weeks that one request rewrites; what is left, a chore does."""

_CHUNK: Final = 20
_TRIES: Final = 10
_EMPLOYEES_AT_ONCE: Final = 200


def finish_drop(employee_id: str, scope: Scope[Store], *, most: int = AT_ONCE) -> bool:
    """Remove what is to go with a leave date; whether nothing of it is left.

    Args:
        most: How many weeks are rewritten now, about.
    """
    store = scope.store
    for _ in range(_TRIES):
        record = store.records.find(employee_id)
        if record is None or record.own.drop_shifts_from is None:
            return True
        since = _start(record, record.own.drop_shifts_from)
        most -= _rewrite(record, since, scope, most)
        if most <= 0:
            return False
        ahead = store.weeks.count_after(record.id, scope.now)
        own = after_drop(record.own, ahead, scope.now)
        done = own_changed(record, own, RULES, scope.cause(SOURCE), action="shifts.dropped")
        with suppress(Stale):
            store.records.save(record, done, scope.now)
            return True
    return False


def count_from(record: Employee, day: date, scope: Scope[Store]) -> int:
    """How many shifts of the employee start on or after `day` in their zone."""
    scope.store.weeks.apply_waiting(record.id)
    since = _start(record, day)
    weeks = scope.store.weeks.of_employee(record.id, since=since)
    return sum(shift.start >= since for week in weeks for shift in week.shifts)


def finish_drops(here: SchedulingHere) -> Rounds[tuple[str, str]]:
    """Goes on with what requests or other processes have left of leave dates."""

    def finish(one: tuple[str, str]) -> None:
        tenant_id, employee_id = one
        finish_drop(employee_id, _own_scope(here, tenant_id))

    return Rounds(
        lambda without: everywhere_to_drop(here.runtime, _EMPLOYEES_AT_ONCE, without),
        itemgetter(1),
        finish,
        "shifts_not_dropped",
        (OutboxFull,),
    )


def apply_unapplied(here: SchedulingHere) -> Rounds[tuple[str, str]]:
    """Brings decided changes into their weeks where a process was killed before."""

    def apply(one: tuple[str, str]) -> None:
        tenant_id, employee_id = one
        here.store(tenant_id).weeks.apply_waiting(employee_id)

    return Rounds(
        lambda without: everywhere_unapplied(here.runtime, _EMPLOYEES_AT_ONCE, without),
        itemgetter(1),
        apply,
        "shifts_not_applied",
    )


def clear_shifts_of(due: Due, here: SchedulingHere) -> bool:
    """The step of an erasure that removes current and future shifts and empties the notes of
    past ones; whether nothing is left. Source: R61."""
    scope = _own_scope(here, due.tenant_id)
    record = scope.store.records.find(due.user_id)
    if record is None or not record.followed.is_deleted:
        return True
    return _rewrite(record, record.erasing_since or due.since, scope, AT_ONCE) < AT_ONCE


def _rewrite(record: Employee, since: datetime, scope: Scope[Store], most: int) -> int:
    """Rewrite weeks until none is left, or about `most` are done; how many were."""
    weeks, done = scope.store.weeks, 0
    weeks.apply_waiting(record.id)
    while done < most and (found := weeks.to_clear(record, since, _CHUNK)):
        for week in found:
            kept = kept_after_drop(record, week.shifts)
            weeks.rewrite(week, kept, record.revision, scope.now)
        done += len(found)
    return done


def _start(record: Employee, day: date) -> datetime:
    return start_of(day, record.followed.user.time_zone)


def _own_scope(here: SchedulingHere, tenant_id: str) -> Scope[Store]:
    return Scope(tenant_id, Actor.system(SOURCE), here.store(tenant_id), clock.now())
