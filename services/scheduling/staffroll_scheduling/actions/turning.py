"""Dates become facts: what is due about one employee happens (R54)."""

from __future__ import annotations

from contextlib import suppress

from staffroll.errors import OutboxFull, Stale
from staffroll.scope import Scope
from staffroll_scheduling.domain import turning
from staffroll_scheduling.domain.employees import SOURCE, Employee
from staffroll_scheduling.store import Store
from staffroll_scheduling.store.turns import DueTurn


def turn(due: DueTurn, scope: Scope[Store]) -> bool:
    """Let happen what is due about the employee, unless somebody changed them since it was.

    Safe in many processes: the employee is written on the revision that was read, so that of
    two who look at the same moment one says the fact and the other nothing.

    Returns:
        False where it could not be done now.
    """
    records = scope.store.records
    record = records.find(due.employee_id)
    if record is None or record.revision != due.revision:
        return True
    ahead = _future_shifts(record, scope)
    with suppress(Stale, OutboxFull):
        records.save(record, turning.turn(record, scope.cause(SOURCE), ahead), scope.now)
        return True
    return False


def _future_shifts(record: Employee, scope: Scope[Store]) -> int | None:
    """How many shifts are not over, where they are to be counted anew."""
    if not turning.is_recount_due(record, scope.now):
        return None
    scope.store.weeks.apply_waiting(record.id)
    return scope.store.weeks.count_after(record.id, scope.now)
