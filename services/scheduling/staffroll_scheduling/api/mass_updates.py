"""``/v1/mass-updates``: one change for many employees (R82)."""

from __future__ import annotations

from typing import Any, Final, cast

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from staffroll.errors import NotFound
from staffroll.idempotency import IdempotencyKeyReused, Once
from staffroll.ids import UUID_PATTERN
from staffroll.jobs import Job
from staffroll.scope import Scope
from staffroll.search import TooManyTerms, parse_terms
from staffroll.web.jobs import JobResultSchema, JobSchema, result_query, results_page
from staffroll.web.lists import CursorInvalid, SearchText, page_of
from staffroll.web.resource import Resource, stands_at
from staffroll_scheduling.actions import mass_updates as actions
from staffroll_scheduling.actions.mass_updates import Chosen
from staffroll_scheduling.api.assignments import NEW_SCHEMAS
from staffroll_scheduling.api.days import day
from staffroll_scheduling.api.employees import facets_of, planning_unit_filter, status_filter
from staffroll_scheduling.domain.assignments import Kind
from staffroll_scheduling.domain.errors import (
    EntryUnknown,
    LevelUnknown,
    PlanningUnitOutOfReach,
)
from staffroll_scheduling.domain.mass_updates import (
    EMPLOYEES_MAX,
    KIND,
    OUTCOMES,
    Change,
    Giving,
    Leaving,
    NobodyFound,
    TooManyEmployees,
    TooManyMassUpdates,
)
from staffroll_scheduling.store import Store

_CHANGES: Final = ("leave_date", "planning_unit", "contract", "skill")


class EmployeeFilterSchema(Schema):
    """As in the list of employees; conditions combine with *and*, and there is at least one."""

    q = SearchText(load_default="")
    status = status_filter()
    planning_unit = planning_unit_filter()

    @validates_schema
    def _not_empty(self, data: dict[str, Any], **_: object) -> None:
        # So that nobody changes everybody by leaving something out.
        if not any(data.values()):
            raise ValidationError("Name at least one condition.", "body")


class LeavingSchema(Schema):
    """The newest membership ends."""

    leave_date = day("The first day without. Today or past: ends at once.", required=True)
    future_shifts = fields.String(
        required=True,
        validate=validate.OneOf(["delete", "keep"]),
        metadata={"description": "What becomes of the shifts from that day on."},
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> Leaving:
        return Leaving(**data)


class ChangeSchema(Schema):
    """Exactly one change."""

    leave_date = fields.Nested(LeavingSchema)
    planning_unit = fields.Nested(NEW_SCHEMAS["planning_unit"])
    contract = fields.Nested(NEW_SCHEMAS["contract"])
    skill = fields.Nested(NEW_SCHEMAS["skill"])

    @validates_schema
    def _one(self, data: dict[str, Any], **_: object) -> None:
        if len(data) != 1:
            raise ValidationError(f"Name exactly one of {', '.join(_CHANGES)}.", "body")

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> Change:
        [(kind, value)] = data.items()
        return value if isinstance(value, Leaving) else Giving(cast(Kind, kind), value)


class NewMassUpdateSchema(Schema):
    """Whom it is about, either by their ids or by a filter, and what is changed."""

    employees = fields.List(
        fields.String(validate=validate.Regexp(UUID_PATTERN)),
        allow_none=True,
        load_default=None,
        validate=validate.Length(min=1, max=EMPLOYEES_MAX),
        metadata={"description": "Ids."},
    )
    filter = fields.Nested(
        EmployeeFilterSchema,
        allow_none=True,
        load_default=None,
        metadata={"description": "All confirmed employees who fit at this moment."},
    )
    change = fields.Nested(ChangeSchema, required=True)

    @validates_schema
    def _either(self, data: dict[str, Any], **_: object) -> None:
        if (data["employees"] is None) == (data["filter"] is None):
            raise ValidationError("Name either employees or a filter.", "employees")


class MassUpdateSchema(JobSchema):
    """A mass update, and how far it is."""


class MassUpdateResultSchema(JobResultSchema):
    """What became of one employee."""

    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    employee_id = fields.UUID(required=True)
    code = fields.String(metadata={"description": "Why it was refused."})
    detail = fields.String(metadata={"description": "The same, for people."})


def mass_updates() -> Resource:
    """The routes of ``/v1/mass-updates``."""
    bp = Resource("mass-updates", __name__, description="One change for many employees.")
    one = "/mass-updates/<id:job_id>"

    @bp.post("/mass-updates")
    @bp.needs("scheduling.employees:edit")
    @bp.once_only()
    @bp.accepts(NewMassUpdateSchema)
    @bp.answers(
        MassUpdateSchema,
        202,
        refuses=[
            *(IdempotencyKeyReused, TooManyTerms, NobodyFound, TooManyEmployees),
            *(EntryUnknown, LevelUnknown, PlanningUnitOutOfReach, TooManyMassUpdates),
        ],
    )
    def start_mass_update(body: dict[str, Any], scope: Scope[Store], once: Once | None) -> Job:
        """Change many employees in the background: each wholly or not at all, each by the rules
        that hold for one. A leave date also needs `scheduling.memberships:edit`."""
        job = actions.start(_chosen(body), body["change"], scope, once)
        stands_at("get_mass_update", job_id=job.id)
        return job

    @bp.get(one)
    @bp.needs("scheduling.employees:edit")
    @bp.answers(MassUpdateSchema, refuses=[NotFound])
    def get_mass_update(job_id: str, scope: Scope[Store]) -> Job:
        """See how far it is."""
        return actions.get(job_id, scope)

    @bp.get(f"{one}/results")
    @bp.needs("scheduling.employees:edit")
    @bp.asks(result_query(OUTCOMES))
    @bp.answers(page_of(MassUpdateResultSchema), refuses=[NotFound, CursorInvalid])
    def list_mass_update_results(
        query: dict[str, Any], job_id: str, scope: Scope[Store]
    ) -> dict[str, Any]:
        """List what became of each employee, in their order."""
        job = actions.get(job_id, scope)
        return results_page(scope.store.jobs, KIND, job.id, query)

    @bp.delete(one)
    @bp.needs("scheduling.employees:edit")
    @bp.answers(MassUpdateSchema, refuses=[NotFound])
    def cancel_mass_update(job_id: str, scope: Scope[Store]) -> Job:
        """Cancel it; who was changed stays so."""
        return actions.cancel(job_id, scope)

    return bp


def _chosen(body: dict[str, Any]) -> Chosen:
    fitting = body["filter"]
    if fitting is None:
        return Chosen(body["employees"])
    return Chosen(terms=parse_terms(fitting["q"]), facets=facets_of(fitting))
