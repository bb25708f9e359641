"""Creating, reading, listing, editing and discarding employees."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from staffroll.following import Actions
from staffroll.following.actions import Answer
from staffroll.idempotency import Once
from staffroll.ids import new_id
from staffroll.mongo.records import FollowingStore
from staffroll.records import NewHuman
from staffroll.scope import Scope
from staffroll_scheduling.domain import reach
from staffroll_scheduling.domain.assignments import Assignment
from staffroll_scheduling.domain.employees import RULES, Employment
from staffroll_scheduling.domain.errors import EntryUnknown
from staffroll_scheduling.store import Store


class EmployeeActions(Actions[Employment]):
    """What can be done with employees: what can be done with all records, within one's reach."""

    def create(
        self,
        new: NewHuman,
        own: Mapping[str, Any],
        scope: Scope[FollowingStore[Employment]],
        once: Once | None = None,
    ) -> Answer[Employment]:
        """A pending employee; see `Actions.create`.

        Args:
            own: May have `planning_units`: the first ones of the employee, pairs of id and
                priority.
        Raises:
            PlanningUnitNeeded, PlanningUnitOutOfReach: The actor would not see them (R73).
            EntryUnknown: There is no such planning unit.
            PriorityOneNeeded, Overlap: See `domain.assignments`.
        """
        units = [
            Assignment("planning_unit", id_, scope.now.date(), priority=priority, id=new_id())
            for id_, priority in own.get("planning_units") or ()
        ]
        reach.check_new(scope.actor, units)
        catalogue = cast(Store, scope.store).catalogues.of("planning_unit")
        known = catalogue.some(unit.target_id for unit in units)
        for nth, unit in enumerate(units):
            if unit.target_id not in known:
                raise EntryUnknown(f"planning_units.{nth}.planning_unit_id")
        return super().create(new, {**own, "planning_units": units}, scope, once)


def make_actions(pause: timedelta) -> EmployeeActions:
    """What can be done with employees.

    Args:
        pause: After which an unanswered wish is sent again.
    """
    return EmployeeActions(RULES, pause)
