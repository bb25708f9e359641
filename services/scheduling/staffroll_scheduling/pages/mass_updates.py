"""One change for many employees: chosen in the list, described, watched (R82)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

from flask import Response, request
from wtforms import HiddenField, RadioField, SelectField, StringField
from wtforms.validators import Optional

from staffroll.errors import StaffrollError
from staffroll.ids import UUID_PATTERN
from staffroll.jobs import Job
from staffroll.scope import Scope
from staffroll.search import parse_terms
from staffroll.web.jobs import result_query, results_page
from staffroll.web.pages import Form, Listing, PageGroup, gettext, go, lazy_gettext, page
from staffroll.web.pages.days import DayField
from staffroll_scheduling.actions import mass_updates as actions
from staffroll_scheduling.actions.mass_updates import Chosen
from staffroll_scheduling.api.assignments import NEW_SCHEMAS
from staffroll_scheduling.api.employees import EmployeeQuerySchema, facets_of
from staffroll_scheduling.api.mass_updates import LeavingSchema
from staffroll_scheduling.domain.assignments import Kind
from staffroll_scheduling.domain.mass_updates import (
    EDIT_EMPLOYEES,
    EDIT_MEMBERSHIPS,
    KIND,
    OUTCOMES,
    Change,
    Giving,
)
from staffroll_scheduling.domain.membership import day_in
from staffroll_scheduling.pages.employee import READ, Question
from staffroll_scheduling.pages.units import entries, reached
from staffroll_scheduling.store import Store

_NAMED: Final = 12
"""So many of the chosen employees are named; the others are counted."""

_CHANGES: Final[Mapping[str, Any]] = {
    "leave_date": lazy_gettext("Set a leave date"),
    "planning_unit": lazy_gettext("Put into a planning unit"),
    "contract": lazy_gettext("Give a contract"),
    "skill": lazy_gettext("Give a skill"),
}

_REASONS: Final[Mapping[str, Any]] = {
    "level_unknown": lazy_gettext("The skill has no such level."),
    "memberships_overlap": lazy_gettext("That lies before the last leave date."),
    "overlap": lazy_gettext("They have this already at that time."),
    "skill_missing": lazy_gettext("They lack a skill that this needs all the time."),
    "too_many_assignments": lazy_gettext("They have too many assignments already."),
}
"""Of refusals whose own sentences have something filled in, which a result keeps in English."""


class ChangeForm(Form):
    """Each change needs some of the fields; which, the API's schemas say."""

    change = RadioField(lazy_gettext("What is to change"), validate_choice=False)
    leave_date = DayField(lazy_gettext("Leave date"))
    future_shifts = HiddenField()
    planning_unit_id = SelectField(lazy_gettext("Planning unit"), validate_choice=False)
    priority = StringField(lazy_gettext("Priority"))
    contract_id = SelectField(lazy_gettext("Contract"), validate_choice=False)
    skill_id = SelectField(lazy_gettext("Skill"), validate_choice=False)
    level = StringField(lazy_gettext("Level"))
    valid_from = DayField(lazy_gettext("From"))
    valid_to = DayField(lazy_gettext("First day without it"), validators=[Optional()])

    def offer(self, scope: Scope[Store]) -> None:
        """Fill in what can be chosen."""
        may_end = scope.actor.may(EDIT_MEMBERSHIPS)
        self.change.choices = {
            kind: str(label) for kind, label in _CHANGES.items() if may_end or kind != "leave_date"
        }
        self.planning_unit_id.choices = _named(reached(scope))
        self.contract_id.choices = _named(entries("contract", scope))
        self.skill_id.choices = _named(entries("skill", scope))

    def giving(self) -> Giving:
        """What is given, by the API's rules. Raises `Invalid`."""
        kind = cast(Kind, self.change.data)
        names = [f"{kind}_id", "valid_from", "valid_to"]
        values = {name: self[name].data for name in names if self[name].data}
        number = {"planning_unit": "priority", "skill": "level"}.get(kind)
        if number and (text := (self[number].data or "").strip()):
            values[number] = int(text) if text.isascii() and text.isdigit() else text
        return Giving(kind, self.load(NEW_SCHEMAS[kind], values))


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a mass update is about, as the page says it.

    Attributes:
        names: Of some of them.
        q: What they were searched by; only where a filter chooses.
    """

    chosen: Chosen
    count: int
    names: Sequence[str] = ()
    ids: Sequence[str] = ()
    q: str = ""

    @property
    def others(self) -> int:
        return self.count - len(self.names)


def mass_updates() -> PageGroup:
    """The pages of mass updates."""
    bp = PageGroup("mass_update_pages", __name__)

    @bp.form("/employees/mass-updates/new")
    @bp.needs(EDIT_EMPLOYEES, shows=READ)
    def create(scope: Scope[Store]) -> Response:
        """Whom it is about stands in the address or the form: ids, else the list's filter."""
        target = _target(scope)
        today = day_in(scope.store.directory.house().time_zone, scope.now)
        form = ChangeForm(known={"valid_from": today, "priority": "1", "level": "1"})
        form.offer(scope)
        question = None
        if form.is_good() and target.count:
            with form.refusals():
                change, question = _wished(form, target, scope)
                if change is not None:
                    job = actions.start(target.chosen, change, scope)
                    return go(".show", job_id=job.id)
        return page(
            "mass_updates/new.html", form.status, form=form, target=target, question=question
        )

    @bp.get("/employees/mass-updates/<id:job_id>")
    @bp.needs(EDIT_EMPLOYEES, shows=READ)
    def show(job_id: str, scope: Scope[Store]) -> Response:
        job = actions.get(job_id, scope)
        listing = Listing(result_query(OUTCOMES))
        try:
            found = results_page(scope.store.jobs, KIND, job.id, listing.query)
        except StaffrollError as error:
            listing.refuse(error)
            found = results_page(scope.store.jobs, KIND, job.id, {**listing.query, "cursor": None})
        ids = [result["employee_id"] for result in found["items"]]
        return page(
            "mass_updates/show.html",
            job=job,
            title=_title(job),
            listing=listing,
            results=found["items"],
            total=found["total"],
            next_cursor=found["next_cursor"],
            people=scope.store.records.some(ids),
            reason=_reason,
            stopped=gettext(job.failure.detail) if job.failure else "",
        )

    @bp.does("/employees/mass-updates/<id:job_id>/cancel")
    @bp.needs(EDIT_EMPLOYEES)
    def cancel(job_id: str, scope: Scope[Store]) -> Response:
        """It ends before its next step."""
        actions.cancel(job_id, scope)
        return go(".show", job_id=job_id)

    return bp


