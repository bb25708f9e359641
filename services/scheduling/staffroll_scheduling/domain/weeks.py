"""Shifts by employee and week: what is kept, and what is decided but not yet applied.

A change of shifts is decided on the employee's newest version and written with it (R81);
only then it is applied to the weeks. It holds each week whole, as it becomes, so that to
apply it again, or after a newer one, does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """When somebody works, from `start` up to `end`, both UTC.

    Attributes:
        activity_id: What they do; None where that is left open.
        note: Free text; empty once its employee is erased.
        version: The revision of the employee that it was written with.
        changed_at: When it was written last.
        once: The Idempotency-Key that created it, as kept; None without one.
    """

    id: str
    start: datetime
    end: datetime
    activity_id: str | None = None
    note: str = ""
    version: int = 1
    changed_at: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    once: Mapping[str, Any] | None = None

    def overlaps(self, other: Shift) -> bool:
        """Half-open: where one ends the next may begin."""
        return self.start < other.end and other.start < self.end

    @property
    def order(self) -> tuple[datetime, str]:
        """As in all lists of shifts."""
        return (self.start, self.id)


Shifts = tuple[Shift, ...]
Weeks = Mapping[str, Shifts]
"""Shifts in order, by the name of their week."""


@dataclass(frozen=True, slots=True)
class WeekChange:
    """One week of one employee as it becomes.

    Attributes:
        number: The revision of the employee that decides it; a week keeps the highest.
        changed_at: When that was decided.
    """

    week: str
    number: int
    shifts: Shifts
    changed_at: datetime


def week_of(moment: datetime) -> str:
    """The ISO week in UTC, such as ``2026-W48``; as text they sort by time."""
    year, week, _ = moment.astimezone(UTC).isocalendar()
    return f"{year:04}-W{week:02}"


def weeks_between(start: datetime, end: datetime) -> list[str]:
    """The weeks that [start, end) touches, in order; that of `start` at least."""
    monday = _monday(start)
    found: list[str] = []
    while not found or monday < end:
        found.append(week_of(monday))
        monday += 7 * DAY
    return found


def _monday(moment: datetime) -> datetime:
    day = moment.astimezone(UTC).date()
    first: date = day - timedelta(days=day.weekday())
    return datetime(first.year, first.month, first.day, tzinfo=UTC)


def overlaid(weeks: Weeks, unapplied: Iterable[WeekChange]) -> dict[str, Shifts]:
    """`weeks` as they are once everything is applied; those that are not asked for stay out."""
    newest: dict[str, WeekChange] = {}
    for change in unapplied:
        known = newest.get(change.week)
        if change.week in weeks and (known is None or known.number < change.number):
            newest[change.week] = change
    return {name: newest[name].shifts if name in newest else weeks[name] for name in weeks}


def put(weeks: Weeks, shift: Shift) -> dict[str, Shifts]:
    """Those weeks that become others when `shift` is added, or takes the place of its former
    self, wherever that lies."""
    changed = without(weeks, shift.id)
    week = week_of(shift.start)
    there = changed.get(week, weeks.get(week, ()))
    changed[week] = tuple(sorted((*there, shift), key=lambda one: one.order))
    return changed


def without(weeks: Weeks, shift_id: str) -> dict[str, Shifts]:
    """Those weeks that become others when the shift goes."""
    return {
        name: tuple(shift for shift in shifts if shift.id != shift_id)
        for name, shifts in weeks.items()
        if any(shift.id == shift_id for shift in shifts)
    }


def found_in(weeks: Weeks, shift_id: str) -> Shift | None:
    return next((s for shifts in weeks.values() for s in shifts if s.id == shift_id), None)


def anonymous(shift: Shift) -> Shift:
    """What may stay of a past shift whose employee is deleted (R61)."""
    return replace(shift, note="", once=None)
