"""Planning units to choose from."""

from __future__ import annotations

from typing import Final

from staffroll.scope import Scope
from staffroll_scheduling.domain.assignments import Kind
from staffroll_scheduling.domain.catalogue import Entry
from staffroll_scheduling.store import Store

_MOST: Final = 500
"""More than anybody chooses from a list."""


def entries(kind: Kind, scope: Scope[Store]) -> list[Entry]:
    """What there is of a catalogue, by name."""
    return scope.store.catalogues.of(kind).page(after=None, limit=_MOST).entries


def reached(scope: Scope[Store]) -> list[Entry]:
    """The planning units that the reader reaches (R73), by name."""
    limit = scope.actor.planning_units
    return [unit for unit in entries("planning_unit", scope) if limit is None or unit.id in limit]
