"""Staff membership: from a join date up to a leave date, in the person's time zone (R50)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
"""What dates of memberships lie between; beyond, moments cannot be reckoned with."""

_SMALLEST: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Membership:
    """One period of belonging to the staff.

    Attributes:
        join_date: The first day.
        leave_date: The first day without; None while it is open.
        started_at: When it was said that it has started; a fact, which nothing undoes (R54).
        ended_at: When it was said that it has ended; likewise.
        once: The Idempotency-Key that began it, as kept; None without one.
    """

    join_date: date
    leave_date: date | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    once: Mapping[str, Any] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it ends when it begins, and so never runs (R53)."""
        return self.leave_date is not None and self.leave_date <= self.join_date

    @property
    def is_running(self) -> bool:
        """Whether it has started and not ended, as far as was said."""
        return self.started_at is not None and self.ended_at is None

    def runs_on(self, day: date) -> bool:
        """Whether `day` lies in it by its dates."""
        return self.join_date <= day and (self.leave_date is None or day < self.leave_date)

    def has_started(self, zone: str, now: datetime) -> bool:
        """Whether its join date stays: it was said that it started, or is to be said now."""
        return self.started_at is not None or has_come(self.join_date, zone, now)

    def is_over(self, zone: str, now: datetime) -> bool:
        """Whether it stays as it is: it was said that it ended, or is to be said now."""
        if self.ended_at is not None:
            return True
        return self.leave_date is not None and has_come(self.leave_date, zone, now)


def is_employed(memberships: Sequence[Membership]) -> bool:
    """Whether one of them is running, as far as was said."""
    return any(membership.is_running for membership in memberships)


def day_in(zone: str, moment: datetime) -> date:
    """The day that `moment` falls on in the time zone.

    A zone that this machine does not know is taken for UTC: a sibling's zone data may be
    newer, and its news must not get stuck.
    """
    return moment.astimezone(zone_of(zone)).date()


@lru_cache(maxsize=10_000)
def start_of(day: date, zone: str) -> datetime:
    """The first moment of `day` in the time zone, in UTC.

    Where clocks are set forward at midnight, the day begins with what follows; a day that
    the zone skips begins, and ends, with the next. Where midnight comes twice, it is the first.

    Args:
        day: From `FIRST_DAY` to `LAST_DAY`.
        zone: IANA name; unknown ones are taken for UTC.
    """
    there = zone_of(zone)
    moment = datetime.combine(day, time.min, there).astimezone(UTC)
    if _day_at(moment - _SMALLEST, there) < day:
        return moment
    # Clocks were set forward before midnight and past it: the day began at that moment.
    before, after = moment - timedelta(days=1), moment
    while _day_at(before, there) >= day:
        before -= timedelta(days=1)
    while after - before > _SMALLEST:
        middle = before + (after - before) / 2
        if _day_at(middle, there) < day:
            before = middle
        else:
            after = middle
    return after


def has_come(day: date, zone: str, now: datetime) -> bool:
    """Whether `day` has begun in the time zone, be it long over."""
    return start_of(day, zone) <= now


def zone_of(name: str) -> tzinfo:
    """The time zone of the name; UTC where it is unknown here."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _day_at(moment: datetime, there: tzinfo) -> date:
    return moment.astimezone(there).date()
