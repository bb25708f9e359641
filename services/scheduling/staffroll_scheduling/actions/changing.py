"""Changing one employee by a rule, however many change them at the same moment."""

from __future__ import annotations

from collections.abc import Callable

from staffroll.followed import NotConfirmed
from staffroll.following.actions import on_newest
from staffroll.records import Decision
from staffroll.scope import Scope
from staffroll_scheduling.domain.employees import Employee, Employment
from staffroll_scheduling.store import Store

Decide = Callable[[Employee], Decision[Employment] | None]


def change(
    employee_id: str, scope: Scope[Store], decide: Decide, *, expected: int | None = None
) -> Employee:
    """The employee as `decide` wants them, kept; where somebody was quicker, decided again.

    Args:
        decide: Gets the newest record; None where nothing is to be changed.
        expected: The version that the editor saw; None for any.
    Raises:
        NotFound: There is no such employee, or out of the actor's reach (R73).
        NotConfirmed: Accounts has not confirmed the user yet (R6).
        Stale: It is not the expected version any more.
        OutboxFull, and whatever `decide` raises.
    """

    def attempt(before: Employee) -> Employee:
        if before.followed.state != "confirmed":
            raise NotConfirmed
        decision = decide(before)
        if decision is None:
            return before
        return scope.store.records.save(before, decision, scope.now)

    return on_newest(employee_id, expected, scope, attempt)
