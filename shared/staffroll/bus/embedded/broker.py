"""The bus of `embedded:`: everything one process needs, over one MongoDB client."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pymongo
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from staffroll.bus.contract import BrokerAway, Delivery, Message, QueueState
from staffroll.bus.embedded.dead_letters import EmbeddedDeadLetters
from staffroll.bus.embedded.publishing import Publishing, batches
from staffroll.bus.embedded.receiver import EmbeddedReceiver
from staffroll.bus.embedded.registry import Registry
from staffroll.bus.embedded.sender import EmbeddedSender
from staffroll.bus.embedded.storage import queue_collection
from staffroll.bus.embedded.watcher import Watcher
from staffroll.bus.topology import events_queue

_PAUSE_SECONDS: Final = 0.1


class EmbeddedBroker:
    """A `staffroll.bus.contract.Broker` that needs nothing but the database server.

    Args:
        mongodb_uri: A replica set, so that change streams wake receivers at once; on a
            standalone server they poll once a second.
        prefix: Of the database's name; what MongoDB does not allow there becomes ``_``.
        name: Shown in the server's list of connections.
        lease_seconds: How long a message stays with a process that was killed with it; a
            living one renews the lease.
    """

    def __init__(
        self,
        mongodb_uri: str,
        *,
        prefix: str = "",
        name: str = "staffroll",
        lease_seconds: float = 10.0,
    ) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            mongodb_uri,
            appname=name,
            tz_aware=True,
            uuidRepresentation="standard",
            serverSelectionTimeoutMS=2_000,
            connectTimeoutMS=2_000,
            socketTimeoutMS=10_000,
        )
        self._database = self._client[re.sub(r"[^A-Za-z0-9_-]", "_", prefix) + "bus"]
        self._lease_seconds = lease_seconds
        self._registry = Registry(self._database)
        self._publishing = Publishing(self._database, self._registry)
        self._watcher = Watcher(self._database)

    def declare(self) -> None:
        with _away():
            self._registry.declare()

    def sender(self, confirmed: Callable[[Sequence[str]], None]) -> EmbeddedSender:
        return EmbeddedSender(self._publishing, self._is_reachable, confirmed)

    def receiver(
        self,
        queues: Sequence[str],
        deliver: Callable[[Delivery], None],
        *,
        prefetch: int = 50,
    ) -> EmbeddedReceiver:
        return EmbeddedReceiver(
            self._database,
            self._registry,
            self._watcher,
            self._is_reachable,
            queues,
            deliver,
            prefetch=prefetch,
            lease_seconds=self._lease_seconds,
        )

    def publish(self, messages: Iterable[Message], timeout_seconds: float = 30.0) -> int:
        deadline = time.monotonic() + timeout_seconds
        published = 0
        for batch in batches(messages):
            self._publish(batch, deadline)
            published += len(batch)
        return published

    def open_queue(
        self, name: str, patterns: Sequence[str] = (), *, expires_seconds: int = 600
    ) -> None:
        with _away():
            self._registry.open(name, patterns, expires_seconds)

    def open_subscription(self, name: str, patterns: Sequence[str]) -> None:
        with _away():
            self._registry.open_lasting(events_queue(name), patterns)

    def bind(self, queue: str, patterns: Sequence[str]) -> None:
        with _away():
            is_there = self._registry.bind(queue, patterns)
        if not is_there:
            raise BrokerAway(f"there is no queue {queue}")

    def unbind(self, queue: str, patterns: Sequence[str]) -> None:
        with _away():
            self._registry.unbind(queue, patterns)

    def close_queue(self, name: str) -> None:
        with _away():
            self._registry.close(name)

    def waiting(self, queue: str) -> int:
        found = self.look([queue]).get(queue)
        return 0 if found is None else found.messages

    def look(self, queues: Sequence[str]) -> Mapping[str, QueueState]:
        with _away():
            there = {binding.queue for binding in self._registry.bindings()}
            return {
                queue: QueueState(
                    queue_collection(self._database, queue).count_documents({}), consumers=None
                )
                for queue in queues
                if queue in there
            }

    def dead_letters(self, service: str) -> EmbeddedDeadLetters:
        return EmbeddedDeadLetters(self._database, self._registry, service)

    def close(self) -> None:
        self._watcher.close()
        self._client.close()

    def _is_reachable(self) -> bool:
        return self._client.topology_description.has_writable_server()

    def _publish(self, batch: Sequence[Message], deadline: float) -> None:
        """Again and again while the database is away, up to the deadline."""
        while True:
            left = deadline - time.monotonic()
            try:
                with pymongo.timeout(max(left, 0.001)):
                    done = self._publishing.publish(batch)
            except PyMongoError as error:
                if time.monotonic() + _PAUSE_SECONDS >= deadline:
                    raise BrokerAway("the database of the bus does not answer") from error
                time.sleep(_PAUSE_SECONDS)
                continue
            if len(done) < len(batch):
                raise BrokerAway(f"{len(batch) - len(done)} messages found no queue")
            return


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise BrokerAway("the database of the bus does not answer") from error
