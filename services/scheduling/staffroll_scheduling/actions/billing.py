"""What months are billed for: shown, as a file, and closed for good (R55)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from staffroll.scope import Scope
from staffroll_scheduling.actions.recent import Recent
from staffroll_scheduling.domain import billing as rules
from staffroll_scheduling.domain.billing import Line, Month, Statement, Totals
from staffroll_scheduling.domain.errors import NoBilling
from staffroll_scheduling.store import Store
from staffroll_scheduling.store.billing import Billing, Closed, Named

_AT_ONCE: Final = 500

_paged: Final = Recent[Statement](4, 60)
"""Open months through which somebody pages: each is some megabytes for 100,000 employees, and
took seconds."""

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Presence:
    """The month that it is for a tenant, and the time zone in which it is."""

    month: Month
    zone: str

    def is_at(self, moment: datetime) -> bool:
        return Month.at(moment, self.zone) == self.month


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody who counts.

    Attributes:
        person: None once they are deleted.
    """

    line: Line
    person: Named | None


@dataclass(frozen=True, slots=True)
class BilledMonth:
    """What a month is billed for, and some of who counts.

    Attributes:
        is_closed: Whether it never changes any more.
        total: How many count on at least one day.
        end: Where more follow.
    """

    totals: Totals
    is_closed: bool
    rows: list[Row]
    total: int
    end: Place | None


@dataclass(frozen=True, slots=True)
class BillingFile:
    """All who count in a month, to be read once."""

    month: Month
    rows: Iterator[Row]


def show(
    month: Month | None, scope: Scope[Store], *, after: Place | None, limit: int
) -> BilledMonth:
    """A page of a month; of the present one in the tenant's time zone where none is named.

    Args:
        after: The place of the last line of the page before.
    Raises:
        NoBilling: It has not begun, or came before all that was noted.
        ValueError: `after` is no place in this month.
        Unavailable: Nothing was heard of the tenant yet.
    """
    store, zone = scope.store.billing, _zone(scope)
    present = Month.at(scope.now, zone)
    month = month or present
    closed = _closed(month, present, scope)
    if closed is None:
        # The first page is counted anew; the others show the same moment, where it is at hand.
        key = (scope.tenant_id, month, zone)
        known = None if after is None else _paged.find(key)
        stated = known or rules.statement(store.people(month), month, zone, scope.now)
        lines = [line for line in stated.lines if after is None or line.place > after]
        if len(lines) > limit:
            _paged.keep(key, stated)
        return _page(stated, lines, len(stated.lines), limit, store, is_closed=False)
    begin = 0 if after is None else int(after[0]) + 1
    lines = store.lines(closed, begin, limit + 1)
    return _page(closed.totals, lines, closed.people, limit, store, is_closed=True)


def file(month: Month | None, scope: Scope[Store]) -> BillingFile:
    """All of a month, as `show` has it.

    Raises:
        NoBilling, Unavailable.
    """
    store, zone = scope.store.billing, _zone(scope)
    present = Month.at(scope.now, zone)
    month = month or present
    closed = _closed(month, present, scope)
    if closed is not None:
        return BillingFile(month, _closed_rows(closed, store))
    lines = rules.statement(store.people(month), month, zone, scope.now).lines
    chunks = (lines[start : start + _AT_ONCE] for start in range(0, len(lines), _AT_ONCE))
    return BillingFile(month, (row for chunk in chunks for row in _rows(chunk, store)))


def close_over(scope: Scope[Store]) -> Month:
    """All months that are over are closed from now on, and never change; gives the present one.

    Done before anything is changed that reaches back into one, and once each has ended; of
    several who do it at once, one wins.

    Raises:
        Unavailable: Nothing was heard of the tenant yet.
    """
    store, zone = scope.store.billing, _zone(scope)
    present = Month.at(scope.now, zone)
    latest = store.latest()
    month = latest.next if latest is not None else present.previous
    while month < present:
        store.close(rules.statement(store.people(month), month, zone, scope.now), scope.now)
        store.forget_stays(month.next.begins_at(zone))
        month = month.next
    return present


def close_before(effect: datetime, scope: Scope[Store]) -> None:
    """Close what is over, where a change has effects from a moment of it on."""
    if effect < Month.at(scope.now, _zone(scope)).begins_at(_zone(scope)):
        close_over(scope)


def close_anew(scope: Scope[Store]) -> Presence:
    """Close what is over, and tidy up; gives the month that it is now.

    Raises:
        Unavailable: Nothing was heard of the tenant yet.
    """
    scope.store.billing.forget_abandoned(scope.now)
    return Presence(close_over(scope), _zone(scope))


def _zone(scope: Scope[Store]) -> str:
    return scope.store.directory.house().time_zone


def _closed(month: Month, present: Month, scope: Scope[Store]) -> Closed | None:
    """The month as it was closed, if it is over, be it only now.

    Raises:
        NoBilling: It has not begun, or came before all that was noted.
    """
    # First: where the tenant's zone was set back, the month that it is may be closed already.
    closed = scope.store.billing.find(month)
    if closed is None and month == present:
        return None
    if closed is None and month < present:
        close_over(scope)
        closed = scope.store.billing.find(month)
    if closed is None:
        raise NoBilling
    return closed


def _page(
    totals: Totals, lines: list[Line], total: int, limit: int, store: Billing, *, is_closed: bool
) -> BilledMonth:
    shown = lines[:limit]
    end = shown[-1].place if len(lines) > limit else None
    return BilledMonth(totals, is_closed, list(_rows(shown, store)), total, end)


def _closed_rows(closed: Closed, store: Billing) -> Iterator[Row]:
    begin = 0
    while lines := store.lines(closed, begin, _AT_ONCE):
        yield from _rows(lines, store)
        begin += len(lines)


def _rows(lines: list[Line] | tuple[Line, ...], store: Billing) -> Iterator[Row]:
    named = store.named(line.employee_id for line in lines)
    for line in lines:
        yield Row(line, named.get(line.employee_id) if line.employee_id else None)
