"""Catching up: a follower that starts empty asks accounts to tell everything again.

The answer comes through a queue of its own, so that a long snapshot does not stand
before today's news; what arrives twice or late is ignored by version. What can never be
applied ends among the dead letters, as always: it is named, and not waited for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from typing import Final

import structlog
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from staffroll import clock
from staffroll.bus import BrokerAway, Message
from staffroll.bus.asking import all_settled, snapshot_request
from staffroll.bus.consumer import Consumer
from staffroll.bus.topology import dead_letters_queue, replay_queue
from staffroll.events import (
    PLATFORM_TENANT,
    Cause,
    Event,
    SnapshotDone,
    SnapshotWish,
    payload_of,
)
from staffroll.ids import new_id
from staffroll.mongo import AWAY
from staffroll.runtime import Runtime

COLLECTION: Final = "bootstraps"
_LEASE: Final = timedelta(seconds=20)
"""Renewed every second; after a kill, others need not wait longer than `staffroll up` does."""
_BATCH: Final = 500
_PATIENCE_SECONDS: Final = 60.0
_BURIED: Final = frozenset({"not_an_event", "invalid_data", "rejected", "handler_failed"})
_SETTLED: Final = _BURIED | {"handled", "ignored"}
"""Outcomes that are final: nothing of the kind is waited for any more."""

_log = structlog.get_logger()


class Bootstrap:
    """One follower's catching up with one owner; run as a chore until it is done.

    Args:
        handle: Applies one message of the service's queues.
    """

    def __init__(self, runtime: Runtime, owner: str, handle: Callable[[Event], None]) -> None:
        self._runtime = runtime
        self._owner = owner
        self._handle = handle
        self._states = runtime.platform[COLLECTION]
        self._consumer: Consumer | None = None
        self._queue = ""
        self._received: set[str] = set()
        self._buried = 0
        self._expected: int | None = None
        self._is_told = False
        self._lock = threading.Lock()
        self._is_done = False
        self._progress_at = 0.0
        self._own = {"tenant_id": PLATFORM_TENANT, "_id": owner}

    def waits(self) -> str | None:
        """See `waits_for`."""
        return waits_for(self._runtime, self._owner)

    def run(self) -> None:
        """Ask, or ask again where whoever asked has vanished; end when all was told."""
        if self._is_done:
            return
        if self._consumer is None:
            with suppress(DuplicateKeyError):  # another process is at it
                self._claim_and_ask()
        elif not self._is_told and time.monotonic() - self._progress_at > _PATIENCE_SECONDS:
            # The request or the answer is gone, as when a broker lost its data: ask again.
            _log.warning("bootstrap_without_progress", owner=self._owner)
            self.close()
        else:
            self._keep_claim()

    def close(self) -> None:
        """Let another process take over at once, unless all was told."""
        if self._consumer is None:
            return
        self._consumer.stop()
        self._consumer = None
        self._received.clear()
        if not self._is_done:
            with suppress(*AWAY):  # then the claim ends by itself
                self._release()

    def _claim_and_ask(self) -> None:
        now = clock.now()
        state = self._states.find_one(self._own)
        if state is None:
            self._states.insert_one({**self._own, "is_done": False, "lease_until": now + _LEASE})
        elif state["is_done"]:
            self._is_done = True
            return
        else:
            claimed = self._states.update_one(
                {**self._own, "lease_until": {"$eq": state["lease_until"], "$lt": now}},
                {"$set": {"lease_until": now + _LEASE}},
            )
            if claimed.modified_count == 0:
                return
        self._ask()

    def _ask(self) -> None:
        queue = replay_queue(self._runtime.service, new_id())
        broker = self._runtime.broker
        try:
            broker.open_queue(queue)
            broker.publish([snapshot_request(self._runtime.service, self._owner, queue)])
        except BrokerAway:
            _log.warning("bootstrap_waits_for_broker", owner=self._owner)
            self._release()
            return
        self._queue = queue
        self._received, self._buried, self._expected = set(), 0, None
        self._is_told = False
        self._progress_at = time.monotonic()
        self._consumer = self._start_consumer(queue)
        _log.info("bootstrap_asked", owner=self._owner)

    def _start_consumer(self, queue: str) -> Consumer:
        # Only where something is consumed, so that commands start without a web server.
        from staffroll.process import consumer_on

        consumer = consumer_on(self._runtime, self._receive, [queue], self._observe)
        consumer.start()
        return consumer

    def _release(self) -> None:
        self._states.update_one(self._own, {"$set": {"lease_until": clock.now()}})

    def _receive(self, event: Event) -> None:
        if event.type == "snapshot.done":
            self._expected = payload_of(event).sent
        else:
            self._handle(event)

    def _observe(self, event: Event | None, outcome: str, _seconds: float) -> None:
        with self._lock:
            self._progress_at = time.monotonic()
            if outcome in _SETTLED and not (event and event.type == "snapshot.done"):
                self._received.add(event.id if event else new_id())
                self._buried += outcome in _BURIED

    def _end_if_told(self) -> None:
        with self._lock:
            received, left = len(self._received), self._buried
        if self._is_told or self._expected is None or received < self._expected:
            return
        try:
            if not all_settled(self._runtime.broker, self._queue):
                return
        except BrokerAway:
            return
        done = {"is_done": True, "received": received, "left": left}
        self._states.update_one(self._own, {"$set": done})
        self._is_told = True
        _log.info("bootstrap_done", owner=self._owner, received=received)
        if left:
            queue = dead_letters_queue(self._runtime.service)
            _log.error("bootstrap_left_dead_letters", owner=self._owner, queue=queue, left=left)

    def _keep_claim(self) -> None:
        self._end_if_told()
        changes = {"lease_until": clock.now() + _LEASE, "received": len(self._received)}
        state = self._states.find_one_and_update(
            self._own, {"$set": changes}, return_document=ReturnDocument.AFTER
        )
        if state is not None and state["is_done"]:
            self._is_done = True
            self.close()
            self._runtime.broker.close_queue(self._queue)
        elif self._is_told:
            # Somebody let it begin again in the moment between.
            self.close()


def begin_again(runtime: Runtime, owner: str) -> None:
    """Forget that all was told, as when the database was restored: whoever runs next asks again."""
    runtime.platform[COLLECTION].update_one(
        {"tenant_id": PLATFORM_TENANT, "_id": owner},
        {"$set": {"is_done": False, "lease_until": clock.now(), "received": 0}},
        upsert=True,
    )


def waits_for(runtime: Runtime, owner: str) -> str | None:
    """For ``readyz``, in any process of the service: what is waited for, or None."""
    state = runtime.platform[COLLECTION].find_one({"tenant_id": PLATFORM_TENANT, "_id": owner})
    if state is not None and state["is_done"]:
        return None
    received = 0 if state is None else state.get("received", 0)
    return f"catching up with {owner}: {received} received"


def left_buried(runtime: Runtime, owner: str) -> int:
    """How much of what was told the last time lies among the dead letters."""
    state = runtime.platform[COLLECTION].find_one({"tenant_id": PLATFORM_TENANT, "_id": owner})
    return int(state.get("left", 0)) if state else 0


def tell_all(runtime: Runtime, wish: SnapshotWish, states: Iterable[Event]) -> int:
    """Send `states` into the wish's queue, then ``snapshot.done``; returns how many.

    Raises:
        BrokerAway: Not all arrived; the wish is to be handled again.
    """
    sent = 0
    for batch in _batches(states, _BATCH):
        sent += runtime.broker.publish([Message.direct(event, wish.queue) for event in batch])
    cause = Cause(
        runtime.service,
        wish.tenant_id or PLATFORM_TENANT,
        f"system:{runtime.service}",
        clock.now(),
    )
    done = cause.event("snapshot.done", runtime.service, sent, SnapshotDone(sent=sent))
    runtime.broker.publish([Message.direct(done, wish.queue)])
    _log.info("snapshot_told", sent=sent)
    return sent


def _batches(items: Iterable[Event], size: int) -> Iterator[list[Event]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
