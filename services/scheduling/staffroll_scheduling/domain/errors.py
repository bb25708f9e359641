"""What scheduling refuses.

::

    Conflict
    ├── InUse                   R80
    ├── NameTaken               R80
    ├── OutsideMembership       R81
    ├── Overlap                 R80
    ├── PersonnelNumberTaken    R7
    ├── ShiftOverlaps           R81
    └── WeekFull                R81
    Invalid
    ├── AvailabilitiesOverlap   R81
    ├── EntryUnknown            R80
    ├── LevelUnknown            R80
    ├── PeriodEmpty             R80
    ├── PlanningUnitNeeded      R73
    ├── PlanningUnitOutOfReach  R73
    └── RangeTooLong            R81
    Refused
    ├── LevelsStay              R80
    ├── PriorityOneNeeded       R80
    ├── SkillMissing            R80
    └── TooManyAssignments      R80
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from staffroll.errors import Conflict, FieldError, Invalid, NotFound, Refused


class PersonnelNumberTaken(Conflict):
    code = "personnel_number_taken"
    wording = "Somebody else in this organisation has this personnel number already."

    def __init__(self) -> None:
        super().__init__(errors={"personnel_number": [FieldError(self.code, self.wording)]})


class NoMembership(Conflict):
    code = "no_membership"
    wording = "The employee has no staff membership to change yet; begin one."


class MembershipRunning(Conflict):
    code = "membership_running"
    wording = "The newest staff membership is open: give it a leave date before another begins."


class MembershipStarted(Conflict):
    code = "membership_started"
    wording = "The staff membership has started, so that its join date stays as it is."

    def __init__(self) -> None:
        super().__init__(errors={"join_date": [FieldError(self.code, self.wording)]})


class MembershipEnded(Conflict):
    code = "membership_ended"
    wording = "The staff membership has ended and stays as it is; begin a new one."


class MembershipsOverlap(Conflict):
    """Attributes of ``data``: ``leave_date`` of the membership before, as ISO 8601."""

    code = "memberships_overlap"
    wording = "The join date lies before {leave_date}, when the membership before ends."

    def __init__(self, leave_date: date) -> None:
        data = {"leave_date": leave_date.isoformat()}
        super().__init__(errors={"join_date": [FieldError(self.code, self.wording, data)]}, **data)


class TooManyMemberships(Conflict):
    code = "too_many_memberships"
    wording = "An employee has at most {most} staff memberships."

    def __init__(self, most: int) -> None:
        super().__init__(most=most)


class LeaveBeforeJoin(Invalid):
    code = "leave_before_join"
    wording = "The leave date must not lie before the join date."

    def __init__(self, field: str = "leave_date") -> None:
        super().__init__(errors={field: [FieldError(self.code, self.wording)]})


class FutureShiftsUndecided(Invalid):
    """Attributes of ``data``: ``shifts``, how many there are from the leave date on."""

    code = "future_shifts_undecided"
    wording = "Say whether the {shifts} shifts from the leave date on are deleted or kept."

    def __init__(self, shifts: int) -> None:
        problem = FieldError(self.code, self.wording, {"shifts": shifts})
        super().__init__(errors={"future_shifts": [problem]}, shifts=shifts)


class NoBilling(NotFound):
    code = "no_billing"
    wording = "Of this month nothing is known: it has not begun, or came before all that was noted."


class OutsideMembership(Conflict):
    code = "outside_membership"
    wording = "The shift starts on a day on which the employee does not belong to the staff."

    def __init__(self) -> None:
        super().__init__(errors={"start": [FieldError(self.code, self.wording)]})


class ShiftOverlaps(Conflict):
    """Attributes of ``data``: ``other``, the id of the shift that lies there."""

    code = "shift_overlaps"
    wording = "The employee has another shift at that time."

    def __init__(self, other: str) -> None:
        super().__init__(errors={"start": [FieldError(self.code, self.wording)]}, other=other)


class WeekFull(Conflict):
    code = "week_full"
    wording = "An employee has at most {most} shifts in one week."

    def __init__(self, most: int) -> None:
        super().__init__(most=most)


class RangeTooLong(Invalid):
    code = "range_too_long"
    wording = "The range ends after its start, and at most {days} days later."

    def __init__(self, days: int) -> None:
        wording = FieldError(self.code, self.wording, {"days": days})
        super().__init__(errors={"to": [wording]}, days=days)


class NameTaken(Conflict):
    code = "name_taken"
    wording = "There is one of this name already."

    def __init__(self) -> None:
        super().__init__(errors={"name": [FieldError(self.code, self.wording)]})


class InUse(Conflict):
    """Something of a catalogue is not deleted while it is needed.

    Attributes:
        employees: How many have it, or will.
        activities: How many ask for it.
    """

    code = "in_use"
    wording = (
        "This is still needed: {employees} employees have it or will, {activities} activities ask "
        "for it."
    )

    def __init__(self, employees: int, activities: int = 0) -> None:
        super().__init__(employees=employees, activities=activities)


class Overlap(Conflict):
    code = "overlap"
    wording = "They have this already, from {valid_from} to {valid_to}."

    def __init__(self, valid_from: date, valid_to: date | None) -> None:
        until = valid_to.isoformat() if valid_to is not None else "an open end"
        super().__init__(
            errors={"valid_from": [FieldError(self.code, "They have this already then.")]},
            valid_from=valid_from.isoformat(),
            valid_to=until,
        )


class EntryUnknown(Invalid):
    code = "entry_unknown"
    wording = "There is nothing of this id in the catalogue."

    def __init__(self, field: str = "id") -> None:
        super().__init__(errors={field: [FieldError(self.code, self.wording)]})


class LevelUnknown(Invalid):
    code = "level_unknown"
    wording = "The skill has only {levels} levels."

    def __init__(self, levels: int, field: str = "level") -> None:
        problem = FieldError(self.code, self.wording, {"levels": levels})
        super().__init__(errors={field: [problem]}, levels=levels)


class PeriodEmpty(Invalid):
    code = "period_empty"
    wording = "The first day without it must be after the first day with it."

    def __init__(self) -> None:
        super().__init__(errors={"valid_to": [FieldError(self.code, self.wording)]})


class AvailabilitiesOverlap(Invalid):
    code = "availabilities_overlap"
    wording = "Two of these times overlap."

    def __init__(self) -> None:
        super().__init__(errors={"items": [FieldError(self.code, self.wording)]})


class PlanningUnitNeeded(Invalid):
    code = "planning_unit_needed"
    wording = "Name a planning unit that you reach; otherwise you would not see the employee."

    def __init__(self) -> None:
        super().__init__(errors={"planning_units": [FieldError(self.code, self.wording)]})


class PlanningUnitOutOfReach(Invalid):
    code = "planning_unit_out_of_reach"
    wording = "None of your roles reaches this planning unit."

    def __init__(self, field: str = "id") -> None:
        super().__init__(errors={field: [FieldError(self.code, self.wording)]})


class SkillMissing(Refused):
    """An activity asks for skills that an employee does not have, or not all the time.

    Args:
        levels: The lowest level that would do, by the skill's name.
    """

    code = "skill_missing"
    wording = "This needs, all the time: {skills}."

    def __init__(self, levels: Mapping[str, int]) -> None:
        named = (f"{name} (level {level} or higher)" for name, level in sorted(levels.items()))
        super().__init__(skills=", ".join(named))


class PriorityOneNeeded(Refused):
    code = "priority_one_needed"
    wording = "Whoever is in planning units has priority 1 in one of them, on every day."


class LevelsStay(Refused):
    code = "levels_stay"
    wording = "Levels of a skill can be renamed and added, not taken away."


class TooManyAssignments(Refused):
    code = "too_many_assignments"
    wording = "An employee has at most {max} assignments, ended ones included."
