"""Deleted users of whom a service still has something: found by their tombstones.

A tombstone whose ``erasing_since`` is set waits until all that its service has elsewhere is
gone; the write that takes the field away says the receipt (R62).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from staffroll.mongo.indexes import Index
from staffroll.mongo.scoped import Platform

FIELD: Final = "erasing_since"
_NAME: Final = "erasing"
_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Due:
    """One erasure that is not finished.

    Attributes:
        since: When it began here; what is older is to go.
    """

    tenant_id: str
    user_id: str
    since: datetime


def erasing_index(collection: str) -> Index:
    """What finds the unfinished ones."""
    return Index(collection, [FIELD], _NAME, partial={FIELD: {"$exists": True}}, every_tenant=True)


def due_erasures(platform: Platform, collection: str, without: Collection[str] = ()) -> list[Due]:
    """Some that are unfinished, of all tenants, the oldest first, but for these users."""
    where = {FIELD: {"$exists": True}, "_id": {"$nin": list(without)}}
    found = platform[collection].find(where, {"tenant_id": 1, FIELD: 1})
    return [
        Due(document["tenant_id"], document["_id"], document[FIELD])
        for document in found.hint(_NAME).sort(FIELD, 1).limit(_AT_ONCE)
    ]
