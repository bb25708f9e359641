"""WFM › Employees: the list, creating, one employee, deleting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Response, request
from wtforms import SelectField, StringField
from wtforms.validators import Optional

from staffroll.errors import StaffrollError
from staffroll.mongo.records import RecordPage
from staffroll.scope import Scope
from staffroll.search import parse_terms
from staffroll.web.lists import Position
from staffroll.web.pages import (
    Listing,
    PageGroup,
    gettext,
    go,
    lazy_gettext,
    notice,
    page,
    refused,
)
from staffroll.web.pages.days import DayField
from staffroll.web.pages.followed import (
    WAIT_SECONDS,
    DeleteForm,
    HumanForm,
    delete,
    listed_name,
    say_of_creation,
    sync_of,
)
from staffroll.web.records import DELETE
from staffroll_scheduling.actions.employees import EmployeeActions
from staffroll_scheduling.api.employees import (
    EmployeeChangesSchema,
    EmployeeQuerySchema,
    NewEmployeeSchema,
    facets_of,
)
from staffroll_scheduling.domain.employees import Employee, Employment
from staffroll_scheduling.pages import units
from staffroll_scheduling.pages.employee import (
    READ,
    EmployeeForm,
    NumberForm,
    show_employee,
)
from staffroll_scheduling.store import Store

EDIT: Final = "scheduling.employees:edit"

_OF_USER: Final = ("last_name", "first_name", "email", "language", "time_zone")


class NewEmployeeForm(HumanForm):
    personnel_number = StringField(lazy_gettext("Personnel number"), validators=[Optional()])
    join_date = DayField(lazy_gettext("Join date"), validators=[Optional()])
    planning_units = SelectField(
        lazy_gettext("Planning unit"), validators=[Optional()], validate_choice=False
    )

    def values(self) -> dict[str, Any]:
        """In the names of the API."""
        names = (*_OF_USER, "personnel_number", "join_date")
        found: dict[str, Any] = {name: self[name].data for name in names if self[name].data}
        if self.planning_units.data:
            found["planning_units"] = [{"planning_unit_id": self.planning_units.data}]
        return found


class CorrectionForm(HumanForm, EmployeeForm):
    """What accounts refused, to be corrected and sent again (R6)."""

    personnel_number = StringField(lazy_gettext("Personnel number"))

    def values(self) -> dict[str, Any]:
        """In the names of the API; what was left out at creation may stay so."""
        chosen = ("language", "time_zone")
        return {
            name: self[name].data or ""
            for name in (*_OF_USER, "personnel_number")
            if self[name].data or name not in chosen
        }


@dataclass(frozen=True, slots=True)
class Row:
    """An employee as the list shows them."""

    record: Employee
    units: list[str]

    @property
    def name(self) -> str:
        return listed_name(self.record.followed.user)

    @property
    def sync(self) -> str:
        return sync_of(self.record.followed)


def employees(actions: EmployeeActions) -> PageGroup:
    """The pages of employees."""
    bp = PageGroup("employee_pages", __name__)

    @bp.get("/employees")
    @bp.needs(READ)
    def show_list(scope: Scope[Store]) -> Response:
        listing = Listing(EmployeeQuerySchema)
        try:
            found = _find(actions, listing.query, scope)
        except StaffrollError as error:
            listing.refuse(error)
            found = _find(actions, {**listing.query, "q": "", "cursor": None}, scope)
        known = units.reached(scope)
        return page(
            "employees/list.html",
            listing=listing,
            found=found,
            rows=_rows(found.records, scope),
            units=known,
            chosen=[unit for unit in known if unit.id in listing.query["planning_unit"]],
            next_cursor=Position(*found.end).to_cursor() if found.end else None,
            is_choosing=request.args.get("window") == "units",
        )

    @bp.form("/employees/new")
    @bp.needs(EDIT)
    def create(scope: Scope[Store]) -> Response:
        form = NewEmployeeForm()
        form.offer(scope)
        none = {} if scope.actor.planning_units is not None else {"": gettext("None yet")}
        known = {unit.id: unit.name for unit in units.reached(scope)}
        form.planning_units.choices = {**none, **known}
        if form.is_good():
            with form.refusals():
                new, own = form.load(NewEmployeeSchema, form.values())
                answer = actions.wait(actions.create(new, own, scope), scope, WAIT_SECONDS)
                say_of_creation(answer)
                return go(".show", employee_id=answer.record.id)
        return page("employees/new.html", form.status, form=form)

    @bp.get("/employees/<id:employee_id>")
    @bp.needs(READ)
    def show(employee_id: str, scope: Scope[Store]) -> Response:
        record = actions.get(employee_id, scope)
        if record.followed.state == "rejected" and scope.actor.may(EDIT):
            form = CorrectionForm(known=_known(record))
            form.offer(scope)
            return _show_refused(record, form)
        return show_employee(record, scope, window=request.args.get("window", ""))

    @bp.form("/employees/<id:employee_id>/number")
    @bp.needs(EDIT, shows=READ)
    def change_number(employee_id: str, scope: Scope[Store]) -> Response:
        form = NumberForm()
        if form.is_good():
            with form.refusals():
                _, own = form.load(EmployeeChangesSchema)
                record = actions.get(employee_id, scope)
                actions.edit(employee_id, {}, own, scope, expected=form.version(record))
                notice(gettext("Saved."))
                return go(".show", employee_id=employee_id)
        record = actions.get(employee_id, scope)
        return show_employee(record, scope, form.status, number_form=form)

    @bp.form("/employees/<id:employee_id>/correct")
    @bp.needs(EDIT, shows=READ)
    def correct(employee_id: str, scope: Scope[Store]) -> Response:
        """Send what accounts refused once more."""
        form = CorrectionForm()
        if form.is_good():
            with form.refusals():
                of_user, own = form.load(EmployeeChangesSchema, form.values())
                seen = form.version(actions.get(employee_id, scope))
                answer = actions.edit(employee_id, of_user, own, scope, expected=seen)
                say_of_creation(actions.wait(answer, scope, WAIT_SECONDS))
                return go(".show", employee_id=employee_id)
        record = actions.get(employee_id, scope)
        if record.followed.state != "rejected":
            return go(".show", employee_id=employee_id)
        form.offer(scope)
        return _show_refused(record, form)

    @bp.does("/employees/<id:employee_id>/discard")
    @bp.needs(EDIT, shows=READ)
    def discard(employee_id: str, scope: Scope[Store]) -> Response:
        """Forget one whom accounts refused to make."""
        name = actions.get(employee_id, scope).followed.user.name
        actions.discard(employee_id, scope, expected=None)
        notice(gettext("%(name)s is discarded.", name=name))
        return go(".show_list")

    @bp.form("/employees/<id:employee_id>/delete")
    @bp.needs(DELETE, shows=READ, fresh=True)
    def delete_employee(employee_id: str, scope: Scope[Store]) -> Response:
        record = actions.get(employee_id, scope)
        form = DeleteForm(record.followed.user)
        if form.is_good():
            with form.refusals():
                if delete(employee_id, actions, scope):
                    return go(".show_list")
                return go(".show", employee_id=employee_id)
        return show_employee(record, scope, form.status, delete_form=form, window="delete")

    @bp.does("/employees/<id:employee_id>/deletion/dismiss")
    @bp.needs(DELETE)
    def dismiss_deletion(employee_id: str, scope: Scope[Store]) -> Response:
        """Forget a deletion that accounts refused."""
        actions.dismiss_deletion(employee_id, scope, expected=None)
        return go(".show", employee_id=employee_id)

    return bp


def _find(
    actions: EmployeeActions, query: Mapping[str, Any], scope: Scope[Store]
) -> RecordPage[Employment]:
    after = Position.from_cursor(query["cursor"]) if query["cursor"] else None
    return actions.find_page(
        scope,
        state=query["state"],
        terms=parse_terms(query["q"]),
        facets=facets_of(query),
        after=(after.sort, after.id) if after else None,
        limit=query["limit"],
    )


def _rows(records: list[Employee], scope: Scope[Store]) -> list[Row]:
    wanted = {unit for record in records for unit in record.own.planning_units}
    names = scope.store.catalogues.names(wanted)
    return [
        Row(record, [names[id_] for id_ in record.own.planning_units if id_ in names])
        for record in records
    ]


def _known(record: Employee) -> dict[str, Any]:
    user = record.followed.user
    of_user = {name: getattr(user, name) for name in _OF_USER}
    return {**of_user, "personnel_number": record.own.personnel_number}


def _show_refused(record: Employee, form: CorrectionForm) -> Response:
    """What accounts refused, with why at the fields, unless other mistakes stand there."""
    form.seen.data = form.mark(record)
    if not form.problems and not form.errors and record.followed.rejection is not None:
        refused.show_at(form, record.followed.rejection)
    return page("employees/refused.html", form.status, employee=record, form=form)
