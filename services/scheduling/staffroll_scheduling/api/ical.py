"""Shifts as an iCalendar document (RFC 5545), as calendar programs subscribe to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from icalendar import Calendar, Event

from staffroll_scheduling.actions.calendar import Feed
from staffroll_scheduling.domain.weeks import Shift

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"

_REFRESH: Final = timedelta(hours=1)
_NAMELESS: Final = "Shift"


def rendered(feed: Feed) -> bytes:
    """The calendar; the same bytes for the same shifts.

    Times are in UTC, which every program shows in the reader's zone, right across daylight
    saving and without a table of time zones.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Staffroll//Shifts//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Shifts")
    calendar.add("x-wr-timezone", feed.time_zone)
    calendar.add("refresh-interval", _REFRESH, parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for shift in feed.shifts:
        calendar.add_component(_event(shift, feed))
    written: bytes = calendar.to_ical()
    return written


def _event(shift: Shift, feed: Feed) -> Event:
    event = Event()
    event.add("uid", f"{shift.id}@staffroll")
    event.add("sequence", shift.version)
    event.add("dtstamp", _whole(shift.changed_at))
    event.add("last-modified", _whole(shift.changed_at))
    event.add("dtstart", shift.start.astimezone(UTC))
    event.add("dtend", shift.end.astimezone(UTC))
    event.add("summary", feed.activities.get(shift.activity_id or "", _NAMELESS))
    if shift.note:
        event.add("description", shift.note)
    event.add("status", "CONFIRMED")
    return event


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
