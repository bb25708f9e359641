"""``/v1/shifts``: who works when (R81)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from staffroll import clock
from staffroll.errors import NotFound, OutboxFull, Unavailable
from staffroll.followed import NotConfirmed
from staffroll.idempotency import DeletedMeanwhile, IdempotencyKeyReused, Once
from staffroll.ids import UUID_PATTERN
from staffroll.scope import Scope
from staffroll.web.fields import Line
from staffroll.web.lists import CursorInvalid, PageQuerySchema, Position, page_of
from staffroll.web.resource import Resource, stands_at
from staffroll_scheduling.actions import shifts as actions
from staffroll_scheduling.actions.shift_lists import ShiftFilter, find_page
from staffroll_scheduling.actions.shifts import NewShift
from staffroll_scheduling.api.moments import Moment
from staffroll_scheduling.domain.errors import (
    EntryUnknown,
    OutsideMembership,
    RangeTooLong,
    ShiftOverlaps,
    WeekFull,
)
from staffroll_scheduling.domain.shown import ShownShift
from staffroll_scheduling.store import Store

NOTE_MAX_CHARACTERS: Final = 500
_RANGE: Final = timedelta(days=7)


class ShiftSchema(Schema):
    """A shift."""

    id = fields.UUID(required=True, attribute="shift.id")
    version = fields.Integer(required=True)
    employee_id = fields.UUID(required=True, attribute="employee.id")
    employee_name = fields.String(
        required=True, metadata={"description": "`***` where the employee is deleted."}
    )
    start = Moment(required=True, attribute="shift.start")
    end = Moment(required=True, attribute="shift.end")
    time_zone = fields.String(
        required=True,
        metadata={
            "description": "Of the employee's first planning unit, else their own; to show it in."
        },
    )
    day = fields.Date(
        required=True, metadata={"description": "On which it starts, in that time zone."}
    )
    activity_id = fields.UUID(required=True, allow_none=True, attribute="shift.activity_id")
    note = fields.String(required=True, attribute="shift.note")
    outside_membership = fields.Boolean(
        required=True,
        attribute="is_outside",
        metadata={"description": "It was kept though the employee does not belong to the staff."},
    )
    skill_missing = fields.Boolean(
        required=True,
        attribute="lacks_skill",
        metadata={"description": "The employee lacks a skill that the activity asks for."},
    )


def _note(**kwargs: Any) -> Line:
    return Line(
        max_characters=NOTE_MAX_CHARACTERS,
        metadata={"description": "For who works it; emptied when the employee is deleted."},
        **kwargs,
    )


def _id(**kwargs: Any) -> fields.String:
    return fields.String(validate=validate.Regexp(UUID_PATTERN, error="This is no id."), **kwargs)


class NewShiftSchema(Schema):
    """A new shift: from the start up to the end, at most 24 hours, on whole minutes."""

    employee_id = _id(required=True)
    start = Moment(required=True)
    end = Moment(required=True)
    activity_id = _id(load_default=None, allow_none=True)
    note = _note(load_default="")

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> NewShift:
        return NewShift(**data)


class ShiftChangesSchema(Schema):
    """What may be changed of a shift; what is left out stays (JSON Merge Patch)."""

    start = Moment()
    end = Moment()
    activity_id = _id(allow_none=True)
    note = _note()

    @validates_schema
    def _not_empty(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("Name at least one field to change.", "body")


class ShiftQuerySchema(PageQuerySchema):
    """Shifts that start in a range; all conditions combine with *and*."""

    from_ = Moment(
        "The first moment; the beginning of today (UTC) where left out.",
        data_key="from",
        load_default=None,
    )
    to = Moment(
        "The first moment after; at most 62 days later, 7 where left out.", load_default=None
    )
    employee = _id(load_default=None, metadata={"description": "Only this employee's."})
    planning_unit = _id(
        load_default=None,
        metadata={"description": "Only of employees who are in this planning unit now."},
    )


def shifts() -> Resource:
    """The routes of ``/v1/shifts``."""
    bp = Resource("shifts", __name__, description="Who works when.")

    @bp.get("/shifts")
    @bp.needs("scheduling.shifts:read")
    @bp.asks(ShiftQuerySchema)
    @bp.answers(page_of(ShiftSchema), refuses=[CursorInvalid, RangeTooLong])
    def list_shifts(query: dict[str, Any], scope: Scope[Store]) -> dict[str, Any]:
        """List by start and id; employees out of reach are not shown."""
        page = find_page(
            _wanted(query),
            scope,
            after=_position(query["cursor"]) if query["cursor"] else None,
            limit=query["limit"],
        )
        end = page.end
        return {
            "items": page.shifts,
            "total": page.total,
            "next_cursor": Position(end[0].isoformat(), end[1]).to_cursor() if end else None,
        }

    @bp.post("/shifts")
    @bp.needs("scheduling.shifts:edit")
    @bp.once_only()
    @bp.accepts(NewShiftSchema)
    @bp.answers(
        ShiftSchema,
        201,
        refuses=[
            *(NotFound, NotConfirmed, OutboxFull, Unavailable, IdempotencyKeyReused),
            *(DeletedMeanwhile, EntryUnknown, OutsideMembership, ShiftOverlaps, WeekFull),
        ],
        with_etag=True,
    )
    def create_shift(new: NewShift, scope: Scope[Store], once: Once | None) -> ShownShift:
        """Plan a shift: within a membership, and where the employee has no other."""
        made = actions.create(new, scope, once)
        stands_at("get_shift", shift_id=made.shift.id)
        return made

    @bp.get("/shifts/<id:shift_id>")
    @bp.needs("scheduling.shifts:read")
    @bp.answers(ShiftSchema, refuses=[NotFound], with_etag=True)
    def get_shift(shift_id: str, scope: Scope[Store]) -> ShownShift:
        """Read one."""
        return actions.get(shift_id, scope)

    @bp.patch("/shifts/<id:shift_id>")
    @bp.needs("scheduling.shifts:edit")
    @bp.expects_version()
    @bp.accepts(ShiftChangesSchema)
    @bp.answers(
        ShiftSchema,
        refuses=[
            *(NotFound, NotConfirmed, OutboxFull, Unavailable),
            *(EntryUnknown, OutsideMembership, ShiftOverlaps, WeekFull),
        ],
        with_etag=True,
    )
    def edit_shift(
        changes: dict[str, Any], shift_id: str, scope: Scope[Store], expected: int | None
    ) -> ShownShift:
        """Move a shift, or give it another activity or note.

        The employee stays: delete the shift and plan another one.
        """
        return actions.edit(shift_id, changes, scope, expected=expected)

    @bp.delete("/shifts/<id:shift_id>")
    @bp.needs("scheduling.shifts:edit")
    @bp.expects_version()
    @bp.answers(None, 204, refuses=[NotFound, NotConfirmed, OutboxFull, Unavailable])
    def delete_shift(shift_id: str, scope: Scope[Store], expected: int | None) -> None:
        """Delete a shift, past ones too."""
        actions.delete(shift_id, scope, expected=expected)

    return bp


def _wanted(query: dict[str, Any]) -> ShiftFilter:
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    start: datetime = query["from_"] or today
    end: datetime = query["to"] or start + _RANGE
    return ShiftFilter(start, end, query["employee"], query["planning_unit"])


def _position(cursor: str) -> tuple[datetime, str]:
    position = Position.from_cursor(cursor)
    try:
        moment = datetime.fromisoformat(position.sort)
        return (moment.astimezone(UTC), position.id)
    except (ValueError, OverflowError) as error:
        raise CursorInvalid from error
