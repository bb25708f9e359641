"""``/v1/employees``: the employees."""

from __future__ import annotations

from marshmallow import fields, validate

from staffroll.following import Actions
from staffroll.web.fields import Line
from staffroll.web.followed import NewRecordSchema, RecordChangesSchema, RecordSchema
from staffroll.web.records import RecordRoutes, record_routes
from staffroll.web.resource import Resource
from staffroll_scheduling.domain.employees import Employment
from staffroll_scheduling.domain.errors import PersonnelNumberTaken

PERSONNEL_NUMBER_MAX_CHARACTERS = 50


def _personnel_number() -> Line:
    return Line(
        max_characters=PERSONNEL_NUMBER_MAX_CHARACTERS,
        validate=validate.Length(min=1),
        metadata={"description": "Unique in the organisation, as `P-7K3QX2MA`."},
    )


class EmployeeSchema(RecordSchema):
    """An employee."""

    personnel_number = fields.String(required=True, attribute="own.personnel_number")
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


class NewEmployeeSchema(NewRecordSchema):
    """A new employee: joins today unless another day is named; a number is generated."""

    personnel_number = _personnel_number()
    join_date = fields.Date(
        metadata={"description": "In the employee's time zone; the user is active from then on."}
    )


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
        conflicts=[PersonnelNumberTaken],
    )
    return record_routes(made, actions)
