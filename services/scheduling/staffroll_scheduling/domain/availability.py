"""When an employee can work: by weekday, in their time zone (R81)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from typing import Final

from staffroll_scheduling.domain.errors import AvailabilitiesOverlap

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
AVAILABILITIES_MAX: Final = 50
_DAY_MINUTES: Final = 24 * 60
_WEEK_MINUTES: Final = 7 * _DAY_MINUTES


@dataclass(frozen=True, slots=True)
class Availability:
    """A time of the week.

    Attributes:
        weekday: On which it begins.
        starts: Of whole minutes, without a zone.
        ends: On the next day where it is not after `starts`; the same: 24 hours.
    """

    weekday: str
    starts: time
    ends: time

    @property
    def minutes(self) -> tuple[int, int]:
        """First minute and the one after the last, counted from Monday 00:00; the latter may
        lie in the next week."""
        begin = WEEKDAYS.index(self.weekday) * _DAY_MINUTES + _minute(self.starts)
        length = (_minute(self.ends) - _minute(self.starts)) % _DAY_MINUTES or _DAY_MINUTES
        return begin, begin + length


def available(wished: Iterable[Availability]) -> tuple[Availability, ...]:
    """The times in the order of the week.

    Raises:
        AvailabilitiesOverlap: Two of them share a minute.
    Source: R81.
    """
    ordered = sorted(wished, key=lambda one: one.minutes)
    times = [one.minutes for one in ordered]
    if times:
        first_start, first_end = times[0]
        following = [*times[1:], (first_start + _WEEK_MINUTES, first_end + _WEEK_MINUTES)]
        if any(end > start for (_, end), (start, _) in zip(times, following, strict=True)):
            raise AvailabilitiesOverlap
    return tuple(ordered)


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute
