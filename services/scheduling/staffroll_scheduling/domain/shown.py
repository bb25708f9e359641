"""Shifts as they are shown: with whose they are, where, and what is wrong with them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from staffroll_scheduling.domain.assignments import Assignment, NeededSkill
from staffroll_scheduling.domain.employees import Employee
from staffroll_scheduling.domain.membership import day_in
from staffroll_scheduling.domain.shifts import is_outside
from staffroll_scheduling.domain.weeks import Shift, anonymous

ANONYMOUS: Final = "***"
"""The name of who is deleted (R61)."""


@dataclass(frozen=True, slots=True)
class Around:
    """What of the catalogues is needed to show shifts.

    Attributes:
        zones: Of planning units, by id.
        needs: The skills that an activity asks for, by its id.
        house_zone: Where nobody's zone is known.
    """

    zones: Mapping[str, str]
    needs: Mapping[str, Iterable[NeededSkill]]
    house_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class ShownShift:
    """A shift, its employee, and the zone of the planning unit, or else theirs.

    Attributes:
        day: On which it starts, in that zone.
        is_outside: It lies outside every membership; such ones are only kept, not made (R51).
        lacks_skill: The employee has not all skills that the activity asks for, on that day.
    """

    shift: Shift
    employee: Employee
    time_zone: str
    day: date
    is_outside: bool
    lacks_skill: bool

    @property
    def version(self) -> int:
        return self.shift.version

    @property
    def start(self) -> datetime:
        return self.shift.start

    @property
    def employee_name(self) -> str:
        user = self.employee.followed.user
        if self.employee.followed.is_deleted:
            return ANONYMOUS
        return f"{user.first_name} {user.last_name}".strip()


def shown(shift: Shift, employee: Employee, around: Around) -> ShownShift:
    own, user = employee.own, employee.followed.user
    zone = shown_zone(employee, around)
    needed = around.needs.get(shift.activity_id or "", ())
    is_deleted = employee.followed.is_deleted
    return ShownShift(
        anonymous(shift) if is_deleted else shift,
        employee,
        time_zone=zone,
        day=day_in(zone, shift.start),
        is_outside=not is_deleted and is_outside(employee, shift.start),
        lacks_skill=not is_deleted
        and _lacks(own.assignments, needed, day_in(user.time_zone, shift.start)),
    )


def shown_zone(employee: Employee, around: Around) -> str:
    """The zone of the employee's first planning unit, or else their own."""
    units = employee.own.planning_units
    zones = (around.zones[unit] for unit in units if unit in around.zones)
    return next(zones, employee.followed.user.time_zone or around.house_zone)


def _lacks(assignments: Iterable[Assignment], needed: Iterable[NeededSkill], day: date) -> bool:
    levels = {
        one.target_id: one.level or 1
        for one in assignments
        if one.kind == "skill" and one.is_valid_on(day)
    }
    return any(levels.get(need.skill_id, 0) < need.level for need in needed)
