"""The use cases of shifts: each decided on the newest employee and written with it (R81)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from staffroll.audit import noted
from staffroll.errors import Conflict, Invalid, NotFound, Stale, Unavailable
from staffroll.followed import NotConfirmed
from staffroll.idempotency import Once
from staffroll.ids import new_id
from staffroll.mongo import AWAY
from staffroll.records import Decision, own_changed
from staffroll.scope import Scope
from staffroll_scheduling.actions.dropping import finish_drop
from staffroll_scheduling.actions.shift_lists import apply_all_waiting, shown_with
from staffroll_scheduling.domain import shifts as rules
from staffroll_scheduling.domain.employees import RULES, SOURCE, Employee, Employment
from staffroll_scheduling.domain.errors import EntryUnknown
from staffroll_scheduling.domain.shifts import Change, is_dropped, needed_weeks
from staffroll_scheduling.domain.shown import ShownShift
from staffroll_scheduling.domain.weeks import Shift, week_of
from staffroll_scheduling.store import Store

TRIES: Final = 100
"""How often a change of shifts that another one forestalled is decided anew."""

_PAUSE_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class NewShift:
    """What is wished of a new shift."""

    employee_id: str
    start: datetime
    end: datetime
    activity_id: str | None = None
    note: str = ""


def create(new: NewShift, scope: Scope[Store], once: Once | None = None) -> ShownShift:
    """A new shift; repeated with the same `once`, the one that it created.

    Raises:
        NotFound: There is no such employee.
        Invalid: Its times are none of a shift, or there is no such activity.
        NotConfirmed, OutsideMembership, ShiftOverlaps, WeekFull, IdempotencyKeyReused.
        DeletedMeanwhile: What the key created.
    """
    _check(new.start, new.end, new.activity_id, scope)

    def attempt(record: Employee) -> Attempt:
        earlier = _created_before(once, scope)
        if earlier is not None:
            return Attempt(Change(record.own, earlier))
        if once is not None:
            once.check_unspent(record.own.spent, scope.now)
        shift = Shift(
            id=new_id(),
            start=new.start,
            end=new.end,
            activity_id=new.activity_id,
            note=new.note,
            version=record.revision + 1,
            changed_at=scope.now,
            once=once.document(scope.now) if once else None,
        )
        weeks = scope.store.weeks.read(record.id, needed_weeks(new.start, new.end))
        try:
            return Attempt(rules.create(record, weeks, shift), "shift.created")
        except Conflict:
            # What stands in the way may be what the same request has created just now.
            if earlier := _created_before(once, scope):
                return Attempt(Change(record.own, earlier))
            raise

    return _changed(lambda: new.employee_id, scope, attempt)


def get(shift_id: str, scope: Scope[Store]) -> ShownShift:
    """Raises `NotFound`: also where its employee is out of reach (R73)."""
    record, shift = _located(shift_id, scope)
    return shown_with([(record, shift)], scope)[0]


def edit(
    shift_id: str, changes: Mapping[str, Any], scope: Scope[Store], *, expected: int | None
) -> ShownShift:
    """The shift with other times, another activity or note.

    Raises:
        NotFound, Stale, Invalid, NotConfirmed, OutsideMembership, ShiftOverlaps, WeekFull.
    """

    def attempt(record: Employee) -> Attempt:
        _, before = _located(shift_id, scope)
        start, end = changes.get("start", before.start), changes.get("end", before.end)
        # What an activity was, it may stay, though it is in no catalogue any more.
        activity_id = changes.get("activity_id")
        _check(start, end, None if activity_id == before.activity_id else activity_id, scope)
        names = {*needed_weeks(start, end), week_of(before.start)}
        weeks = scope.store.weeks.read(record.id, sorted(names))
        change = rules.edit(record, weeks, shift_id, changes, scope.now, expected)
        return Attempt(change, "shift.updated")

    return _changed(lambda: _located(shift_id, scope)[0].id, scope, attempt)


def delete(shift_id: str, scope: Scope[Store], *, expected: int | None) -> None:
    """Without the shift.

    Raises:
        NotFound, Stale, NotConfirmed.
    """

    def attempt(record: Employee) -> Attempt:
        _, before = _located(shift_id, scope)
        weeks = scope.store.weeks.read(record.id, [week_of(before.start)])
        change = rules.delete(record, weeks, shift_id, scope.now, expected)
        return Attempt(change, "shift.deleted")

    _changed(lambda: _located(shift_id, scope)[0].id, scope, attempt)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was decided on one version of the employee.

    Attributes:
        action: For the audit trail; None where nothing is to be written.
    """

    change: Change
    action: str | None = None


def _changed(
    employee_id: Callable[[], str],
    scope: Scope[Store],
    attempt: Callable[[Employee], Attempt],
) -> ShownShift:
    """What `attempt` decides on the newest employee, kept and applied; decided anew as often
    as somebody was quicker."""
    store = scope.store
    for nth in range(TRIES):
        record = store.records.get(employee_id())
        if record.followed.state != "confirmed":
            raise NotConfirmed
        if record.own.drop_shifts_from is not None:
            # What is to go must not stand in the way, nor take along what comes now.
            if not finish_drop(record.id, scope):
                raise Unavailable
            continue
        store.weeks.apply_waiting(record.id)
        decided = attempt(record)
        # Before anything is kept: what fails now has changed nothing.
        (answer,) = shown_with([(record, decided.change.shift)], scope)
        if decided.action is None or decided.change.own == record.own:
            return answer
        try:
            store.records.save(record, _decision(record, decided, scope), scope.now)
        except Stale:
            # Else all who were too late would be at it again at the same moment.
            time.sleep(random.uniform(0, _PAUSE_SECONDS * min(1, nth / 5)))  # noqa: S311
            continue
        with suppress(*AWAY):  # it is decided and kept; a chore applies it later
            store.weeks.apply_waiting(record.id)
        return answer
    raise Unavailable


def _decision(record: Employee, decided: Attempt, scope: Scope[Store]) -> Decision[Employment]:
    cause, change = scope.cause(SOURCE), decided.change
    decision = own_changed(record, change.own, RULES, cause)
    where = f"shifts.{change.shift.id}"
    names = [f"{where}.{name}" for name in change.changed] or [where]
    return replace(decision, audit=(noted(cause, str(decided.action), record.id, names),))


def _created_before(once: Once | None, scope: Scope[Store]) -> Shift | None:
    found = scope.store.weeks.find_once(once) if once is not None else None
    if once is None or found is None:
        return None
    shift = found[1]
    return shift if once.is_repeated_by(shift.once or {}, scope.now) else None


def _located(shift_id: str, scope: Scope[Store]) -> tuple[Employee, Shift]:
    """The shift and whose it is, tombstones included.

    Raises:
        NotFound.
    """
    weeks = scope.store.weeks
    week = weeks.week_of_shift(shift_id)
    if week is None:
        apply_all_waiting(scope)
        week = weeks.week_of_shift(shift_id)
    record = scope.store.records.find(week.employee_id) if week else None
    if record is None:
        raise NotFound
    weeks.apply_waiting(record.id)
    week = weeks.week_of_shift(shift_id)
    shift = next((one for one in week.shifts if one.id == shift_id), None) if week else None
    if shift is None or is_dropped(record, shift):
        raise NotFound
    return record, shift


def _check(start: datetime, end: datetime, activity_id: str | None, scope: Scope[Store]) -> None:
    problems = rules.time_problems(start, end)
    if problems:
        raise Invalid(errors=problems)
    if activity_id is not None and not scope.store.catalogues.of("activity").some([activity_id]):
        raise EntryUnknown("activity_id")
