"""Which employees somebody reaches: those of the planning units that their roles reach (R73)."""

from __future__ import annotations

from collections.abc import Iterable

from staffroll.scope import Actor
from staffroll_scheduling.domain.assignments import Assignment
from staffroll_scheduling.domain.errors import PlanningUnitNeeded, PlanningUnitOutOfReach


def check_unit(actor: Actor, unit_id: str) -> None:
    """Raises unless the actor reaches the unit, so that nobody moves people where they do not see.

    Raises:
        PlanningUnitOutOfReach. Source: R73.
    """
    if actor.planning_units is not None and unit_id not in actor.planning_units:
        raise PlanningUnitOutOfReach


def check_new(actor: Actor, units: Iterable[Assignment]) -> None:
    """Raises unless the actor will see the employee whom they create with these units.

    Raises:
        PlanningUnitNeeded: None is named.
        PlanningUnitOutOfReach: One that the actor does not reach.
    Source: R73.
    """
    if actor.planning_units is None:
        return
    units = tuple(units)
    if not units:
        raise PlanningUnitNeeded
    for unit in units:
        check_unit(actor, unit.target_id)
