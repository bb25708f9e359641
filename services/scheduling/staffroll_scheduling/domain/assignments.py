"""What an employee is given out of the catalogues, and when: pure rules (R80).

An assignment is valid from a day up to another, which is the first without it, as leave
dates are. Days are days in the employee's time zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal

from staffroll.errors import NotFound
from staffroll_scheduling.domain.errors import (
    Overlap,
    PeriodEmpty,
    PriorityOneNeeded,
    SkillMissing,
    TooManyAssignments,
)

Kind = Literal["contract", "skill", "activity", "planning_unit"]

ASSIGNMENTS_MAX: Final = 500
"""Of one employee, of all kinds, ended ones included; they lie in one document."""

PRIORITY_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Assignment:
    """One thing that an employee has for a time.

    Attributes:
        target_id: What of the catalogue it is.
        valid_to: The first day without; None while it is open.
        level: Of skills, from 1 (the lowest).
        priority: Of planning units, 1 (the first) to 100.
        id: Of the assignment.
        once: The Idempotency-Key that made it, as kept; None without one.
    """

    kind: Kind
    target_id: str
    valid_from: date
    valid_to: date | None = None
    level: int | None = None
    priority: int | None = None
    id: str = ""
    once: Mapping[str, Any] | None = None

    def is_valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def overlaps(self, other: Assignment) -> bool:
        """Whether both are the same thing on some day."""
        return (
            (self.kind, self.target_id) == (other.kind, other.target_id)
            and (other.valid_to is None or self.valid_from < other.valid_to)
            and (self.valid_to is None or other.valid_from < self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class NeededSkill:
    """What an activity asks for.

    Attributes:
        level: At least this one.
    """

    skill_id: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Known:
    """What the rules need to know of the catalogues.

    Attributes:
        needs: The skills that an activity asks for, by its id.
        names: Of the skills, by id; for people to read.
    """

    needs: Mapping[str, Sequence[NeededSkill]]
    names: Mapping[str, str]


NOTHING_NEEDED: Final = Known({}, {})


def assigned(
    before: tuple[Assignment, ...], new: Assignment, known: Known, today: date
) -> tuple[Assignment, ...]:
    """The assignments with a new one.

    Raises:
        Overlap, PeriodEmpty, SkillMissing, PriorityOneNeeded, TooManyAssignments: See `checked`.
    """
    if len(before) >= ASSIGNMENTS_MAX:
        raise TooManyAssignments(max=ASSIGNMENTS_MAX)
    return checked(before, (*before, new), known, today)


def changed(
    before: tuple[Assignment, ...],
    kind: Kind,
    assignment_id: str,
    changes: Mapping[str, Any],
    known: Known,
    today: date,
) -> tuple[Assignment, ...]:
    """The assignments with one of them changed.

    Args:
        changes: By name, of valid_from, valid_to, level, priority.
    Raises:
        NotFound, Overlap, PeriodEmpty, SkillMissing, PriorityOneNeeded.
    """
    old = found(before, kind, assignment_id)
    new = replace(old, **changes)
    after = tuple(new if one is old else one for one in before)
    return checked(before, after, known, today)


def removed(
    before: tuple[Assignment, ...], kind: Kind, assignment_id: str, known: Known, today: date
) -> tuple[Assignment, ...]:
    """The assignments without one of them, as if it had never been.

    Raises:
        NotFound, SkillMissing, PriorityOneNeeded.
    """
    old = found(before, kind, assignment_id)
    return checked(before, tuple(one for one in before if one is not old), known, today)


def found(assignments: Iterable[Assignment], kind: Kind, assignment_id: str) -> Assignment:
    """Raises `NotFound`."""
    for one in assignments:
        if one.kind == kind and one.id == assignment_id:
            return one
    raise NotFound


def checked(
    before: tuple[Assignment, ...],
    after: tuple[Assignment, ...],
    known: Known,
    today: date,
) -> tuple[Assignment, ...]:
    """`after`, in the order of its days, where it keeps the rules from today on.

    Raises:
        PeriodEmpty: One ends before it begins.
        Overlap: The same thing twice on one day.
        SkillMissing: An activity asks for a skill, or a level, that is not there throughout;
            where that was so before already, it stays.
        PriorityOneNeeded: On some day none of the planning units has priority 1.
    Source: R80.
    """
    for new in after:
        if new in before:
            continue
        if new.valid_to is not None and new.valid_to <= new.valid_from:
            raise PeriodEmpty
        others = (one for one in after if one is not new)
        if twice := next((one for one in others if one.overlaps(new)), None):
            raise Overlap(valid_from=twice.valid_from, valid_to=twice.valid_to)
    lacked = set(_lacking(before, known, today))
    missing = [need for need in _lacking(after, known, today) if need not in lacked]
    if missing:
        skills = {need for _, need in missing}
        raise SkillMissing(
            {known.names.get(need.skill_id, need.skill_id): need.level for need in skills}
        )
    if _lacks_first_priority(after, today):
        raise PriorityOneNeeded
    return tuple(sorted(after, key=lambda one: (one.valid_from, one.id)))


def current_units(assignments: Iterable[Assignment], day: date) -> list[str]:
    """The planning units that are valid on `day`, by priority."""
    units = [one for one in _units(assignments) if one.is_valid_on(day)]
    return [one.target_id for one in sorted(units, key=lambda one: (one.priority, one.target_id))]


def next_unit_change(assignments: Iterable[Assignment], day: date) -> date | None:
    """The first day after `day` on which `current_units` may be others; None: never."""
    return min(_days_after(_units(assignments), day), default=None)


def _units(assignments: Iterable[Assignment]) -> list[Assignment]:
    return [one for one in assignments if one.kind == "planning_unit"]


def _days_after(assignments: Iterable[Assignment], day: date) -> set[date]:
    ends = [each for one in assignments for each in (one.valid_from, one.valid_to)]
    return {each for each in ends if each is not None and each > day}


def _lacks_first_priority(assignments: Iterable[Assignment], today: date) -> bool:
    units = _units(assignments)
    for day in {today} | _days_after(units, today):
        priorities = [one.priority for one in units if one.is_valid_on(day)]
        if priorities and 1 not in priorities:
            return True
    return False


def _lacking(
    assignments: Sequence[Assignment], known: Known, today: date
) -> list[tuple[str, NeededSkill]]:
    """The activity assignments, by id, that lack a needed skill on a day from today on."""
    return [
        (activity.id, need)
        for activity in assignments
        if activity.kind == "activity"
        for need in known.needs.get(activity.target_id, ())
        if not _is_covered(activity, need, assignments, today)
    ]


def _is_covered(
    activity: Assignment, need: NeededSkill, assignments: Sequence[Assignment], today: date
) -> bool:
    day = max(activity.valid_from, today)
    skills = (
        one
        for one in assignments
        if (one.kind, one.target_id) == ("skill", need.skill_id) and (one.level or 1) >= need.level
    )
    for skill in sorted(skills, key=lambda one: one.valid_from):
        if activity.valid_to is not None and day >= activity.valid_to:
            break
        if skill.is_valid_on(day):
            if skill.valid_to is None:
                return True
            day = skill.valid_to
    return activity.valid_to is not None and day >= activity.valid_to
