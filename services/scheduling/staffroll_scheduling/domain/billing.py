"""What a month is billed for: the highest daily number of active users (R55). Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from staffroll_scheduling.domain.employees import Employee, active_stays, is_kept_as_last_admin
from staffroll_scheduling.domain.membership import day_in, start_of
from staffroll_scheduling.domain.stays import Stay

Reason = Literal["active", "joined", "rejoined", "left", "kept_as_last_admin", "deleted"]

_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of the calendar."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @classmethod
    def parse(cls, text: str) -> Month:
        """Of ``2026-11``."""
        year, _, number = text.partition("-")
        return cls(int(year), int(number))

    @classmethod
    def at(cls, moment: datetime, zone: str) -> Month:
        """The one that `moment` falls into in a time zone."""
        day = day_in(zone, moment)
        return cls(day.year, day.month)

    @property
    def next(self) -> Month:
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def previous(self) -> Month:
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def days(self) -> list[date]:
        length = (self.next.first_day - self.first_day).days
        return [self.first_day + timedelta(days=number) for number in range(length)]

    def begins_at(self, zone: str) -> datetime:
        return start_of(self.first_day, zone)


@dataclass(frozen=True, slots=True)
class Counted:
    """Somebody who may count.

    Attributes:
        id: None of somebody deleted: nobody is to know any more who it was.
        stays: In the order in which they began.
        place: Where they stand in lists.
    """

    id: str | None
    stays: tuple[Stay, ...]
    is_kept: bool = False
    is_deleted: bool = False
    place: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Line:
    """Why somebody counts.

    Attributes:
        days: On how many days.
        joined_on: The join date, where it lies in the month.
        left_on: The leave date, likewise, or the day of the deletion; of who was kept as the
            last admin, the day on which they were let go.
        place: Where the line stands among the others.
    """

    employee_id: str | None
    reason: Reason
    days: int
    joined_on: date | None = None
    left_on: date | None = None
    place: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Totals:
    """What a month is billed for, as far as it has come.

    Attributes:
        time_zone: The tenant's, whose days are counted.
        counts: Of each day in turn, those to come left out.
    """

    month: Month
    time_zone: str
    counts: tuple[int, ...]

    @property
    def figure(self) -> int:
        """The highest daily number."""
        return max(self.counts, default=0)

    @property
    def days(self) -> list[tuple[date, int]]:
        """Each day that has begun, with its count."""
        return list(zip(self.month.days, self.counts, strict=False))

    @property
    def peak_day(self) -> date | None:
        """The first day with the highest number; None where nobody counts."""
        if not self.figure:
            return None
        return self.month.days[self.counts.index(self.figure)]


@dataclass(frozen=True, slots=True)
class Statement(Totals):
    """A month and all who count on any of its days, in the order in which they came."""

    lines: tuple[Line, ...]


def counted(record: Employee, sort: str = "") -> Counted:
    """An employee, or the tombstone of one, for `statement`.

    Args:
        sort: By which lists are sorted.
    """
    place = (sort, record.id)
    if record.followed.is_deleted:
        return Counted(None, record.own.counted, is_deleted=True, place=place)
    is_kept = is_kept_as_last_admin(record)
    return Counted(record.id, active_stays(record), is_kept, place=place)


def statement(people: Iterable[Counted], month: Month, zone: str, now: datetime) -> Statement:
    """What the month is billed for, as of `now`.

    Whoever is active at any moment of a day counts on it, wherever they are.

    Args:
        zone: The tenant's.
    """
    days = _Days(month, zone, now)
    masks: Counter[int] = Counter()
    lines = []
    for person in people:
        mask, line = _judged(person, days)
        if line is not None:
            masks[mask] += 1
            lines.append(line)
    counts = tuple(
        sum(times for mask, times in masks.items() if mask >> number & 1)
        for number in range(days.seen)
    )
    return Statement(month, zone, counts, tuple(lines))


class _Days:
    """The days of a month as moments.

    Attributes:
        begins: Of each day, and of the month after.
        until: The first moment that does not count yet.
        seen: How many days have begun.
    """

    def __init__(self, month: Month, zone: str, now: datetime) -> None:
        self.zone = zone
        self.begins = [start_of(day, zone) for day in (*month.days, month.next.first_day)]
        self.until = min(self.begins[-1], now + _MOMENT)
        self.seen = bisect_left(self.begins[:-1], self.until)
        pairs = zip(self.begins, self.begins[1:], strict=False)
        self._skipped = sum(1 << day for day, (this, after) in enumerate(pairs) if this == after)

    def touched(self, stay: Stay) -> int:
        """A bit for each day that the stay touches, as far as has come."""
        begins, ends = stay.begins_at, min(stay.ends_at or self.until, self.until)
        if ends <= max(begins, self.begins[0]):
            return 0
        first = max(0, bisect_right(self.begins, begins) - 1)
        after = bisect_left(self.begins, ends)
        # Nobody can touch a day that the zone left out.
        return ((1 << after) - (1 << first)) & ~self._skipped


def _judged(person: Counted, days: _Days) -> tuple[int, Line | None]:
    touched = [days.touched(stay) for stay in person.stays]
    mask = 0
    for one in touched:
        mask |= one
    if not mask:
        return 0, None
    which = [number for number, one in enumerate(touched) if one]
    first, last = person.stays[which[0]], person.stays[which[-1]]
    joined_on = first.join_date if first.begins_at >= days.begins[0] else None
    left_on = None
    if last.ends_at is not None and last.ends_at < days.until:
        left_on = last.leave_date or day_in(days.zone, last.ends_at)
    is_back = len(which) > 1 or (which[0] > 0 and joined_on is not None)
    reason = _reason(person, joined_on, left_on, is_back=is_back)
    return mask, Line(person.id, reason, mask.bit_count(), joined_on, left_on, person.place)


def _reason(
    person: Counted, joined_on: date | None, left_on: date | None, *, is_back: bool
) -> Reason:
    if person.is_deleted:
        return "deleted"
    if person.is_kept:
        return "kept_as_last_admin"
    if left_on is not None:
        return "left"
    if is_back:
        return "rejoined"
    return "active" if joined_on is None else "joined"
