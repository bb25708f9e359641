"""``/v1/employees/{id}/memberships``: when somebody belongs to the staff (R50-R53)."""

from __future__ import annotations

from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from staffroll.errors import FieldError, NotFound, OutboxFull
from staffroll.followed import NotConfirmed
from staffroll.idempotency import IdempotencyKeyReused, Once
from staffroll.scope import Scope
from staffroll.web.resource import Resource, stands_at
from staffroll_scheduling.actions import memberships as actions
from staffroll_scheduling.actions.memberships import Shown
from staffroll_scheduling.api.days import day
from staffroll_scheduling.domain.errors import (
    FutureShiftsUndecided,
    LeaveBeforeJoin,
    MembershipEnded,
    MembershipRunning,
    MembershipsOverlap,
    MembershipStarted,
    NoMembership,
    TooManyMemberships,
)
from staffroll_scheduling.domain.membership_changes import Dates
from staffroll_scheduling.store import Store

_PATH = "/employees/<id:employee_id>/memberships"


class MembershipSchema(Schema):
    """One period of belonging to the staff, in the employee's time zone."""

    join_date = fields.Date(required=True, metadata={"description": "The first day."})
    leave_date = fields.Date(
        required=True,
        allow_none=True,
        metadata={"description": "The first day without; null while it is open."},
    )
    started_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When it was said that it has started; null before."},
    )
    ended_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When it was said that it has ended; null before."},
    )


class MembershipsSchema(Schema):
    """All memberships of an employee, the oldest first."""

    items = fields.List(fields.Nested(MembershipSchema), required=True, attribute="own.memberships")


class ShownMembershipSchema(MembershipSchema):
    """One membership."""

    def get_attribute(self, obj: Shown, attr: str, default: Any) -> Any:
        return super().get_attribute(obj.membership, attr, default)


class NewMembershipSchema(Schema):
    """A new membership."""

    join_date = day("Not before the last leave date. Today or past: starts at once.", required=True)


class MembershipChangesSchema(Schema):
    """What may be changed of the newest membership; what is left out stays.

    Loads into `Dates`.
    """

    join_date = day("May move until it has come; not before the last leave date.")
    leave_date = day(
        "The first day without. Today or past: ends at once; null takes a future one back.",
        allow_none=True,
    )
    future_shifts = fields.String(
        validate=validate.OneOf(["delete", "keep"]),
        metadata={
            "description": "What becomes of the shifts that start on the leave date or later; "
            "must be said where there are any."
        },
    )

    @validates_schema
    def _belongs_together(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("Name at least one field to change.", "body")
        if "future_shifts" in data and data.get("leave_date") is None:
            problem = FieldError("leave_date_needed", "This goes with a leave date.")
            raise ValidationError([problem], "future_shifts")

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> Dates:
        future_shifts = data.pop("future_shifts", None)
        return Dates(data, future_shifts)


def memberships() -> Resource:
    """The routes of ``/v1/employees/{id}/memberships``."""
    bp = Resource("memberships", __name__, description="When somebody belongs to the staff.")

    @bp.get(_PATH)
    @bp.needs("scheduling.employees:read")
    @bp.answers(MembershipsSchema, refuses=[NotFound], with_etag=True)
    def list_memberships(employee_id: str, scope: Scope[Store]) -> Any:
        """All memberships of an employee, the oldest first, with what became of their dates.

        The ETag is the employee's.
        """
        return actions.find_all(employee_id, scope)

    @bp.post(_PATH)
    @bp.needs("scheduling.memberships:edit")
    @bp.once_only()
    @bp.expects_version()
    @bp.accepts(NewMembershipSchema)
    @bp.answers(
        ShownMembershipSchema,
        201,
        refuses=[
            *(NotFound, NotConfirmed, OutboxFull, IdempotencyKeyReused),
            *(MembershipRunning, MembershipsOverlap, TooManyMemberships),
        ],
        with_etag=True,
    )
    def begin_membership(
        body: dict[str, date],
        employee_id: str,
        scope: Scope[Store],
        once: Once | None,
        expected: int | None,
    ) -> Shown:
        """Begin a new membership: with a join date of today or before, the user is reactivated
        at once, else on that date."""
        shown = actions.begin(employee_id, body["join_date"], scope, once, expected=expected)
        stands_at("list_memberships", employee_id=employee_id)
        return shown

    @bp.patch(f"{_PATH}/current")
    @bp.needs("scheduling.memberships:edit")
    @bp.expects_version()
    @bp.accepts(MembershipChangesSchema)
    @bp.answers(
        ShownMembershipSchema,
        refuses=[
            *(NotFound, NotConfirmed, OutboxFull, NoMembership, MembershipEnded),
            *(MembershipStarted, MembershipsOverlap, LeaveBeforeJoin, FutureShiftsUndecided),
        ],
        with_etag=True,
    )
    def change_membership(
        wish: Dates, employee_id: str, scope: Scope[Store], expected: int | None
    ) -> Shown:
        """Change the newest membership: a leave date of today or before deactivates the user at
        once, a later one on that date; a future one is moved, or taken back with null."""
        return actions.change_newest(employee_id, wish, scope, expected=expected)

    return bp
