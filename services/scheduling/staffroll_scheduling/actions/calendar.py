"""The use cases of calendars: made, revoked, read by whoever has the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from staffroll.audit import noted
from staffroll.errors import NotFound
from staffroll.records import Decision, own_changed
from staffroll.scope import Scope
from staffroll_scheduling.actions.changing import change
from staffroll_scheduling.domain.calendars import (
    AHEAD,
    BACK,
    CalendarToken,
    address_of,
    is_good,
    new_token,
)
from staffroll_scheduling.domain.employees import (
    RULES,
    SOURCE,
    CalendarAddress,
    Employee,
    Employment,
)
from staffroll_scheduling.domain.shifts import is_dropped
from staffroll_scheduling.domain.weeks import DAY, Shifts
from staffroll_scheduling.store import Store


@dataclass(frozen=True, slots=True)
class Feed:
    """What a calendar holds.

    Attributes:
        activities: Names by id.
        changed_at: When it was another one last: shifts changed, or days went by.
    """

    shifts: Shifts
    activities: Mapping[str, str]
    time_zone: str
    changed_at: datetime


def create(scope: Scope[Store]) -> CalendarToken:
    """A new secret address of the actor's own calendar; the one before is void.

    Args:
        scope: Its store holds the actor's own record, whatever units they reach.
    Raises:
        NotFound: The actor is no employee.
        NotConfirmed: See `actions.changing`.
    """
    token = new_token(scope.tenant_id, scope.actor.id)
    calendar = address_of(token, scope.now)

    def decide(record: Employee) -> Decision[Employment]:
        return _decided(record, calendar, scope, "calendar.created")

    change(scope.actor.id, scope, decide)
    return token


def revoke(scope: Scope[Store]) -> None:
    """The actor's address opens nothing any more.

    Raises:
        NotFound: The actor has none.
    """

    def decide(record: Employee) -> Decision[Employment]:
        if record.own.calendar is None:
            raise NotFound
        return _decided(record, None, scope, "calendar.revoked")

    change(scope.actor.id, scope, decide)


def read(token: CalendarToken, store: Store, now: datetime) -> Feed:
    """The shifts of the token's owner, from four weeks back to half a year ahead.

    Raises:
        NotFound: The token is not good, or not any more.
    """
    record = store.records.find(token.employee_id)
    if not is_good(token, record) or record is None:
        raise NotFound
    store.weeks.apply_waiting(record.id)
    # From whole days, so that what is read twice on one day is the same.
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since, until = today - BACK, today + AHEAD + DAY
    weeks = store.weeks.of_employee(record.id, since=since, until=until)
    shifts = tuple(
        shift
        for week in weeks
        for shift in week.shifts
        if since <= shift.start < until and not is_dropped(record, shift)
    )
    names = store.catalogues.names({shift.activity_id for shift in shifts if shift.activity_id})
    changed = [record.own.calendar.created_at] if record.own.calendar else []
    return Feed(
        shifts=shifts,
        activities=names,
        time_zone=record.followed.user.time_zone,
        changed_at=max(today, *changed, *(week.changed_at for week in weeks)),
    )


def _decided(
    record: Employee, calendar: CalendarAddress | None, scope: Scope[Store], action: str
) -> Decision[Employment]:
    cause = scope.cause(SOURCE)
    decision = own_changed(record, replace(record.own, calendar=calendar), RULES, cause)
    return replace(decision, audit=(noted(cause, action, record.id, ("calendar",)),))