def _target(scope: Scope[Store]) -> Target:
    asked = request.values.getlist("employee")
    ids = list(dict.fromkeys(id_ for id_ in asked if UUID_PATTERN.match(id_)))
    if ids:
        found = scope.store.records.some(ids[:_NAMED])
        names = [found[id_].followed.user.name for id_ in ids[:_NAMED] if id_ in found]
        return Target(Chosen(ids), len(ids), names, ids)
    query = Listing(EmployeeQuerySchema).query
    facets, terms = facets_of(query), parse_terms(query["q"])
    if not terms and not facets:
        return Target(Chosen([]), 0)  # nobody changes everybody by leaving something out
    fitting = scope.store.records.page(
        states=["confirmed"], terms=terms, facets=facets, limit=_NAMED
    )
    names = [record.followed.user.name for record in fitting.records]
    return Target(Chosen(None, terms, facets), fitting.total, names, q=query["q"])


def _wished(
    form: ChangeForm, target: Target, scope: Scope[Store]
) -> tuple[Change | None, Question | None]:
    """The change, or what must be said before it is made. Raises `Invalid`."""
    if form.change.data not in (form.change.choices or ()):
        form.change.errors = [gettext("Choose what is to change.")]
        form.status = HTTPStatus.UNPROCESSABLE_ENTITY
        return None, None
    if form.change.data != "leave_date":
        return form.giving(), None
    values = {"leave_date": form.leave_date.data, "future_shifts": form.future_shifts.data}
    leaving = form.load(
        LeavingSchema, {**values, "future_shifts": values["future_shifts"] or "keep"}
    )
    if values["future_shifts"]:
        return leaving, None
    shifts = actions.count_shifts(target.chosen, leaving.leave_date, scope)
    return None, Question(leaving.leave_date, shifts)


def _named(found: Sequence[Any]) -> dict[str, str]:
    return {"": gettext("Please choose"), **{entry.id: entry.name for entry in found}}


def _title(job: Job) -> str:
    """What the job changes."""
    return str(_CHANGES[job.request["change"]["kind"]])


def _reason(result: Mapping[str, Any]) -> str:
    known = _REASONS.get(result["code"])
    return gettext(result["detail"]) if known is None else str(known)
