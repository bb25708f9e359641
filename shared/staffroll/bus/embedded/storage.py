"""One queue as a collection: what is written, and how durably.

What is published must survive a crash, so it waits for majority and journal. Claims and
acknowledgements need not: one that is lost only delivers the message again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from pymongo import ASCENDING, WriteConcern
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure, WriteConcernError

from staffroll.bus.contract import Message

Document = dict[str, Any]

DURABLE: Final = WriteConcern(w="majority", j=True)
LIGHT: Final = WriteConcern(w=1, j=False)
QUEUE_PREFIX: Final = "queue."

_DUPLICATE_KEY: Final = 11000


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message document in our hands until its lease ends.

    Attributes:
        lease: Proves that it is we who hold it; another's claim changes it.
    """

    id: str
    lease: str
    type: str
    body: str
    deliveries: int


def queue_collection(
    database: Database[Document], queue: str, concern: WriteConcern = DURABLE
) -> Collection[Document]:
    return database.get_collection(QUEUE_PREFIX + queue, write_concern=concern)


def prepare(database: Database[Document], queue: str) -> None:
    """Make the collection of the queue and its index; idempotent."""
    queue_collection(database, queue).create_index([("available_at", ASCENDING)])


def waiting_document(message: Message) -> Document:
    return {
        "_id": message.id,
        "type": message.type,
        "body": message.body,
        "headers": {"correlation_id": message.correlation_id},
        "available_at": datetime.now(UTC),
        "deliveries": 0,
    }


def insert(database: Database[Document], batches: Mapping[str, Sequence[Document]]) -> None:
    """Put messages into several queues; afterwards all of them are durable.

    One journal flush serves all queues: only the last insert waits for it. What was
    written before it, in the same term of the same primary, lies before it in the oplog
    and is durable with it. A message that already waits in a queue stays as it is.

    Raises:
        PyMongoError: It is not sure that all are there; repeating it is harmless.
    """
    terms = set()
    left = len(batches)
    for queue, documents in batches.items():
        left -= 1
        concern = LIGHT if left else DURABLE
        reply = database.command(
            "insert",
            QUEUE_PREFIX + queue,
            documents=list(documents),
            ordered=False,
            writeConcern=concern.document,
        )
        _check(reply)
        terms.add(reply.get("opTime", {}).get("t"))
    if len(terms) > 1:
        raise WriteConcernError("the primary changed in the middle of a batch")


def put_anew(database: Database[Document], queue: str, document: Document) -> None:
    """Put one message into a queue, durably, in place of what waits there under its id.

    Whoever still holds that one does so no longer: giving it up does not take this one away.
    """
    messages = queue_collection(database, queue)
    messages.replace_one({"_id": document["_id"]}, document, upsert=True)


def _check(reply: Mapping[str, Any]) -> None:
    for error in reply.get("writeErrors", ()):
        if error["code"] != _DUPLICATE_KEY:
            raise OperationFailure(error.get("errmsg", ""), error["code"], error)
    if "writeConcernError" in reply:
        raise WriteConcernError("not durable", details=reply["writeConcernError"])


class Claims:
    """Taking messages from one queue and giving up what was taken."""

    def __init__(self, database: Database[Document], queue: str, lease_seconds: float) -> None:
        self._lease = timedelta(seconds=lease_seconds)
        self._messages = queue_collection(database, queue, LIGHT)

    def claim(self, limit: int) -> list[Claimed]:
        """Take up to `limit` messages for one lease, the longest available first."""
        now = datetime.now(UTC)
        available = {"available_at": {"$lte": now}}
        seen = list(self._messages.find(available).sort("available_at").limit(limit))
        if not seen:
            return []
        lease = uuid4().hex
        ids = [document["_id"] for document in seen]
        taken = self._messages.update_many(
            {"_id": {"$in": ids}, **available},
            {
                "$set": {"available_at": now + self._lease, "lease": lease},
                "$inc": {"deliveries": 1},
            },
            hint="_id_",
        )
        if taken.modified_count < len(seen):
            # Others were quicker with some of them.
            ours = {d["_id"] for d in self._messages.find({"_id": {"$in": ids}, "lease": lease})}
            seen = [document for document in seen if document["_id"] in ours]
        return [_claimed(document, lease) for document in seen]

    def extend(self, held: Iterable[Claimed]) -> None:
        """Hold them for another lease from now."""
        until = datetime.now(UTC) + self._lease
        self._messages.update_many(_held(held), {"$set": {"available_at": until}})

    def delete(self, held: Iterable[Claimed]) -> None:
        self._messages.delete_many(_held(held))

    def give_back(self, held: Iterable[Claimed], after_seconds: float = 0.0) -> None:
        """Let anyone take them, not before `after_seconds`; until somebody does, it can be
        said again with another time."""
        then = datetime.now(UTC) + timedelta(seconds=after_seconds)
        self._messages.update_many(_held(held), {"$set": {"available_at": then}})


def _claimed(document: Document, lease: str) -> Claimed:
    deliveries = document["deliveries"] + 1
    return Claimed(document["_id"], lease, document["type"], document["body"], deliveries)


def _held(claimed: Iterable[Claimed]) -> Document:
    held = list(claimed)
    return {
        "_id": {"$in": [one.id for one in held]},
        "lease": {"$in": list({one.lease for one in held})},
    }
