"""Something in each of scheduling's catalogues, under ids that tests know beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from staffroll.events import Cause
from staffroll.records import own_changed
from staffroll.runtime import Runtime
from staffroll_scheduling.domain import catalogue
from staffroll_scheduling.domain.assignments import Assignment, Kind
from staffroll_scheduling.domain.employees import RULES
from staffroll_scheduling.sync import following

ENTRIES: Mapping[Kind, str] = {
    "contract": "0197a000-0000-7000-8000-00000000c001",
    "skill": "0197a000-0000-7000-8000-00000000c002",
    "activity": "0197a000-0000-7000-8000-00000000c003",
    "planning_unit": "0197a000-0000-7000-8000-00000000c004",
}
ASSIGNMENT = "0197a000-0000-7000-8000-00000000c005"
"""Of each kind; it is over since long."""

_NEEDED: Mapping[Kind, Mapping[str, Any]] = {
    "contract": {"weekly_minutes": 2400},
    "skill": {},
    "activity": {},
    "planning_unit": {"time_zone": "Europe/Berlin"},
}


def fill_catalogues(runtime: Runtime, tenant_id: str, employee_id: str) -> None:
    """One entry of each kind, which the employee had in January 2026."""
    store = following(runtime).store(tenant_id)
    now = datetime.now(UTC)
    cause = Cause("scheduling", tenant_id, "system:test", now)
    for kind, id_ in ENTRIES.items():
        decision = catalogue.create(kind, id_, {"name": f"A {kind}", **_NEEDED[kind]}, cause)
        store.catalogues.of(kind).insert(decision, now)
    record = store.records.get(employee_id)
    had = tuple(
        Assignment(
            kind,
            id_,
            date(2026, 1, 1),
            date(2026, 2, 1),
            level=1 if kind == "skill" else None,
            priority=1 if kind == "planning_unit" else None,
            id=ASSIGNMENT,
        )
        for kind, id_ in ENTRIES.items()
    )
    changed = own_changed(record, replace(record.own, assignments=had), RULES, cause)
    store.records.save(record, changed, now)
