"""Employees: what scheduling owns of a human, and what it says of it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from staffroll.events import EmployeeState, UserState
from staffroll.records import Record
from staffroll_scheduling.domain.membership import Membership, day_in

SOURCE: Final = "scheduling"


@dataclass(frozen=True, slots=True)
class Employment:
    """What scheduling owns of a human.

    Attributes:
        personnel_number: Unique in the tenant (R7); empty once erased.
        memberships: Oldest first, never overlapping (R53).
        is_assumed: The membership was not set here but concluded from the user, and
            follows it until somebody sets one.
    """

    personnel_number: str = ""
    memberships: tuple[Membership, ...] = ()
    is_assumed: bool = False

    @property
    def join_date(self) -> date | None:
        """Of the newest membership."""
        return self.memberships[-1].join_date if self.memberships else None

    @property
    def leave_date(self) -> date | None:
        """Of the newest membership."""
        return self.memberships[-1].leave_date if self.memberships else None

    def is_employed_on(self, day: date) -> bool:
        return any(membership.runs_on(day) for membership in self.memberships)


Employee = Record[Employment]


class EmployeeRules:
    """Scheduling as a place that follows accounts; see `staffroll.records.Place`."""

    name: Final = SOURCE
    created: Final = "employee.created"
    updated: Final = "employee.updated"
    erased: Final = Employment()

    def begin(
        self, id_: str, own: Mapping[str, Any], zone: str, now: datetime, nth: int
    ) -> Employment:
        """Joins today in their zone unless another day was named. Source: R7."""
        join_date = own.get("join_date") or day_in(zone, now)
        return Employment(
            personnel_number=own.get("personnel_number") or generated_number(id_, nth),
            memberships=(Membership(join_date),),
        )

    def begins_active(self, own: Employment, zone: str, now: datetime) -> bool:
        """Deactivated until a future join date. Source: R7."""
        return own.is_employed_on(day_in(zone, now))

    def heard(self, id_: str, own: Employment | None, user: UserState, nth: int) -> Employment:
        """Joined when the user was created; a deactivated one has no running membership.

        Concluded anew from each newer state until somebody sets a membership here, so that
        news in any order ends the same.
        """
        if own is None:
            own = Employment(personnel_number=generated_number(id_, nth), is_assumed=True)
        if not own.is_assumed:
            return own
        return replace(own, memberships=_concluded(user))

    def edited(self, own: Employment, changes: Mapping[str, Any]) -> Employment:
        return replace(own, **changes)

    def state(self, record: Employee, now: datetime) -> EmployeeState:
        if record.followed.is_deleted:
            return EmployeeState(status="deleted")
        own = record.own
        today = day_in(record.followed.user.time_zone, now)
        return EmployeeState(
            status="employed" if own.is_employed_on(today) else "not_employed",
            personnel_number=own.personnel_number,
            join_date=own.join_date,
            leave_date=own.leave_date,
        )


RULES: Final = EmployeeRules()


def generated_number(id_: str, nth: int) -> str:
    """A personnel number such as ``P-7K3QX2MA``: always the same for an id and `nth`.

    Source: R7.
    """
    digest = hashlib.blake2b(f"{id_}:{nth}".encode(), digest_size=5).digest()
    return f"P-{base64.b32encode(digest).decode()}"


def _concluded(user: UserState) -> tuple[Membership, ...]:
    if user.status != "active":
        return ()
    created_at = datetime.fromisoformat(user.created_at)
    return (Membership(day_in(user.time_zone, created_at)),)
