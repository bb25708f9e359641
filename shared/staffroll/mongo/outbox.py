"""The outbox: news that waits in the very document it is about, until the broker has it.

State and event are one atomic write, so nothing is lost between them, on any MongoDB.
What this process commits it sends at once; what any process left behind (killed, or
the broker was away) a sweeper in every process sends later. Sending twice is harmless:
consumers go by version.

::

    store ──one write──▶ document { state, outbox: [event] }
      │ committed()                              ▲      ▲
      ▼                                  $pull   │      │ lease, send again
    Sender ──confirm──▶ confirmed() ──▶ Emptying ┘   sweeping
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from staffroll.bus.contract import Broker, Message, Sender
from staffroll.errors import OutboxFull
from staffroll.faults import log_fault
from staffroll.mongo.client import Document
from staffroll.mongo.emptying import Emptying, Place
from staffroll.mongo.folding import fold

MAX_PER_DOCUMENT: Final = 100
MAX_WAITING: Final = 100_000
MAX_DISK: Final = 0.9
SWEEP_AFTER: Final = timedelta(seconds=4)
LEASE: Final = timedelta(seconds=10)

_SWEEP_EVERY_SECONDS: Final = 1.0
_SWEEP_BATCH: Final = 200
_FORGET_AFTER_SECONDS: Final = 10.0

_log = structlog.get_logger()

HAS_ROOM: Final[Document] = {f"outbox.{MAX_PER_DOCUMENT - 1}": {"$exists": False}}
"""Filter: the document's outbox can take one more."""


def entries(messages: Iterable[Message], now: datetime) -> list[Document]:
    """Messages in the form in which they wait in a document's ``outbox``."""
    return [
        {
            "id": message.id,
            "at": now,
            "exchange": message.exchange,
            "key": message.key,
            "type": message.type,
            "body": message.body,
            "correlation_id": message.correlation_id,
        }
        for message in messages
    ]


def push(messages: Iterable[Message], now: datetime) -> Document:
    """The part of an update that puts messages into the outbox."""
    return {"$push": {"outbox": {"$each": entries(messages, now)}}}


def _message(entry: Document) -> Message:
    return Message(
        id=entry["id"],
        exchange=entry["exchange"],
        key=entry["key"],
        type=entry["type"],
        body=entry["body"],
        correlation_id=entry.get("correlation_id"),
    )


@dataclass(frozen=True, slots=True)
class _Sent:
    place: Place
    since: float


