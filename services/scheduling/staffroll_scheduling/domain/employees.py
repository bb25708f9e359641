"""Employees: what scheduling owns of a human, and what it says of it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from staffroll.events import EmployeeState, UserState
from staffroll.records import Record
from staffroll_scheduling.domain.assignments import (
    NOTHING_NEEDED,
    Assignment,
    checked,
    current_units,
)
from staffroll_scheduling.domain.availability import Availability
from staffroll_scheduling.domain.membership import Membership, day_in, has_come, is_employed
from staffroll_scheduling.domain.stays import Stay, beyond, left_over, stays
from staffroll_scheduling.domain.weeks import WeekChange

SOURCE: Final = "scheduling"

ANSWERED_WITHIN: Final = timedelta(hours=1)
"""Whoever is deactivated so soon after the end of their membership was not kept as the last
admin: accounts had yet to answer."""


@dataclass(frozen=True, slots=True)
class CalendarAddress:
    """A secret address under which somebody's shifts can be read as a calendar.

    Attributes:
        hash: Of the secret; the secret itself is shown once and not kept.
    """

    hash: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Employment:
    """What scheduling owns of a human.

    Attributes:
        personnel_number: Unique in the tenant (R7); empty once erased.
        memberships: Oldest first, never overlapping (R53).
        answered_wish: The number of the newest wish of accounts about them that was answered.
        is_assumed: The membership was not set here but concluded from the user, and
            follows it until somebody sets one.
        drop_shifts_from: From this day on shifts are to be removed, as was decided with the
            leave date (R51); None where none are, or when that is done.
        tell_again_at: When accounts is told again that a membership has started or ended,
            unless the user follows until then.
        told_again: How often it was told again.
        assignments: What they have out of the catalogues, and when (R80).
        planning_units: Those that are valid now, by priority, as was told last.
        availabilities: When they can work, in the order of the week (R81).
        future_shifts: How many shifts were not over at `counted_at`.
        counted_at: None while there are none.
        unapplied: Changes of shifts that are decided with this very write; they wait in the
            employee's document and are not read back with it.
        calendar: Their secret calendar address; None where they have none.
        spent: Idempotency-Keys, as kept, of shifts and assignments that are gone again.
        counted: When they were active though no membership says so any more: kept as the last
            admin, followed, or by now deleted; as long as billing needs it (R55).
    """

    personnel_number: str = ""
    memberships: tuple[Membership, ...] = ()
    answered_wish: int = 0
    is_assumed: bool = False
    drop_shifts_from: date | None = None
    tell_again_at: datetime | None = None
    told_again: int = 0
    assignments: tuple[Assignment, ...] = ()
    planning_units: tuple[str, ...] = ()
    availabilities: tuple[Availability, ...] = ()
    future_shifts: int = 0
    counted_at: datetime | None = None
    unapplied: tuple[WeekChange, ...] = ()
    calendar: CalendarAddress | None = None
    spent: tuple[Mapping[str, Any], ...] = ()
    counted: tuple[Stay, ...] = ()

    @property
    def join_date(self) -> date | None:
        """Of the newest membership."""
        return self.memberships[-1].join_date if self.memberships else None

    @property
    def leave_date(self) -> date | None:
        """Of the newest membership."""
        return self.memberships[-1].leave_date if self.memberships else None

    @property
    def is_employed(self) -> bool:
        """Whether a membership is running, as far as was said."""
        return is_employed(self.memberships)

    @property
    def status(self) -> Literal["employed", "not_employed"]:
        """As it is told."""
        return "employed" if self.is_employed else "not_employed"

    def is_employed_on(self, day: date) -> bool:
        """Whether `day` lies in a membership by its dates."""
        return any(membership.runs_on(day) for membership in self.memberships)


Employee = Record[Employment]


class EmployeeRules:
    """Scheduling as a place that follows accounts; see `staffroll.records.Place`."""

    name: Final = SOURCE
    created: Final = "employee.created"
    updated: Final = "employee.updated"

    def begin(
        self, id_: str, own: Mapping[str, Any], zone: str, now: datetime, nth: int
    ) -> Employment:
        """Joins today in their zone unless another day was named. Source: R7.

        Planning units that are asked for are valid at once, so that who named them sees the
        employee (R73), or from the join date on where that is past.
        """
        today = day_in(zone, now)
        join_date = own.get("join_date") or today
        started_at = now if has_come(join_date, zone, now) else None
        units = own.get("planning_units") or ()
        first = tuple(replace(unit, valid_from=min(join_date, today)) for unit in units)
        begun = Employment(
            personnel_number=own.get("personnel_number") or generated_number(id_, nth),
            memberships=(Membership(join_date, started_at=started_at),),
            assignments=checked((), first, NOTHING_NEEDED, today),
        )
        return with_current_units(begun, zone, now)

    def begins_active(self, own: Employment, zone: str, now: datetime) -> bool:
        """Deactivated until a future join date. Source: R7."""
        return own.is_employed or any(
            one.leave_date is None and has_come(one.join_date, zone, now) for one in own.memberships
        )

    def heard(
        self, id_: str, record: Employee | None, user: UserState, nth: int, now: datetime
    ) -> Employment:
        """Joined when the user was created; a deactivated one has no running membership.

        Concluded anew from each newer state until somebody sets a membership here, so that
        news in any order ends the same.
        """
        if record is None:
            own = Employment(personnel_number=generated_number(id_, nth), is_assumed=True)
        else:
            own = _let_go(record, user, now)
        if own.calendar is not None and user.status != "active":
            own = replace(own, calendar=None)  # ends as sessions and tokens do (R51)
        if not own.is_assumed:
            return own
        return replace(own, memberships=_concluded(user))

    def buried(self, record: Employee | None, now: datetime) -> Employment:
        """Nothing but moments, for the month that is not billed yet. Source: R55, R61."""
        if record is None or record.followed.state != "confirmed":
            return Employment()
        own = with_time_kept(record, record.own, now)
        known = stays(own.memberships, record.followed.user.time_zone)
        return Employment(counted=left_over((*known, *own.counted), now))

    def edited(self, own: Employment, changes: Mapping[str, Any]) -> Employment:
        return replace(own, **changes)

    def state(self, record: Employee, now: datetime) -> EmployeeState:
        if record.followed.is_deleted:
            return EmployeeState(status="deleted")
        own = record.own
        return EmployeeState(
            status=own.status,
            personnel_number=own.personnel_number,
            join_date=own.join_date,
            leave_date=own.leave_date,
            planning_units=list(own.planning_units),
            future_shifts=own.future_shifts,
            answered_wish=own.answered_wish,
        )


RULES: Final = EmployeeRules()


def is_kept_as_last_admin(record: Employee) -> bool:
    """Whether the user of somebody without membership stays active: the tenant has no other
    admin, or accounts has not yet answered. Source: R16."""
    user = record.followed.user
    is_over = record.followed.state == "confirmed" and not record.own.is_employed
    return is_over and user.is_active and user.is_admin


def active_stays(record: Employee) -> tuple[Stay, ...]:
    """When the employee was active, in order: by their memberships, while they were or are kept
    as the last admin, and as was counted. Source: R16, R55."""
    own, zone = record.own, record.followed.user.time_zone
    kept = beyond(own.memberships, zone, None) if is_kept_as_last_admin(record) else ()
    known = (*stays(own.memberships, zone), *own.counted, *kept)
    return tuple(sorted(known, key=lambda stay: stay.begins_at))


def with_time_kept(record: Employee, own: Employment, now: datetime) -> Employment:
    """`own` of a record that is to be kept as the last admin no longer, with the time counted in
    which it was; as it is where it was not. Source: R55."""
    memberships = record.own.memberships
    ended = [one.ended_at for one in memberships if one.ended_at is not None]
    if not is_kept_as_last_admin(record) or not ended or now - ended[-1] <= ANSWERED_WITHIN:
        return own
    kept = beyond(own.memberships, record.followed.user.time_zone, now)
    return replace(own, counted=left_over((*own.counted, *kept), now))


def with_current_units(own: Employment, zone: str, now: datetime) -> Employment:
    """The employment with the planning units that are valid now; to be called when it changes."""
    units = tuple(current_units(own.assignments, day_in(zone, now)))
    return own if units == own.planning_units else replace(own, planning_units=units)


def generated_number(id_: str, nth: int) -> str:
    """A personnel number such as ``P-7K3QX2MA``: always the same for an id and `nth`.

    Source: R7.
    """
    digest = hashlib.blake2b(f"{id_}:{nth}".encode(), digest_size=5).digest()
    return f"P-{base64.b32encode(digest).decode()}"


def _let_go(record: Employee, user: UserState, now: datetime) -> Employment:
    """The own part after news of the user, with what is not to be forgotten of when they were
    active, whatever becomes of their memberships."""
    own = record.own
    if user.status != "active" and own.is_assumed and own.is_employed:
        known = stays(own.memberships, record.followed.user.time_zone)
        return replace(own, counted=left_over((*own.counted, *known), now))
    if user.status == "active" and user.is_admin:
        return own
    return with_time_kept(record, own, now)


def _concluded(user: UserState) -> tuple[Membership, ...]:
    if user.status != "active":
        return ()
    created_at = datetime.fromisoformat(user.created_at)
    joined = day_in(user.time_zone, created_at)
    # It started when the user came to be, which was told by whoever made the user.
    return (Membership(joined, started_at=created_at),)
