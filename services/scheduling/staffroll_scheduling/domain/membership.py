"""Staff membership: from a join date up to a leave date, in the person's time zone (R50)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True)
class Membership:
    """One period of belonging to the staff.

    Attributes:
        join_date: The first day.
        leave_date: The first day without; None while it is open.
    """

    join_date: date
    leave_date: date | None = None

    def runs_on(self, day: date) -> bool:
        return self.join_date <= day and (self.leave_date is None or day < self.leave_date)


def day_in(zone: str, moment: datetime) -> date:
    """The day that `moment` falls on in the time zone.

    A zone that this machine does not know is taken for UTC: a sibling's zone data may be
    newer, and its news must not get stuck.
    """
    return moment.astimezone(_zone(zone)).date()


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
