"""``/v1/billing``: how many active users a month is billed for, and who they are (R55)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any, Final

from flask import Response
from marshmallow import Schema, fields, validate

from staffroll.scope import Scope
from staffroll.web import sharing
from staffroll.web.lists import CursorInvalid, PageQuerySchema, Position
from staffroll.web.resource import Resource, View
from staffroll_scheduling.actions import billing as actions
from staffroll_scheduling.actions.billing import Row
from staffroll_scheduling.domain.billing import Month
from staffroll_scheduling.domain.errors import NoBilling
from staffroll_scheduling.store import Store

ERASED: Final = "*****"
"""The name of somebody who was deleted (R61)."""

HEADER: Final = (
    "Last name",
    "First name",
    "Email",
    "Personnel number",
    "Reason",
    "Joined on",
    "Left on",
    "Days",
)

_REASONS: Final = ["active", "joined", "rejoined", "left", "kept_as_last_admin", "deleted"]


def _month() -> fields.String:
    return fields.String(
        load_default=None,
        validate=validate.Regexp(r"\A(19[7-9]\d|20\d\d|21\d\d)-(0[1-9]|1[0-2])\Z"),
        metadata={"description": "Such as `2026-11`; the present one where left out."},
    )


class BillingQuerySchema(PageQuerySchema):
    """Which month, and which page of its people."""

    month = _month()


class BillingFileQuerySchema(Schema):
    """Which month."""

    month = _month()


class DaySchema(Schema):
    """One day in the organisation's time zone."""

    day = fields.Date(required=True)
    count = fields.Integer(
        required=True, metadata={"description": "Users active at any moment of it."}
    )


class BilledPersonSchema(Schema):
    """Somebody who counts on at least one day."""

    employee_id = fields.String(
        required=True, allow_none=True, metadata={"description": "Null once they are deleted."}
    )
    last_name = fields.String(required=True)
    first_name = fields.String(required=True)
    email = fields.String(required=True)
    personnel_number = fields.String(required=True)
    reason = fields.String(required=True, validate=validate.OneOf(_REASONS))
    joined_on = fields.Date(required=True, allow_none=True)
    left_on = fields.Date(
        required=True, allow_none=True, metadata={"description": "The first day without."}
    )
    days = fields.Integer(required=True, metadata={"description": "On how many they count."})


class BilledMonthSchema(Schema):
    """What a month is billed for, as far as it has come, and a page of who counts."""

    month = fields.String(required=True)
    time_zone = fields.String(required=True, metadata={"description": "Whose days are counted."})
    is_closed = fields.Boolean(
        required=True, metadata={"description": "Whether it is over, and never changes any more."}
    )
    figure = fields.Integer(
        required=True, metadata={"description": "The highest daily number of active users."}
    )
    peak_day = fields.Date(
        required=True, allow_none=True, metadata={"description": "The first day with it."}
    )
    days = fields.List(fields.Nested(DaySchema), required=True)
    items = fields.List(fields.Nested(BilledPersonSchema), required=True)
    total = fields.Integer(required=True)
    next_cursor = fields.String(required=True, allow_none=True)


def billing() -> Resource:
    """The routes of ``/v1/billing``."""
    bp = Resource("billing", __name__, description="What is billed.")

    @bp.get("/billing")
    @bp.needs("scheduling.billing:read")
    @bp.asks(BillingQuerySchema)
    @bp.answers(BilledMonthSchema, refuses=[NoBilling, CursorInvalid])
    def show_billing(query: dict[str, Any], scope: Scope[Store]) -> dict[str, Any]:
        """Show what a month is billed for: the highest daily number of active users.

        Whoever leaves is billed no more from the following month on. A month that is over
        never changes. All employees count and are listed, whatever their planning units.
        """
        after = Position.from_cursor(query["cursor"]) if query["cursor"] else None
        try:
            found = actions.show(
                month_of(query["month"]),
                scope,
                after=(after.sort, after.id) if after else None,
                limit=query["limit"],
            )
        except ValueError as error:
            raise CursorInvalid from error
        totals = found.totals
        return {
            "month": str(totals.month),
            "time_zone": totals.time_zone,
            "is_closed": found.is_closed,
            "figure": totals.figure,
            "peak_day": totals.peak_day,
            "days": [{"day": day, "count": count} for day, count in totals.days],
            "items": [_shown(row) for row in found.rows],
            "total": found.total,
            "next_cursor": Position(*found.end).to_cursor() if found.end else None,
        }

    @bp.get("/billing/file")
    @bp.needs("scheduling.billing:read")
    @bp.asks(BillingFileQuerySchema)
    @_answers_file(bp)
    @bp.answers(None, refuses=[NoBilling])
    def download_billing(query: dict[str, Any], scope: Scope[Store]) -> Response:
        """Download all who count in a month."""
        return billing_file(query["month"], scope)

    return bp


def billing_file(month: str | None, scope: Scope[Store]) -> Response:
    """All who count in a month, as a file of CSV.

    Raises:
        NoBilling, Unavailable.
    """
    found = actions.file(month_of(month), scope)
    response = sharing.until_sent(Response(_csv(found.rows), mimetype="text/csv"))
    name = f"billing-{scope.tenant_id}-{found.month}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def month_of(text: str | None) -> Month | None:
    """The month that a query names, if it does."""
    return None if text is None else Month.parse(text)


def _answers_file(bp: Resource) -> Callable[[View], View]:
    documented: Callable[[View], View] = bp.alt_response(
        200,
        schema={"type": "string", "format": "binary"},
        content_type="text/csv",
        description="The file: RFC 4180, UTF-8, with a header.",
    )
    return documented


def _shown(row: Row) -> dict[str, Any]:
    line, person = row.line, row.person
    return {
        "employee_id": line.employee_id if person else None,
        "last_name": person.last_name if person else ERASED,
        "first_name": person.first_name if person else "",
        "email": person.email if person else "",
        "personnel_number": person.personnel_number if person else "",
        "reason": line.reason,
        "joined_on": line.joined_on,
        "left_on": line.left_on,
        "days": line.days,
    }


def _csv(rows: Iterator[Row]) -> Iterator[str]:
    # Names, addresses and numbers never begin as a formula would (R3).
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    for row in rows:
        shown = _shown(row)
        del shown["employee_id"]
        writer.writerow(shown.values())
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    yield out.getvalue()