class Outbox:
    """Sends what the stores of this process commit, and what others left behind.

    Args:
        database: On a client of its own, so that its writes are told apart.
        collections: All collections whose documents have an outbox.
    """

    def __init__(
        self, database: Database[Document], collections: Sequence[str], broker: Broker
    ) -> None:
        self._database = database
        self._collections = tuple(collections)
        self._in_flight: dict[str, _Sent] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._is_full = False
        self._oldest: datetime | None = None
        self._emptying = Emptying(database, self._forget)
        self._sender: Sender = broker.sender(self._on_confirmed)
        self._sweeping = threading.Thread(
            target=self._sweep_forever, name="outbox-sweeping", daemon=True
        )
        self._sweeping.start()

    @property
    def is_connected(self) -> bool:
        return self._sender.is_connected

    @property
    def oldest_seconds(self) -> float:
        """Age of the oldest waiting event at the last look; 0 when none waits."""
        oldest = self._oldest
        return 0.0 if oldest is None else max(0.0, (datetime.now(UTC) - oldest).total_seconds())

    def check_room(self) -> None:
        """To be asked before a write that says something.

        Raises:
            OutboxFull: Too much waits for the broker already.
        """
        if self._is_full:
            raise OutboxFull

    def make_room(self, collection: str, tenant_id: str, document_id: Any) -> bool:
        """Fold the news of a document whose outbox is full; whether some of it could go."""
        one: Document = {"tenant_id": tenant_id, "_id": document_id}
        is_full = {f"outbox.{MAX_PER_DOCUMENT - 1}": {"$exists": True}}
        found = self._database[collection].find_one({**one, **is_full}, {"outbox": 1})
        if found is None:
            return False
        waiting = found["outbox"]
        folded = fold(waiting)
        if len(folded) == len(waiting):
            return False
        # News only comes at the end: with the same last entry and as many, it is as it was read.
        last = f"outbox.{len(waiting) - 1}.id"
        as_read = {"outbox": {"$size": len(waiting)}, last: waiting[-1]["id"]}
        update = {"$set": {"outbox": folded}}
        return self._database[collection].update_one({**one, **as_read}, update).matched_count == 1

    def committed(
        self, collection: str, tenant_id: str, document_id: Any, messages: Iterable[Message]
    ) -> bool:
        """Send at once what was just written; what cannot go now, the sweeper takes.

        Returns:
            Whether all of it is on its way.
        """
        sent = _Sent(Place(collection, tenant_id, document_id), time.monotonic())
        for message in messages:
            with self._lock:
                self._in_flight[message.id] = sent
            if not self._sender.send(message):
                with self._lock:
                    self._in_flight.pop(message.id, None)
                return False
        return True

    def close(self, timeout_seconds: float = 5.0) -> None:
        """Wait for outstanding confirms, empty what they confirm, end the threads."""
        self._stop.set()
        self._sender.close(timeout_seconds)
        self._emptying.close(timeout_seconds)
        self._sweeping.join(timeout_seconds)

    def _on_confirmed(self, ids: Sequence[str]) -> None:
        with self._lock:
            found = [(id_, self._in_flight.get(id_)) for id_ in ids]
        self._emptying.confirmed((id_, sent.place) for id_, sent in found if sent is not None)

    def _forget(self, ids: Sequence[str]) -> None:
        with self._lock:
            for id_ in ids:
                self._in_flight.pop(id_, None)

    def _sweep_forever(self) -> None:
        while not self._stop.wait(_SWEEP_EVERY_SECONDS):
            try:
                self._look()
                if not self._sender.is_connected:
                    self._forget_lost(everything=True)
                    continue
                self._forget_lost()
                for name in self._collections:
                    while self._sweep(name) and not self._stop.is_set():
                        pass
            except PyMongoError as error:
                _log.warning("outbox_sweep_failed", error=type(error).__name__)
            except Exception as error:  # noqa: BLE001 - without this thread news is stuck here
                log_fault("outbox_sweep_failed", error)

    def _look(self) -> None:
        oldest: datetime | None = None
        waiting = 0
        for name in self._collections:
            first = self._database[name].find_one(
                {"outbox.at": {"$exists": True}},
                {"outbox.at": 1},
                sort=[("outbox.at", 1)],
                hint="outbox_waiting",
            )
            if first is None:
                continue
            at = min((entry["at"] for entry in first["outbox"]), default=None)
            oldest = min(filter(None, (oldest, at)), default=None)
            if oldest and datetime.now(UTC) - oldest > LEASE:
                waiting += self._database[name].count_documents(
                    {"outbox.at": {"$exists": True}}, limit=MAX_WAITING, hint="outbox_waiting"
                )
        self._oldest = oldest
        self._is_full = waiting >= MAX_WAITING or (waiting > 0 and self._is_disk_full())

    def _is_disk_full(self) -> bool:
        """Whether the database's disk may not hold what else would have to wait, if it tells."""
        try:
            stats = self._database.command("dbStats")
        except OperationFailure:  # not ours to ask: what waits must be sent all the same
            return False
        return bool(stats.get("fsUsedSize", 0) > MAX_DISK * stats.get("fsTotalSize", 0))

    def _sweep(self, name: str) -> bool:
        """Send again, oldest first, some of what has waited too long and nobody else has leased.

        Returns:
            Whether there may be more, and room to send it.
        """
        now = datetime.now(UTC)
        free: Document = {
            "outbox.at": {"$lt": now - SWEEP_AFTER},
            "$or": [
                {"outbox_lease_until": {"$exists": False}},
                {"outbox_lease_until": {"$lt": now}},
            ],
        }
        collection = self._database[name]
        found = list(
            collection.find(free, {"_id": 1, "tenant_id": 1}, hint="outbox_waiting").limit(
                _SWEEP_BATCH
            )
        )
        for candidate in found:
            document = collection.find_one_and_update(
                {**free, "tenant_id": candidate["tenant_id"], "_id": candidate["_id"]},
                {"$set": {"outbox_lease_until": now + LEASE}},
                projection={"outbox": 1},
            )
            if document is None:
                continue
            waiting = [_message(entry) for entry in document["outbox"]]
            with self._lock:
                fresh = [message for message in waiting if message.id not in self._in_flight]
            if not self.committed(name, candidate["tenant_id"], candidate["_id"], fresh):
                return False
        return len(found) == _SWEEP_BATCH

    def _forget_lost(self, *, everything: bool = False) -> None:
        """What was sent long ago and never confirmed went down with its connection."""
        long_ago = time.monotonic() - (0.0 if everything else _FORGET_AFTER_SECONDS)
        with self._lock:
            lost = [id_ for id_, sent in self._in_flight.items() if sent.since < long_ago]
            for id_ in lost:
                del self._in_flight[id_]
