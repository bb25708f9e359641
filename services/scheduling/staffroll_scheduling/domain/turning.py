"""What changes about an employee by itself as time goes by, and when that is next (R54). Pure.

One moment and one function for all of it: `next_turn` says when something is due, and
`turn` does whatever is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from staffroll.events import Cause
from staffroll.records import Decision, own_changed, told_again
from staffroll_scheduling.domain import shifts
from staffroll_scheduling.domain.assignments import next_unit_change
from staffroll_scheduling.domain.employees import (
    RULES,
    Employee,
    Employment,
    with_current_units,
    with_time_kept,
)
from staffroll_scheduling.domain.membership import Membership, day_in, has_come, start_of

STARTED: Final = "membership.started"
CHANGED: Final = "membership.changed"
ENDED: Final = "membership.ended"

TELL_AGAIN_AFTER: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)
"""Between two tellings that a membership has started or ended, while the user does not follow."""

ADMINS_TOLD_AGAIN: Final = 8
"""How often accounts is told again that an admin has no membership, who may be the last one."""


def next_turn(record: Employee, now: datetime) -> datetime | None:
    """When something about the employee changes next by itself; None for never.

    In the past where it is due already. Nothing turns before accounts has confirmed the user,
    nor after they were deleted.
    """
    if record.followed.state != "confirmed":
        return None
    return min(_moments(record, now), default=None)


def is_recount_due(record: Employee, now: datetime) -> bool:
    """Whether `turn` needs to know how many shifts are ahead."""
    recount_at = shifts.recount_at(record)
    return recount_at is not None and recount_at <= now


def turn(record: Employee, cause: Cause, future_shifts: int | None = None) -> Decision[Employment]:
    """The employee after all that is due has happened: with one version more in any case.

    Told are the facts about memberships, each once, and what else differs of what is told.

    Args:
        future_shifts: How many shifts are not over; None where they are not counted anew.
    """
    own, facts = settled(record.own, record.followed.user.time_zone, cause.now)
    if own.is_employed:
        own = with_time_kept(record, own, cause.now)
    if future_shifts is not None:
        own = shifts.recounted(own, future_shifts, cause.now)
    if own != record.own:
        return own_changed(record, own, RULES, cause, says=facts)
    if _is_not_followed(record) and _tell_at(record, cause.now) <= cause.now:
        return _tell_again(record, cause)
    return Decision(replace(record, revision=record.revision + 1))


def settled(own: Employment, zone: str, now: datetime) -> tuple[Employment, tuple[str, ...]]:
    """The employment with all facts that its dates have become, and the events that say them.

    What was said before stays, also where a changed time zone would have it otherwise (R54).
    """
    said: list[str] = []
    memberships = tuple(_settle(one, zone, now, said) for one in own.memberships)
    own = with_current_units(own, zone, now)
    if not said:
        return own, ()
    again_at = now + TELL_AGAIN_AFTER
    return replace(own, memberships=memberships, tell_again_at=again_at, told_again=0), tuple(said)


def _settle(one: Membership, zone: str, now: datetime, said: list[str]) -> Membership:
    if one.is_empty and one.started_at is None:
        return one
    if one.started_at is None and has_come(one.join_date, zone, now):
        said.append(STARTED)
        one = replace(one, started_at=now)
    if one.is_running and one.leave_date is not None and has_come(one.leave_date, zone, now):
        said.append(ENDED)
        one = replace(one, ended_at=now)
    return one


def _moments(record: Employee, now: datetime) -> Iterator[datetime]:
    own, zone = record.own, record.followed.user.time_zone
    yield from _of_memberships(own.memberships, zone)
    if with_current_units(own, zone, now) != own:
        yield now
    if day := next_unit_change(own.assignments, day_in(zone, now)):
        yield start_of(day, zone)
    if _is_not_followed(record):
        yield _tell_at(record, now)
    if recount_at := shifts.recount_at(record):
        yield recount_at


def _of_memberships(memberships: Sequence[Membership], zone: str) -> Iterator[datetime]:
    for one in memberships:
        if one.started_at is None and not one.is_empty:
            yield start_of(one.join_date, zone)
        elif one.is_running and one.leave_date is not None:
            yield start_of(one.leave_date, zone)


def _is_not_followed(record: Employee) -> bool:
    """Whether the user's status should be another by now.

    An admin without membership is left alone some hours later: the last one of a tenant stays
    active (R16).
    """
    user, own = record.followed.user, record.own
    if own.is_assumed or own.is_employed == user.is_active:
        return False
    return own.is_employed or not user.is_admin or own.told_again < ADMINS_TOLD_AGAIN


def _tell_at(record: Employee, now: datetime) -> datetime:
    return record.own.tell_again_at or now


def _tell_again(record: Employee, cause: Cause) -> Decision[Employment]:
    """The same version said again: who has it already is not troubled."""
    times = record.own.told_again + 1
    pause = min(TELL_AGAIN_AFTER * 2**times, LONGEST_PAUSE)
    own = replace(record.own, told_again=times, tell_again_at=cause.now + pause)
    told = told_again(record, RULES, cause)
    return Decision(replace(record, own=own, revision=record.revision + 1), (told,))
