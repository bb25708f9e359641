"""``/v1/employees``: the employees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import Schema, fields, post_load, validate

from staffroll.following import Actions
from staffroll.ids import UUID_PATTERN
from staffroll.mongo.lists import Facet
from staffroll.web.fields import Line
from staffroll.web.followed import (
    NewRecordSchema,
    RecordChangesSchema,
    RecordQuerySchema,
    RecordSchema,
)
from staffroll.web.records import RecordRoutes, record_routes
from staffroll.web.resource import Resource
from staffroll_scheduling.api.assignments import entry_id, priority
from staffroll_scheduling.api.days import day
from staffroll_scheduling.domain.employees import Employment, is_kept_as_last_admin
from staffroll_scheduling.domain.errors import (
    EntryUnknown,
    Overlap,
    PersonnelNumberTaken,
    PlanningUnitNeeded,
    PlanningUnitOutOfReach,
    PriorityOneNeeded,
)
from staffroll_scheduling.store import STATUS, UNITS

PERSONNEL_NUMBER_MAX_CHARACTERS = 50
_FIRST_UNITS_MAX: Final = 100


def _personnel_number() -> Line:
    return Line(
        max_characters=PERSONNEL_NUMBER_MAX_CHARACTERS,
        validate=validate.Length(min=1),
        metadata={"description": "Unique in the organisation, as `P-7K3QX2MA`."},
    )


class _KeptAsLastAdmin(fields.Boolean):
    def get_value(self, obj: Any, attr: str, accessor: Any = None, default: Any = None) -> bool:
        return is_kept_as_last_admin(obj)


class EmployeeSchema(RecordSchema):
    """An employee."""

    status = fields.String(
        required=True,
        attribute="own.status",
        validate=validate.OneOf(["employed", "not_employed"]),
        metadata={"description": "Whether a staff membership is running."},
    )
    kept_as_last_admin = _KeptAsLastAdmin(
        required=True,
        metadata={
            "description": "The membership has ended, but the user stays active until the "
            "organisation has another admin."
        },
    )
    personnel_number = fields.String(required=True, attribute="own.personnel_number")
    planning_units = fields.List(
        fields.String(),
        required=True,
        attribute="own.planning_units",
        metadata={"description": "Ids of those that are valid now, by priority."},
    )
    join_date = fields.Date(
        required=True,
        allow_none=True,
        attribute="own.join_date",
        metadata={"description": "First day of the newest membership."},
    )
    leave_date = fields.Date(
        required=True,
        allow_none=True,
        attribute="own.leave_date",
        metadata={"description": "First day without; null while the membership is open."},
    )
    future_shifts = fields.Integer(
        required=True,
        attribute="own.future_shifts",
        metadata={"description": "Shifts that are not over, as counted at the beginning of today."},
    )


class FirstUnitSchema(Schema):
    """A planning unit that a new employee is in from the start; loads into id and priority."""

    planning_unit_id = entry_id(required=True)
    priority = priority(load_default=1)

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> tuple[str, int]:
        return data["planning_unit_id"], data["priority"]


class NewEmployeeSchema(NewRecordSchema):
    """A new employee: joins today unless another day is named; a number is generated."""

    personnel_number = _personnel_number()
    planning_units = fields.List(
        fields.Nested(FirstUnitSchema),
        allow_none=True,
        validate=validate.Length(max=_FIRST_UNITS_MAX),
        metadata={
            "description": "Which they are in at once; one of your own where you do not reach all."
        },
    )
    join_date = day("In the employee's time zone; the user is active from then on.")


def status_filter() -> fields.String:
    """Those who are employed, or are not."""
    return fields.String(
        load_default=None,
        validate=validate.OneOf(["employed", "not_employed"]),
        metadata={"description": "Whether a staff membership is running; all where left out."},
    )


def planning_unit_filter() -> fields.List[str]:
    """Those who are in any of these units."""
    return fields.List(
        fields.String(validate=validate.Regexp(UUID_PATTERN, error="This is not a unit's id.")),
        load_default=list,
        validate=validate.Length(max=100),
        metadata={"description": "Repeatable: those who are in at least one of these units now."},
    )


def facets_of(query: Mapping[str, Any]) -> list[Facet]:
    """The filters of a query for employees, the one with the best index first."""
    units, status = query["planning_unit"], query["status"]
    found = [Facet(UNITS, tuple(units))] if units else []
    return [*found, Facet(STATUS, (status,))] if status else found


class EmployeeQuerySchema(RecordQuerySchema):
    """All conditions combine with *and* (R13)."""

    status = status_filter()
    planning_unit = planning_unit_filter()


class EmployeeChangesSchema(RecordChangesSchema):
    """What may be changed of an employee; what is left out stays (JSON Merge Patch)."""

    personnel_number = _personnel_number()


def employees(actions: Actions[Employment]) -> Resource:
    """The routes of ``/v1/employees``."""
    made = RecordRoutes(
        name="employees",
        description="Who is scheduled.",
        permission="scheduling.employees",
        shown=EmployeeSchema,
        new=NewEmployeeSchema,
        changes=EmployeeChangesSchema,
        conflicts=[
            *(PersonnelNumberTaken, PlanningUnitNeeded, PlanningUnitOutOfReach),
            *(EntryUnknown, PriorityOneNeeded, Overlap),
        ],
        query=EmployeeQuerySchema,
        facets=facets_of,
        lost=lambda record: {"future_shifts": record.own.future_shifts},
        lost_as_of=lambda record: {"future_shifts": record.own.counted_at},
    )
    return record_routes(made, actions)
