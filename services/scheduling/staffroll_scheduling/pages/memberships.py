"""Staff Membership of an employee: leave date, join date, back again (R50-R53)."""

from __future__ import annotations

from datetime import date
from typing import Final

from flask import Response, request, url_for

from staffroll.scope import Scope
from staffroll.web.pages import PageGroup, gettext, notice
from staffroll.web.pages.rendering import go_to
from staffroll.web.pages.words import day as shown_day
from staffroll_scheduling.actions import memberships as actions
from staffroll_scheduling.api.memberships import MembershipChangesSchema, NewMembershipSchema
from staffroll_scheduling.domain.errors import FutureShiftsUndecided
from staffroll_scheduling.domain.membership_changes import Dates
from staffroll_scheduling.pages.employee import (
    READ,
    JoinForm,
    LeaveForm,
    Question,
    membership_mark,
    show_employee,
    version_as_seen,
)
from staffroll_scheduling.store import Store

EDIT: Final = "scheduling.memberships:edit"
_MEMBERSHIP: Final = "/employees/<id:employee_id>/membership"


def memberships() -> PageGroup:
    """What can be done about staff memberships; they are shown on the employee's page."""
    bp = PageGroup("membership_pages", __name__)

    @bp.form(f"{_MEMBERSHIP}/leave")
    @bp.needs(EDIT, shows=READ)
    def leave(employee_id: str, scope: Scope[Store]) -> Response:
        """Set or move the leave date; asks what becomes of the shifts after it."""
        form, question = LeaveForm(), None
        if form.is_good():
            with form.refusals():
                wish = form.load(MembershipChangesSchema)
                seen = form.version(actions.find_all(employee_id, scope))
                try:
                    shown = actions.change_newest(employee_id, wish, scope, expected=seen)
                except FutureShiftsUndecided as error:
                    question = Question(wish.changes["leave_date"], int(str(error.data["shifts"])))
                else:
                    _say_of_leaving(
                        wish.changes["leave_date"], has_left=shown.membership.ended_at is not None
                    )
                    return _back_to(employee_id)
        record = actions.find_all(employee_id, scope)
        return show_employee(record, scope, form.status, leave_form=form, question=question)

    @bp.does(f"{_MEMBERSHIP}/stay")
    @bp.needs(EDIT)
    def stay(employee_id: str, scope: Scope[Store]) -> Response:
        """Take a leave date back that has not come."""
        record = actions.find_all(employee_id, scope)
        seen = version_as_seen(request.form.get("seen"), membership_mark(record), record)
        actions.change_newest(employee_id, Dates({"leave_date": None}), scope, expected=seen)
        notice(gettext("The leave date is taken back."))
        return _back_to(employee_id)

    @bp.form(f"{_MEMBERSHIP}/join")
    @bp.needs(EDIT, shows=READ)
    def join(employee_id: str, scope: Scope[Store]) -> Response:
        """Move the join date of a membership that has not begun."""
        form = JoinForm()
        if form.is_good():
            with form.refusals():
                wish = form.load(MembershipChangesSchema)
                seen = form.version(actions.find_all(employee_id, scope))
                actions.change_newest(employee_id, wish, scope, expected=seen)
                _say_of_joining(wish.changes["join_date"])
                return _back_to(employee_id)
        record = actions.find_all(employee_id, scope)
        return show_employee(record, scope, form.status, join_form=form)

    @bp.form(f"{_MEMBERSHIP}/begin")
    @bp.needs(EDIT, shows=READ)
    def begin(employee_id: str, scope: Scope[Store]) -> Response:
        """Reactivate: a new membership (R52)."""
        form = JoinForm()
        if form.is_good():
            with form.refusals():
                join_date = form.load(NewMembershipSchema)["join_date"]
                seen = form.version(actions.find_all(employee_id, scope))
                actions.begin(employee_id, join_date, scope, expected=seen)
                _say_of_joining(join_date)
                return _back_to(employee_id)
        record = actions.find_all(employee_id, scope)
        return show_employee(record, scope, form.status, join_form=form)

    return bp


def _say_of_leaving(leave_date: date, *, has_left: bool) -> None:
    text = gettext("The leave date is %(day)s.", day=shown_day(leave_date).striptags())
    if has_left:
        text += " " + gettext("The staff membership has ended.")
    notice(text)


def _say_of_joining(join_date: date) -> None:
    notice(gettext("The join date is %(day)s.", day=shown_day(join_date).striptags()))


def _back_to(employee_id: str) -> Response:
    address = url_for("employee_pages.show", employee_id=employee_id, _anchor="membership")
    return go_to(address)
