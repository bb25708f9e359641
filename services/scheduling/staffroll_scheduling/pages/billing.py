"""WFM › Billing: what a month is billed for, and why (R55)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from babel.dates import format_skeleton
from flask import Response

from staffroll.errors import StaffrollError
from staffroll.scope import Scope
from staffroll.web.lists import CursorInvalid, Position
from staffroll.web.pages import Listing, PageGroup, lazy_gettext, page, words
from staffroll.web.pages.listing import asked_for
from staffroll_scheduling.actions import billing as actions
from staffroll_scheduling.actions.billing import BilledMonth
from staffroll_scheduling.api.billing import (
    BillingFileQuerySchema,
    BillingQuerySchema,
    billing_file,
    month_of,
)
from staffroll_scheduling.domain.billing import Month, Totals
from staffroll_scheduling.store import Store

READ: Final = "scheduling.billing:read"

REASONS: Final[dict[str, Any]] = {
    "active": lazy_gettext("active"),
    "joined": lazy_gettext("joined"),
    "rejoined": lazy_gettext("came back"),
    "left": lazy_gettext("left"),
    "kept_as_last_admin": lazy_gettext("kept as the last admin"),
    "deleted": lazy_gettext("deleted"),
}

_HIGHEST: Final = 100
"""Units of the chart that the highest bar takes."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the chart."""

    day: date
    count: int
    height: float
    is_peak: bool


def billing() -> PageGroup:
    """The pages of what is billed."""
    bp = PageGroup("billing_pages", __name__)

    @bp.get("/billing")
    @bp.needs(READ)
    def show(scope: Scope[Store]) -> Response:
        listing = Listing(BillingQuerySchema)
        try:
            found = _find(listing.query, scope)
        except StaffrollError as error:
            listing.refuse(error)
            found = _find({**listing.query, "cursor": None, "month": None}, scope)
        return page(
            "billing/show.html",
            listing=listing,
            found=found,
            totals=found.totals,
            bars=_bars(found.totals),
            reasons=REASONS,
            month_name=_month_name,
            is_present=found.totals.month >= Month.at(scope.now, found.totals.time_zone),
            next_cursor=Position(*found.end).to_cursor() if found.end else None,
        )

    @bp.get("/billing/file")
    @bp.needs(READ)
    def download(scope: Scope[Store]) -> Response:
        """The month as CSV."""
        return billing_file(asked_for(BillingFileQuerySchema)["month"], scope)

    return bp


def _find(query: dict[str, Any], scope: Scope[Store]) -> BilledMonth:
    after = Position.from_cursor(query["cursor"]) if query["cursor"] else None
    try:
        return actions.show(
            month_of(query["month"]),
            scope,
            after=(after.sort, after.id) if after else None,
            limit=query["limit"],
        )
    except ValueError as error:
        raise CursorInvalid from error


def _month_name(month: Month) -> str:
    return format_skeleton("yMMMM", month.first_day, locale=words.current().locale)


def _bars(totals: Totals) -> list[Bar]:
    most = max(totals.figure, 1)
    return [
        Bar(day, count, round(_HIGHEST * count / most, 1), day == totals.peak_day)
        for day, count in totals.days
    ]
