"""Employees about whom something turns by itself: found by the moment, in all tenants (R54)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from staffroll.mongo import Index, Platform

EMPLOYEES: Final = "employees"
TURNS_AT: Final = "turns_at"
"""Of an employee's document: when something turns next."""

TURNS: Final = Index(
    EMPLOYEES,
    [TURNS_AT],
    "turns",
    partial={TURNS_AT: {"$exists": True}},
    every_tenant=True,
)


@dataclass(frozen=True, slots=True)
class DueTurn:
    """An employee about whom something is due, as of a revision."""

    tenant_id: str
    employee_id: str
    revision: int


def due_turns(
    platform: Platform, now: datetime, limit: int, without: Collection[str] = ()
) -> list[DueTurn]:
    """Some of those that are due by `now`, the longest due first, but for these employees."""
    where = {TURNS_AT: {"$lte": now}, "_id": {"$nin": list(without)}}
    found = platform[EMPLOYEES].find(where, {"tenant_id": 1, "revision": 1})
    return [
        DueTurn(document["tenant_id"], document["_id"], document["revision"])
        for document in found.hint(TURNS.name).limit(limit)
    ]
