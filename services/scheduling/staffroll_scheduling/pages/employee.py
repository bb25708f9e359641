"""The page of one employee, which several modules show: each with the form that it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from flask import Response
from wtforms import HiddenField, StringField

from staffroll.errors import Stale
from staffroll.scope import Scope
from staffroll.web.pages import Form, lazy_gettext, page, refused
from staffroll.web.pages.days import DayField, Filled
from staffroll.web.pages.followed import DeleteForm, sync_of
from staffroll_scheduling.domain.employees import Employee, is_kept_as_last_admin
from staffroll_scheduling.domain.membership import Membership, day_in
from staffroll_scheduling.store import Store

READ: Final = "scheduling.employees:read"


class EmployeeForm(Form):
    """A form about an employee, with a mark of what of them its reader saw: what somebody else
    changed meanwhile is not overwritten, and what has nothing to do with it does not disturb."""

    seen = HiddenField()

    @classmethod
    def mark(cls, record: Employee) -> str:
        """What must not have changed since."""
        return str(record.version)

    def version(self, record: Employee) -> int:
        """The version to change, which is still as it was seen.

        Raises:
            Stale.
        """
        return version_as_seen(self.seen.data, self.mark(record), record)


def version_as_seen(seen: str | None, mark: str, record: Employee) -> int:
    """The version of the record, if its mark was seen.

    Raises:
        Stale.
    """
    if seen != mark:
        raise Stale
    return record.version


class NumberForm(EmployeeForm):
    personnel_number = StringField(lazy_gettext("Personnel number"))

    @classmethod
    def mark(cls, record: Employee) -> str:
        return record.own.personnel_number


def membership_mark(record: Employee) -> str:
    """Of the newest membership and how many there are."""
    own = record.own
    return f"{len(own.memberships)} {own.join_date} {own.leave_date}"


class _MembershipForm(EmployeeForm):
    @classmethod
    def mark(cls, record: Employee) -> str:
        return membership_mark(record)


class LeaveForm(_MembershipForm):
    leave_date = DayField(lazy_gettext("Leave date"), validators=[Filled()])
    future_shifts = HiddenField()


class JoinForm(_MembershipForm):
    join_date = DayField(lazy_gettext("Join date"), validators=[Filled()])


@dataclass(frozen=True, slots=True)
class Question:
    """What must be said of shifts before a leave date is set (R51)."""

    leave_date: date
    shifts: int


@dataclass(frozen=True, slots=True)
class Standing:
    """An employee's memberships, and what can be done about them today in their zone.

    Attributes:
        newest: None where there never was one.
    """

    employee: Employee
    today: date
    newest: Membership | None
    has_started: bool
    is_over: bool

    @classmethod
    def of(cls, record: Employee, scope: Scope[Store]) -> Standing:
        zone, now = record.followed.user.time_zone, scope.now
        newest = record.own.memberships[-1] if record.own.memberships else None
        return cls(
            record,
            day_in(zone, now),
            newest,
            has_started=newest is not None and newest.has_started(zone, now),
            is_over=newest is None or newest.is_over(zone, now),
        )

    @property
    def is_kept_as_last_admin(self) -> bool:
        return is_kept_as_last_admin(self.employee)

    @property
    def first_day_back(self) -> date:
        """On which a new membership can begin: today, unless the last one ends later (R52)."""
        left = self.newest.leave_date if self.newest else None
        return max(self.today, left or self.today)


def show_employee(
    record: Employee,
    scope: Scope[Store],
    status: int = 200,
    *,
    number_form: NumberForm | None = None,
    leave_form: LeaveForm | None = None,
    join_form: JoinForm | None = None,
    delete_form: DeleteForm | None = None,
    question: Question | None = None,
    window: str = "",
) -> Response:
    """The page, with the form that was sent as it was typed, and the others as things are.

    Args:
        question: To be answered before the leave date of `leave_form` is set.
        window: The one that is open.
    """
    standing = Standing.of(record, scope)
    newest = standing.newest
    number_form = number_form or NumberForm(
        sent=False, known={"personnel_number": record.own.personnel_number}
    )
    leave_form = leave_form or LeaveForm(
        sent=False, known={"leave_date": newest.leave_date if newest else None}
    )
    if join_form is None:
        day = standing.first_day_back if standing.is_over else newest and newest.join_date
        join_form = JoinForm(sent=False, known={"join_date": day})
    for form in (number_form, leave_form, join_form):
        form.seen.data = form.mark(record)
    units = scope.store.catalogues.names(record.own.planning_units)
    return page(
        "employees/show.html",
        status,
        employee=record,
        standing=standing,
        sync=sync_of(record.followed),
        units=[units[id_] for id_ in record.own.planning_units if id_ in units],
        number_form=number_form,
        leave_form=leave_form,
        join_form=join_form,
        delete_form=delete_form or DeleteForm(record.followed.user, sent=False),
        membership_mark=membership_mark(record),
        question=question,
        window=window,
        why=refused.why,
    )
