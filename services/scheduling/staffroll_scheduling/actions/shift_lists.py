"""Showing and listing shifts, with what is decided and not applied yet (R81, R73)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from staffroll.mongo.lists import Facet
from staffroll.scope import Scope
from staffroll_scheduling.domain.catalogue import PlanningUnit
from staffroll_scheduling.domain.employees import Employee
from staffroll_scheduling.domain.errors import RangeTooLong
from staffroll_scheduling.domain.shifts import is_dropped
from staffroll_scheduling.domain.shown import Around, ShownShift, shown, shown_zone
from staffroll_scheduling.domain.weeks import Shift
from staffroll_scheduling.store import UNITS, Store
from staffroll_scheduling.store.shift_lists import Position, Whose

LONGEST_RANGE: Final = timedelta(days=62)

_FIRST_WINDOW: Final = timedelta(hours=1)
_WAITING_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class ShiftFilter:
    """Which shifts are asked for: those that start in [start, end).

    Attributes:
        planning_unit: In which the employee is now.
    """

    start: datetime
    end: datetime
    employee_id: str | None = None
    planning_unit: str | None = None


@dataclass(frozen=True, slots=True)
class ShiftPage:
    """Some shifts in order, how many there are in all, and where more follow."""

    shifts: list[ShownShift]
    total: int
    end: Position | None


def find_page(
    wanted: ShiftFilter, scope: Scope[Store], *, after: Position | None, limit: int
) -> ShiftPage:
    """A page of shifts by start and id, of employees within reach.

    Raises:
        RangeTooLong.
    """
    if not timedelta(0) < wanted.end - wanted.start <= LONGEST_RANGE:
        raise RangeTooLong(days=LONGEST_RANGE.days)
    apply_all_waiting(scope)
    unit = Facet(UNITS, (wanted.planning_unit,)) if wanted.planning_unit is not None else None
    whose = scope.store.shifts.whose(unit, wanted.employee_id)
    if whose.is_nobody:
        return ShiftPage([], 0, None)
    found = _starting(wanted, whose, scope, after, limit + 1)
    total = scope.store.shifts.count(wanted.start, wanted.end, whose)
    records = scope.store.records.some({employee_id for employee_id, _ in found})
    page = found[:limit]
    return ShiftPage(
        shown_with(
            [
                (records[employee_id], shift)
                for employee_id, shift in page
                if employee_id in records and not is_dropped(records[employee_id], shift)
            ],
            scope,
        ),
        total,
        page[-1][1].order if len(found) > limit else None,
    )


def apply_all_waiting(scope: Scope[Store]) -> None:
    """Apply what is decided and not in its week yet: after a crash, or at this very moment."""
    for employee_id in scope.store.weeks.waiting(_WAITING_AT_ONCE):
        scope.store.weeks.apply_waiting(employee_id)


def _starting(
    wanted: ShiftFilter,
    whose: Whose,
    scope: Scope[Store],
    after: Position | None,
    limit: int,
) -> list[tuple[str, Shift]]:
    """The first `limit` shifts after a position, with their employees' ids.

    Read in windows that double until there are enough: so a page costs about what is on it,
    however much the range holds.
    """
    found: list[tuple[str, Shift]] = []
    begin = max(wanted.start, after[0]) if after else wanted.start
    window = _FIRST_WINDOW
    while begin < wanted.end and len(found) < limit:
        until = min(begin + window, wanted.end)
        found += scope.store.shifts.starting(
            begin, until, whose, after=after, limit=limit - len(found)
        )
        begin, window = until, 2 * window
    return found


def shown_with(found: Iterable[tuple[Employee, Shift]], scope: Scope[Store]) -> list[ShownShift]:
    """Shifts with what is shown of their employees, in the same order."""
    found = list(found)
    around = _around((record for record, _ in found), (shift for _, shift in found), scope)
    return [shown(shift, record, around) for record, shift in found]


def zone_of(record: Employee, scope: Scope[Store]) -> str:
    """The time zone in which the employee's shifts are shown, also where there are none."""
    return shown_zone(record, _around([record], [], scope))


def _around(records: Iterable[Employee], found: Iterable[Shift], scope: Scope[Store]) -> Around:
    catalogues, directory = scope.store.catalogues, scope.store.directory
    units = {unit for record in records for unit in record.own.planning_units}
    activities = {shift.activity_id for shift in found if shift.activity_id}
    known = catalogues.of("planning_unit").some(units) if units else {}
    zones = {id_: unit.time_zone for id_, unit in known.items() if isinstance(unit, PlanningUnit)}
    return Around(
        zones,
        catalogues.needs(activities) if activities else {},
        directory.house().time_zone,
    )
