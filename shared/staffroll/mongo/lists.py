"""Pages of humans: the same order, search and count in every service (R11, R13)."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from staffroll.mongo.client import Document, Filter
from staffroll.mongo.indexes import Index
from staffroll.mongo.scoped import TenantCollection
from staffroll.search import Term, as_filter

EXACT_TO: Final = 10_000
"""Counts are exact up to here; beyond, at most `COUNT_KEPT_SECONDS` old."""

COUNT_KEPT_SECONDS: Final = 5.0

_COUNTS_KEPT: Final = 1000
_ORDER: Final = (("sort", 1), ("_id", 1))


def list_indexes(collection: str, status: str) -> tuple[Index, ...]:
    """What pages of `collection` need; `status` is the field that tabs go by."""
    return (
        Index(collection, [status, "sort", "_id"], "in_order"),
        Index(collection, [status, "grams"], "by_grams"),
    )


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of documents.

    Attributes:
        end: Sort key and id of the last document where more follow, else None.
    """

    documents: list[Document]
    total: int
    end: tuple[str, str] | None


class _Counts:
    """The counts of large lists, for a few seconds; the dearest part of a page."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def count(self, collection: TenantCollection, where: Filter, hint: str | None) -> int:
        exact = collection.count(where, limit=EXACT_TO + 1, hint=hint)
        if exact <= EXACT_TO:
            return exact
        key = repr((collection.tenant_id, collection.name, where))
        now = time.monotonic()
        with self._lock:
            counted_at, known = self._known.get(key, (float("-inf"), 0))
        if now - counted_at < COUNT_KEPT_SECONDS:
            return known
        total = collection.count(where, hint=hint)
        with self._lock:
            if len(self._known) >= _COUNTS_KEPT:
                self._known.clear()
            self._known[key] = (now, total)
        return total


_counts = _Counts()


def find_slice(
    collection: TenantCollection,
    where: Filter,
    terms: tuple[Term, ...],
    *,
    after: tuple[str, str] | None,
    limit: int,
    projection: Mapping[str, Any] | None = None,
) -> Slice:
    """The `limit` documents after a position, in the order of R13, and how many fit in all."""
    wanted: Document = {**where, **as_filter(terms)} if terms else dict(where)
    page = dict(wanted)
    if after is not None:
        sort, id_ = after
        beyond = [{"sort": {"$gt": sort}}, {"sort": sort, "_id": {"$gt": id_}}]
        page["$and"] = [*page.get("$and", []), {"$or": beyond}]
    documents = list(
        collection.find(page, projection, sort=_ORDER, limit=limit + 1, batch_size=limit + 2)
    )
    has_more = len(documents) > limit
    documents = documents[:limit]
    last = documents[-1] if has_more else None
    return Slice(
        documents=documents,
        total=_counts.count(collection, wanted, None),
        end=(last["sort"], last["_id"]) if last is not None else None,
    )
