"""The rules of shifts (R81), pure: each takes an employee and the weeks that it touches.

What comes back is the employee's own part with the changed weeks waiting in ``unapplied``:
kept in one write on the revision that was read, so that of two that overlap one wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from staffroll.errors import FieldError, Invalid, NotFound, Stale
from staffroll.idempotency import spent_with
from staffroll_scheduling.domain.employees import Employee, Employment
from staffroll_scheduling.domain.errors import (
    OutsideMembership,
    ShiftOverlaps,
    WeekFull,
)
from staffroll_scheduling.domain.membership import day_in, has_come, start_of
from staffroll_scheduling.domain.weeks import (
    DAY,
    Shift,
    WeekChange,
    Weeks,
    anonymous,
    found_in,
    put,
    week_of,
    weeks_between,
    without,
)

LONGEST: Final = DAY
MOST_IN_A_WEEK: Final = 200
"""Of one employee: a week is one document."""

TIMES: Final = ("start", "end")


@dataclass(frozen=True, slots=True)
class Change:
    """An employee's own part after a change of shifts, and the shift that was changed.

    Attributes:
        shift: As it is now, or was before it went.
        changed: The names of its fields that are others now.
    """

    own: Employment
    shift: Shift
    changed: tuple[str, ...] = ()


def time_problems(start: datetime, end: datetime) -> dict[str, list[FieldError]]:
    """What is wrong with the times of a shift, by field."""
    found: dict[str, list[FieldError]] = {}
    for name, moment in zip(TIMES, (start, end), strict=True):
        if moment.second or moment.microsecond:
            found[name] = [FieldError("not_a_whole_minute", "Shifts begin and end on the minute.")]
    if end <= start:
        found.setdefault("end", []).append(
            FieldError("end_not_after_start", "The end must come after the start.")
        )
    elif end - start > LONGEST:
        found.setdefault("end", []).append(
            FieldError("longer_than_a_day", "A shift lasts at most 24 hours.")
        )
    return found


def needed_weeks(start: datetime, end: datetime) -> list[str]:
    """The weeks in which something may lie that overlaps [start, end)."""
    return weeks_between(start - LONGEST, end)


def is_outside(record: Employee, start: datetime) -> bool:
    """Whether a shift that starts then lies outside every membership.

    The start decides, as it does for what goes with a leave date (R51): who works over the
    midnight before it finishes that shift.
    """
    zone = record.followed.user.time_zone
    return not any(
        has_come(one.join_date, zone, start)
        and not (one.leave_date is not None and has_come(one.leave_date, zone, start))
        for one in record.own.memberships
    )


def is_dropped(record: Employee, shift: Shift) -> bool:
    """Whether it is decided that the shift goes, though it may still be stored (R51, R61)."""
    if record.erasing_since is not None:
        return shift.end > record.erasing_since
    if record.own.drop_shifts_from is None:
        return False
    return has_come(record.own.drop_shifts_from, record.followed.user.time_zone, shift.start)


def create(record: Employee, weeks: Weeks, shift: Shift) -> Change:
    """With one more shift.

    Raises:
        Invalid: Its times are none of a shift.
        OutsideMembership, ShiftOverlaps, WeekFull.
    """
    _check_times(record, weeks, shift)
    return Change(_decided(record, put(weeks, shift), shift.changed_at, after=shift), shift)


def edit(
    record: Employee,
    weeks: Weeks,
    shift_id: str,
    changes: Mapping[str, Any],
    now: datetime,
    expected: int | None = None,
) -> Change:
    """With a shift that has other times, another activity or note.

    One that lies outside the memberships stays where it is or goes; its other fields may
    be changed.

    Args:
        expected: The version that the editor saw; None for any.
    Raises:
        NotFound, Stale, Invalid, OutsideMembership, ShiftOverlaps, WeekFull.
    """
    before = _find(weeks, shift_id, expected)
    changed = tuple(name for name, value in changes.items() if getattr(before, name) != value)
    if not changed:
        return Change(record.own, before)
    after = replace(before, **changes, version=record.revision + 1, changed_at=now)
    if set(TIMES) & set(changed):
        _check_times(record, weeks, after)
    own = _decided(record, put(weeks, after), now, before, after)
    return Change(own, after, changed)


def delete(
    record: Employee, weeks: Weeks, shift_id: str, now: datetime, expected: int | None = None
) -> Change:
    """Without the shift.

    Raises:
        NotFound, Stale.
    """
    before = _find(weeks, shift_id, expected)
    own = _decided(record, without(weeks, shift_id), now, before)
    return Change(replace(own, spent=spent_with(own.spent, [before.once], now)), before)


def kept_after_drop(record: Employee, shifts: Iterable[Shift]) -> tuple[Shift, ...]:
    """What of a week stays when that is gone which is to go; without notes of who is deleted."""
    stay = (shift for shift in shifts if not is_dropped(record, shift))
    return tuple(anonymous(shift) if record.followed.is_deleted else shift for shift in stay)


def after_drop(own: Employment, future_shifts: int, now: datetime) -> Employment:
    """The own part once all is gone that was to go."""
    return recounted(replace(own, drop_shifts_from=None), future_shifts, now)


def recount_at(record: Employee) -> datetime | None:
    """When the future shifts are counted anew: as their day ends; None while there are none."""
    counted_at, zone = record.own.counted_at, record.followed.user.time_zone
    if counted_at is None:
        return None
    return start_of(day_in(zone, counted_at) + DAY, zone)


def recounted(own: Employment, future_shifts: int, now: datetime) -> Employment:
    """With the count of shifts that are not over at `now`; none needs no moment."""
    return replace(own, future_shifts=future_shifts, counted_at=now if future_shifts else None)


def _check_times(record: Employee, weeks: Weeks, shift: Shift) -> None:
    problems = time_problems(shift.start, shift.end)
    if problems:
        raise Invalid(errors=problems)
    if is_outside(record, shift.start):
        raise OutsideMembership
    for shifts in weeks.values():
        for other in shifts:
            if other.id != shift.id and other.overlaps(shift):
                raise ShiftOverlaps(other=other.id)
    there = [one for one in weeks.get(week_of(shift.start), ()) if one.id != shift.id]
    if len(there) >= MOST_IN_A_WEEK:
        raise WeekFull(most=MOST_IN_A_WEEK)


def _find(weeks: Weeks, shift_id: str, expected: int | None) -> Shift:
    shift = found_in(weeks, shift_id)
    if shift is None:
        raise NotFound
    if expected is not None and expected != shift.version:
        raise Stale
    return shift


def _decided(
    record: Employee,
    weeks: Mapping[str, tuple[Shift, ...]],
    now: datetime,
    before: Shift | None = None,
    after: Shift | None = None,
) -> Employment:
    number = record.revision + 1
    changes = tuple(WeekChange(week, number, weeks[week], now) for week in sorted(weeks))
    own = record.own
    # Shifts that were over when they were counted are not in the count, and never will be.
    counted_at = own.counted_at if own.counted_at and own.future_shifts else now
    ahead = own.future_shifts
    ahead -= before is not None and before.end > counted_at
    ahead += after is not None and after.end > counted_at
    return replace(
        own,
        unapplied=changes,
        future_shifts=max(0, ahead),
        counted_at=counted_at if ahead > 0 else None,
    )
