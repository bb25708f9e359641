"""Tenants that were deleted: everything that a service still has of them goes.

Late messages may bring something back, so that it is looked again for a while. Can be
interrupted anywhere and run by many at once: what is gone is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from typing import Final

import structlog

from staffroll import clock
from staffroll.events import PLATFORM_TENANT
from staffroll.mongo.client import Document
from staffroll.mongo.scoped import Platform
from staffroll.rounds import Rounds

COLLECTION: Final = "purges"
LATECOMERS: Final = timedelta(hours=1)
_AT_ONCE: Final = 1_000

_log = structlog.get_logger()


class Purge:
    """Deletes the documents of deleted tenants.

    Args:
        deleted: Their ids.
        keep: Collections whose document ``_id == tenant id`` is the tombstone, and stays.
        latecomers: How long after nothing was left it is looked again.
    """

    def __init__(
        self,
        platform: Platform,
        deleted: Callable[[], Iterable[str]],
        keep: Collection[str],
        latecomers: timedelta = LATECOMERS,
    ) -> None:
        self._platform = platform
        self._rounds = Rounds(lambda _: deleted(), str, self._purge, "tenant_not_purged")
        self._keep = frozenset(keep)
        self._latecomers = latecomers

    def run(self) -> None:
        """Delete what is left of every deleted tenant."""
        self._rounds.run()

    def _purge(self, tenant_id: str) -> None:
        state = self._platform[COLLECTION].find_one({"_id": tenant_id}) or {}
        if state.get("is_over"):
            return
        gone = sum(
            self._empty(name, tenant_id)
            for name in self._platform.database.list_collection_names()
            if name != COLLECTION
        )
        self._note(tenant_id, state, gone)

    def _empty(self, name: str, tenant_id: str) -> int:
        """How many documents the collection had."""
        where: Document = {"tenant_id": tenant_id}
        if name in self._keep:
            where["_id"] = {"$ne": tenant_id}
        gone = 0
        while found := list(self._platform[name].find(where, {"_id": 1}).limit(_AT_ONCE)):
            ids = [document["_id"] for document in found]
            batch = {"tenant_id": tenant_id, "_id": {"$in": ids}}
            gone += self._platform[name].delete_many(batch).deleted_count
        return gone

    def _note(self, tenant_id: str, state: Document, gone: int) -> None:
        now = clock.now()
        if gone:
            _log.info("tenant_purged", tenant=tenant_id, documents=gone)
        began = state.get("began_at", now)
        is_over = not gone and now - began >= self._latecomers
        self._platform[COLLECTION].update_one(
            {"_id": tenant_id, "tenant_id": PLATFORM_TENANT},
            {"$set": {"began_at": began, "is_over": is_over}},
            upsert=True,
        )
