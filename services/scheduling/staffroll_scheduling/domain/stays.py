"""When somebody was active, in moments, as their memberships have it; what billing counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
            _end(one, zone),
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


def beyond(memberships: Sequence[Membership], zone: str, until: datetime | None) -> list[Stay]:
    """What follows the last membership that was said to have ended, for whoever stays active
    all the same, up to `until` or the next one; none where nothing follows. Source: R16.

    Args:
        until: None while they still are.
    """
    ended = [number for number, one in enumerate(memberships) if one.ended_at is not None]
    if not ended:
        return []
    begins_at = _end(memberships[ended[-1]], zone)
    following = (stay.begins_at for stay in stays(memberships[ended[-1] + 1 :], zone))
    ends_at = until if until is None else min((until, *following))
    if begins_at is None or (ends_at is not None and ends_at <= begins_at):
        return []
    return [Stay(begins_at, ends_at)]


def _end(one: Membership, zone: str) -> datetime | None:
    return (
        None if one.leave_date is None else _earlier(start_of(one.leave_date, zone), one.ended_at)
    )


def _earlier(moment: datetime, fact: datetime | None) -> datetime:
    return moment if fact is None else min(moment, fact)
