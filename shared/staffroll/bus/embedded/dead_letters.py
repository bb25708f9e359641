"""Messages that could not be applied, one collection per service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database

from staffroll.bus.contract import DeadLetter
from staffroll.bus.embedded.registry import Registry
from staffroll.bus.embedded.storage import DURABLE, Claimed, put_anew
from staffroll.bus.topology import events_queue, is_replay

Document = dict[str, Any]


def bury(
    database: Database[Document], queue: str, claimed: Claimed, reason: str, error: str
) -> None:
    """Keep the message among the dead letters of the queue's service; idempotent."""
    service = queue.split(".", 1)[0]
    graves = database.get_collection(f"dead.{service}", write_concern=DURABLE)
    grave = {
        "_id": f"{queue} {claimed.id}",
        "message_id": claimed.id,
        "queue": queue,
        "type": claimed.type,
        "body": claimed.body,
        "reason": reason,
        "error": error,
        "died_at": datetime.now(UTC),
        "deliveries": claimed.deliveries,
    }
    graves.replace_one({"_id": grave["_id"]}, grave, upsert=True)


class EmbeddedDeadLetters:
    """A `staffroll.bus.contract.DeadLetters`."""

    def __init__(self, database: Database[Document], registry: Registry, service: str) -> None:
        self._database = database
        self._registry = registry
        self._events = events_queue(service)
        self._graves = database.get_collection(f"dead.{service}", write_concern=DURABLE)

    def count(self) -> int:
        return self._graves.count_documents({})

    def retry(self, ids: Iterable[str] | None = None) -> int:
        """Put them back, counted afresh."""
        queues = {binding.queue for binding in self._registry.bindings()}
        retried = 0
        for grave in self._graves.find(_among(ids)):
            died_in = grave["queue"]
            is_lasting = died_in in queues and not is_replay(died_in)
            queue = died_in if is_lasting else self._events
            if queue in queues:
                # Who buried it may still hold it.
                put_anew(self._database, queue, _revived(grave))
                # It may have died anew by now, which must not be forgotten.
                self._graves.delete_one({"_id": grave["_id"], "died_at": grave["died_at"]})
                retried += 1
        return retried

    def drop(self, ids: Iterable[str] | None = None) -> int:
        return self._graves.delete_many(_among(ids)).deleted_count

    def drop_where(self, is_meant: Callable[[DeadLetter], bool]) -> int:
        meant = [grave["_id"] for grave in self._graves.find() if is_meant(_dead_letter(grave))]
        return self._graves.delete_many({"_id": {"$in": meant}}).deleted_count

    # Last in the class: below it, its name would hide the built-in one.
    def list(self, limit: int = 100) -> Sequence[DeadLetter]:
        """The oldest first."""
        graves = self._graves.find().sort([("died_at", 1), ("_id", 1)]).limit(limit)
        return [_dead_letter(grave) for grave in graves]


def _among(ids: Iterable[str] | None) -> Document:
    return {} if ids is None else {"message_id": {"$in": list(ids)}}


def _revived(grave: Document) -> Document:
    return {
        "_id": grave["message_id"],
        "type": grave["type"],
        "body": grave["body"],
        "headers": {},
        "available_at": datetime.now(UTC),
        "deliveries": 0,
    }


def _dead_letter(grave: Document) -> DeadLetter:
    return DeadLetter(
        id=grave["message_id"],
        queue=grave["queue"],
        type=grave["type"],
        reason=grave["reason"],
        error=grave["error"],
        died_at=grave["died_at"],
        deliveries=grave["deliveries"],
        body=grave["body"].encode(),
    )
