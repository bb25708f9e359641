"""``/v1/employees/{id}/availabilities``: when somebody can work (R81)."""

from __future__ import annotations

from datetime import time
from typing import Any

from marshmallow import Schema, fields, post_load, validate

from staffroll.errors import NotFound, OutboxFull
from staffroll.followed import NotConfirmed
from staffroll.scope import Scope
from staffroll.web.resource import Resource
from staffroll_scheduling.actions import assignments as actions
from staffroll_scheduling.domain.availability import AVAILABILITIES_MAX, WEEKDAYS, Availability
from staffroll_scheduling.domain.employees import Employee
from staffroll_scheduling.domain.errors import AvailabilitiesOverlap
from staffroll_scheduling.store import Store

_PATH = "/employees/<id:employee_id>/availabilities"


class _Clock(fields.String):
    """A time of the day in whole minutes, such as ``08:30``."""

    def __init__(self, description: str, **kwargs: Any) -> None:
        super().__init__(
            validate=validate.Regexp(r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)"),
            metadata={"description": description},
            required=True,
            **kwargs,
        )

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> str:
        moment: time = value
        return moment.isoformat("minutes")


class AvailabilitySchema(Schema):
    """A time of the week, in the employee's time zone."""

    weekday = fields.String(required=True, validate=validate.OneOf(WEEKDAYS))
    starts = _Clock("When it begins.", data_key="from")
    ends = _Clock(
        "When it ends: on the next day where not after `from`; the same: 24 hours.",
        data_key="to",
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> Availability:
        starts, ends = time.fromisoformat(data["starts"]), time.fromisoformat(data["ends"])
        return Availability(data["weekday"], starts, ends)


class AvailabilitiesSchema(Schema):
    """All times of the week at which an employee can work."""

    items = fields.List(
        fields.Nested(AvailabilitySchema),
        required=True,
        attribute="own.availabilities",
        validate=validate.Length(max=AVAILABILITIES_MAX),
    )


class NewAvailabilitiesSchema(Schema):
    """Instead of all that there were; they do not overlap."""

    items = fields.List(
        fields.Nested(AvailabilitySchema),
        required=True,
        validate=validate.Length(max=AVAILABILITIES_MAX),
    )


def availabilities() -> Resource:
    """The routes of ``/v1/employees/{id}/availabilities``."""
    bp = Resource("availabilities", __name__, description="When employees can work.")

    @bp.get(_PATH)
    @bp.needs("scheduling.employees:read")
    @bp.answers(AvailabilitiesSchema, refuses=[NotFound], with_etag=True)
    def list_availabilities(employee_id: str, scope: Scope[Store]) -> Employee:
        """The times of the week at which an employee can work, from Monday on."""
        return scope.store.records.get(employee_id)

    @bp.put(_PATH)
    @bp.needs("scheduling.employees:edit")
    @bp.expects_version()
    @bp.accepts(NewAvailabilitiesSchema)
    @bp.answers(
        AvailabilitiesSchema,
        refuses=[NotFound, NotConfirmed, OutboxFull, AvailabilitiesOverlap],
        with_etag=True,
    )
    def set_availabilities(
        body: dict[str, Any], employee_id: str, scope: Scope[Store], expected: int | None
    ) -> Employee:
        """Set all of them at once."""
        return actions.set_availabilities(employee_id, body["items"], scope, expected=expected)

    return bp
