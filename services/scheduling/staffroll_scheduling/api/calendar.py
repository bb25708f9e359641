"""``/v1/me/calendar`` and the secret address that it makes: one's shifts as a calendar."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Final

from flask import Response, request
from marshmallow import Schema, fields

from staffroll import clock
from staffroll.errors import DatabaseAway, NotFound, OutboxFull, TooMany
from staffroll.followed import NotConfirmed
from staffroll.mongo.limiting import Limit, MovingWindow, network_of
from staffroll.open_tenants import OpenTenants
from staffroll.scope import Scope
from staffroll.web.resource import Resource
from staffroll_scheduling.actions import calendar as actions
from staffroll_scheduling.api.ical import MEDIA_TYPE, rendered
from staffroll_scheduling.domain.calendars import MOST_CHARACTERS, read_token
from staffroll_scheduling.here import SchedulingHere
from staffroll_scheduling.store import Store

MOST_PER_MINUTE: Final = 60
"""Of one address that asks; a household of calendar programs stays far below."""

_PRIVATE: Final = "private, no-cache"
"""Asked for each time, so that a revoked address shows nothing any more."""


class CalendarAddressSchema(Schema):
    """A secret address, shown this once."""

    path = fields.String(
        required=True,
        metadata={
            "description": "Below this service's own address. Whoever has it sees the shifts, "
            "so it is as secret as a password."
        },
    )


def calendar(here: SchedulingHere, window: MovingWindow, tenants: OpenTenants) -> Resource:
    """The routes of one's own calendar.

    Args:
        window: Counts how often an address asks.
        tenants: Whose calendars may be read.
    """
    bp = Resource("calendar", __name__, description="One's own shifts as a calendar.")

    def own(scope: Scope[Store]) -> Scope[Store]:
        """What is about oneself is within reach, whatever planning units are (R73)."""
        return replace(scope, store=here.store(scope.tenant_id))

    @bp.post("/me/calendar")
    @bp.needs_sign_in()
    @bp.answers(CalendarAddressSchema, 201, refuses=[NotFound, NotConfirmed, OutboxFull])
    def create_calendar(scope: Scope[Store]) -> dict[str, Any]:
        """Make a secret address for calendar programs; the one before is void.

        It ends when one is deactivated or deleted.
        """
        token = actions.create(own(scope))
        return {"path": f"{request.script_root}/v1/calendar/{token}.ics"}

    @bp.delete("/me/calendar")
    @bp.needs_sign_in()
    @bp.answers(None, 204, refuses=[NotFound, NotConfirmed, OutboxFull])
    def revoke_calendar(scope: Scope[Store]) -> None:
        """Revoke the address."""
        actions.revoke(own(scope))

    @bp.get(f"/calendar/<string(minlength=32, maxlength={MOST_CHARACTERS}):token>.ics")
    @bp.is_public()
    @bp.answers(None, refuses=[NotFound, TooMany])
    def read_calendar(token: str) -> Response:
        """The shifts from four weeks back to half a year ahead, as `text/calendar`."""
        if not here.runtime.is_prepared:
            raise DatabaseAway
        place = network_of(request.remote_addr or "")
        limit = Limit(f"calendar/address/{place}", MOST_PER_MINUTE)
        wait = window.seconds_until_free([limit], 60)
        if wait is not None:
            raise TooMany(max(1, math.ceil(wait)))
        known = read_token(token)
        if known is None:
            raise NotFound
        feed = actions.read(known, here.store(known.tenant_id), clock.now())
        # Asked of tenants that there are: what is remembered must not grow with guesses.
        if not tenants.is_open(known.tenant_id):
            raise NotFound
        response = Response(rendered(feed), content_type=MEDIA_TYPE)
        response.headers["Cache-Control"] = _PRIVATE
        response.last_modified = feed.changed_at
        response.add_etag()
        response.make_conditional(request)
        return response

    return bp
