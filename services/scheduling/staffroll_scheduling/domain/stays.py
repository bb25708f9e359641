"""When somebody was active, in moments, as their memberships have it; what billing counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from staffroll_scheduling.domain.membership import Membership, start_of

KEPT_FOR: Final = timedelta(days=62)
"""How long the stays of a deleted employee are kept: until the month they touch is closed."""


@dataclass(frozen=True, slots=True)
class Stay:
    """From `begins_at` up to `ends_at`, both UTC.

    Attributes:
        ends_at: None while it is open.
        join_date: Of the membership; None once its employee is deleted.
        leave_date: Likewise, and while there is none.
    """

    begins_at: datetime
    ends_at: datetime | None = None
    join_date: date | None = None
    leave_date: date | None = None


def stays(memberships: Iterable[Membership], zone: str) -> tuple[Stay, ...]:
    """Those of all memberships that ever run, by their dates in the person's time zone.

    What was said to have started or ended by a certain moment had by then, whatever the dates
    mean in a zone that was changed later (R54).
    """
    return tuple(
        Stay(
            _earlier(start_of(one.join_date, zone), one.started_at),
            None
            if one.leave_date is None
            else _earlier(start_of(one.leave_date, zone), one.ended_at),
            one.join_date,
            one.leave_date,
        )
        for one in memberships
        if not one.is_empty
    )


def left_over(known: Sequence[Stay], now: datetime) -> tuple[Stay, ...]:
    """What is kept of the stays of somebody who is deleted at `now`: moments, as long as they
    can be of a month that is not closed. Source: R55, R61."""
    ended = (
        Stay(stay.begins_at, now if stay.ends_at is None else min(stay.ends_at, now))
        for stay in known
        if stay.begins_at <= now
    )
    return tuple(stay for stay in ended if now - (stay.ends_at or now) < KEPT_FOR)


def kept_open(known: tuple[Stay, ...]) -> tuple[Stay, ...]:
    """The stays of somebody who is still active although the last one has ended (R16)."""
    return known[:-1] + tuple(replace(stay, ends_at=None) for stay in known[-1:])


def _earlier(moment: datetime, fact: datetime | None) -> datetime:
    return moment if fact is None else min(moment, fact)
