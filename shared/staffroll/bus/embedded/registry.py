"""Which queues exist, kept in the database so that every process routes alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from staffroll.bus.contract import TopologyConflict
from staffroll.bus.embedded.routing import Binding
from staffroll.bus.embedded.storage import DURABLE, LIGHT, prepare, queue_collection
from staffroll.bus.topology import (
    EVENT_PATTERNS,
    FURTHER_QUEUES,
    SERVICES,
    events_queue,
    requests_queue,
)

Document = dict[str, Any]

STATIC: Final[Mapping[str, Sequence[str]]] = {
    **{events_queue(service): EVENT_PATTERNS[service] for service in SERVICES},
    **{requests_queue(service): () for service in SERVICES},
    **{queue: () for queues in FURTHER_QUEUES.values() for queue in queues},
}
"""Patterns of the queues that every start declares."""


class Registry:
    """The queues of one bus. Reads are never cached: a queue opened before a message is
    published gets it, in whichever process, as with a real broker."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._queues = database.get_collection("queues", write_concern=DURABLE)
        self._touches = database.get_collection("queues", write_concern=LIGHT)

    def declare(self) -> None:
        """Make what every service needs; nothing is written where it is there already.

        Raises:
            TopologyConflict: One of the names belongs to an expiring queue.
        """
        present = {binding.queue: set(binding.patterns) for binding in self.bindings()}
        for queue, patterns in STATIC.items():
            if queue not in present or not present[queue].issuperset(patterns):
                self._open(queue, patterns, expires_seconds=None)

    def open(self, queue: str, patterns: Sequence[str], expires_seconds: int) -> None:
        """Make an expiring queue, or bind it to more patterns and let it live longer.

        Raises:
            TopologyConflict: It exists and never expires, or after another time.
        """
        self._remove_expired()
        self._open(queue, patterns, expires_seconds)

    def open_lasting(self, queue: str, patterns: Sequence[str]) -> None:
        """Make a queue that never expires, or bind it to more patterns.

        Raises:
            TopologyConflict: It exists and expires.
        """
        self._open(queue, patterns, expires_seconds=None)

    def bind(self, queue: str, patterns: Sequence[str]) -> bool:
        """Bind a queue to more patterns; False where it is not there."""
        change = {"$addToSet": {"patterns": {"$each": list(patterns)}}}
        return self._queues.update_one({"_id": queue}, change).matched_count == 1

    def unbind(self, queue: str, patterns: Sequence[str]) -> None:
        """Bind a queue to these patterns no longer."""
        self._queues.update_one({"_id": queue}, {"$pull": {"patterns": {"$in": list(patterns)}}})

    def close(self, queue: str) -> None:
        self._queues.delete_one({"_id": queue})
        queue_collection(self._database, queue).drop()

    def bindings(self) -> list[Binding]:
        """All queues that live; those whose time is over are removed on the way."""
        documents = list(self._queues.find())
        now = datetime.now(UTC)
        if any(_is_over(document, now) for document in documents):
            self._remove_expired()
        return [
            Binding(document["_id"], document["patterns"], document["expires_seconds"])
            for document in documents
            if not _is_over(document, now)
        ]

    def touch(self, queues: Sequence[str]) -> None:
        """Say that the expiring ones among the queues are in use."""
        now = datetime.now(UTC)
        life = {"$multiply": ["$expires_seconds", 1000]}
        self._touches.update_many(
            {"_id": {"$in": list(queues)}, "expires_seconds": {"$ne": None}},
            [{"$set": {"expires_at": {"$add": [now, life]}}}],
        )

    def _open(self, queue: str, patterns: Sequence[str], expires_seconds: int | None) -> None:
        prepare(self._database, queue)
        expires_at = None
        if expires_seconds is not None:
            expires_at = datetime.now(UTC) + timedelta(seconds=expires_seconds)
        change: Document = {
            "$addToSet": {"patterns": {"$each": list(patterns)}},
            "$set": {"expires_at": expires_at},
        }
        same = {"_id": queue, "expires_seconds": expires_seconds}
        try:
            self._queues.update_one(same, change, upsert=True)
        except DuplicateKeyError:
            # Two processes declared it at once, or it is there with another expiry.
            if self._queues.update_one(same, change).matched_count == 0:
                raise TopologyConflict(f"the queue {queue} exists with another expiry") from None

    def _remove_expired(self) -> None:
        over = {"expires_at": {"$ne": None, "$lt": datetime.now(UTC)}}
        while document := self._queues.find_one_and_delete(over):
            queue_collection(self._database, document["_id"]).drop()


def _is_over(document: Document, now: datetime) -> bool:
    expires_at = document["expires_at"]
    return expires_at is not None and bool(expires_at < now)
