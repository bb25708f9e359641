"""Beginning a membership, and changing the dates of the newest one (R50-R53). Pure.

Each takes an employee's own part and gives it back changed, with what its dates have become
already said as facts; memberships never overlap, and what has ended stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Literal

from staffroll.errors import Conflict
from staffroll_scheduling.domain.employees import Employment
from staffroll_scheduling.domain.errors import (
    FutureShiftsUndecided,
    LeaveBeforeJoin,
    MembershipEnded,
    MembershipRunning,
    MembershipsOverlap,
    MembershipStarted,
    NoMembership,
    TooManyMemberships,
)
from staffroll_scheduling.domain.membership import Membership, day_in
from staffroll_scheduling.domain.turning import CHANGED, settled

MOST_MEMBERSHIPS: Final = 200
"""Of one employee: they are one document."""

FutureShifts = Literal["delete", "keep"]


@dataclass(frozen=True, slots=True)
class Dates:
    """What is wished of the newest membership; what is left out of `changes` stays.

    Attributes:
        changes: ``join_date`` and ``leave_date`` by name; a leave date of None is taken back.
        future_shifts: What becomes of the shifts from the leave date on; None: not said.
    """

    changes: Mapping[str, Any]
    future_shifts: FutureShifts | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """An employee's own part after a change, and the events that say it; none: nothing changed."""

    own: Employment
    says: tuple[str, ...] = ()


def begin(
    own: Employment,
    join_date: date,
    zone: str,
    now: datetime,
    once: Mapping[str, Any] | None = None,
) -> Changed:
    """A new membership from `join_date` on, which starts at once where that has come.

    Args:
        zone: The person's.
        once: The Idempotency-Key of the request, as it is kept.
    Raises:
        MembershipRunning: The newest has no leave date.
        MembershipsOverlap: `join_date` lies before the last leave date.
        TooManyMemberships.
    Source: R52, R53.
    """
    if own.memberships:
        _check_follows(own.memberships[-1], join_date)
    if len(own.memberships) >= MOST_MEMBERSHIPS:
        raise TooManyMemberships(most=MOST_MEMBERSHIPS)
    begun = Membership(join_date, once=once)
    return _said(own, (*own.memberships, begun), zone, now)


def change(
    own: Employment,
    wish: Dates,
    zone: str,
    now: datetime,
    count_shifts: Callable[[date], int],
) -> Changed:
    """The newest membership with other dates; a leave date that has come ends it at once.

    Args:
        zone: The person's.
        count_shifts: How many shifts start on or after a day in their zone.
    Raises:
        NoMembership, MembershipEnded: There is none that could be changed.
        MembershipStarted: Its join date has come, and stays.
        MembershipsOverlap: The join date lies before the last leave date.
        LeaveBeforeJoin: The leave date lies before the join date.
        FutureShiftsUndecided: There are shifts from the leave date on, and nothing is said
            of them.
    Source: R50, R51, R53.
    """
    if not own.memberships:
        raise NoMembership
    newest = own.memberships[-1]
    if newest.is_over(zone, now):
        raise MembershipEnded
    changed = replace(newest, **wish.changes)
    if changed.join_date != newest.join_date:
        _check_may_move(own, newest, changed.join_date, zone, now)
    if changed.leave_date is not None and changed.leave_date < changed.join_date:
        raise LeaveBeforeJoin("leave_date" if "leave_date" in wish.changes else "join_date")
    said = _said(own, (*own.memberships[:-1], changed), zone, now)
    return replace(said, own=_with_shifts(said.own, wish, count_shifts))


def obey(own: Employment, number: int, zone: str, now: datetime, *, active: bool) -> Changed:
    """The membership as accounts wishes it, see `follow`; the answer is the state as it is then.

    Args:
        number: Of the wish; one that was answered already, or overtaken, changes nothing.
    Source: R50-R53.
    """
    if number <= own.answered_wish:
        return Changed(own)
    return follow(replace(own, answered_wish=number), zone, now, active=active)


def follow(own: Employment, zone: str, now: datetime, *, active: bool) -> Changed:
    """A membership that runs from today on, or that ends today; as it is where that cannot be.

    A future membership is brought forward to today, not ended.
    """
    if own.is_employed == active:
        return Changed(own)
    today = day_in(zone, now)
    if not active:
        left = (_left(one, today) if one.is_running else one for one in own.memberships)
        return _said(own, tuple(left), zone, now)
    try:
        return _back(own, today, zone, now)
    except Conflict:
        return Changed(own)


def _left(one: Membership, today: date) -> Membership:
    return replace(one, leave_date=max(today, one.join_date))


def _back(own: Employment, today: date, zone: str, now: datetime) -> Changed:
    if not own.memberships:
        return begin(own, today, zone, now)
    *past, newest = own.memberships
    if newest.is_over(zone, now):
        return begin(own, max(today, newest.leave_date or today), zone, now)
    left = past[-1].leave_date if past else None
    wish = Dates({"join_date": max(today, left or today)})
    return change(own, wish, zone, now, lambda _day: 0)


def _said(
    own: Employment, memberships: tuple[Membership, ...], zone: str, now: datetime
) -> Changed:
    if memberships == own.memberships:
        return Changed(own)
    after, facts = settled(replace(own, memberships=memberships, is_assumed=False), zone, now)
    return Changed(after, facts or (CHANGED,))


def _check_follows(last: Membership, join_date: date) -> None:
    if last.leave_date is None:
        raise MembershipRunning
    if join_date < last.leave_date:
        raise MembershipsOverlap(leave_date=last.leave_date)


def _check_may_move(
    own: Employment, newest: Membership, join_date: date, zone: str, now: datetime
) -> None:
    if newest.has_started(zone, now):
        raise MembershipStarted
    if len(own.memberships) > 1:
        _check_follows(own.memberships[-2], join_date)


def _with_shifts(own: Employment, wish: Dates, count_shifts: Callable[[date], int]) -> Employment:
    leave_date = wish.changes.get("leave_date")
    if leave_date is None or wish.future_shifts == "keep":
        return own
    if wish.future_shifts is None:
        if shifts := count_shifts(leave_date):
            raise FutureShiftsUndecided(shifts=shifts)
        return own
    drop_from = min(leave_date, own.drop_shifts_from or leave_date)
    return replace(own, drop_shifts_from=drop_from)
