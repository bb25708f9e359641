"""Hearing at the first start what happened before: an owner is asked to tell all it has."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

from staffroll.bus import Broker, BrokerAway
from staffroll.bus.asking import all_settled, snapshot_request
from staffroll.bus.consumer import Consumer
from staffroll.bus.topology import replay_queue
from staffroll.events import Event, payload_of
from staffroll.ids import new_id

PATIENCE_SECONDS: Final = 60.0
"""Without anything told for so long, the owner is asked anew."""

_POLL_SECONDS: Final = 0.2
_SETTLED: Final = {"handled", "ignored", "invalid_data", "rejected", "handler_failed"}
"""Outcomes that are final: nothing of the kind is waited for any more."""

log = structlog.get_logger()


class CatchingUp:
    """Asks one owner, again and again until all it has was handled.

    Args:
        tenant_id: Only this tenant's; None for all.
        handle: Applies one event.
    """

    def __init__(
        self,
        broker: Broker,
        name: str,
        owner: str,
        tenant_id: str | None,
        handle: Callable[[Event], None],
    ) -> None:
        self._broker = broker
        self._name = name
        self._owner = owner
        self._tenant_id = tenant_id
        self._handle = handle
        self._lock = threading.Lock()
        self._told: set[str] = set()
        self._expected: int | None = None
        self._progress_at = 0.0

    @property
    def told(self) -> int:
        """How many things were told so far."""
        return len(self._told)

    def run(self, stop: threading.Event) -> bool:
        """Whether all was told; False when we were stopped before."""
        while not stop.is_set():
            try:
                if self._ask_once(stop):
                    log.info("subscriber_caught_up", owner=self._owner, told=self.told)
                    return True
            except BrokerAway:
                stop.wait(1.0)
        return False

    def _ask_once(self, stop: threading.Event) -> bool:
        queue = replay_queue(self._name, new_id())
        self._told, self._expected = set(), None
        self._progress_at = time.monotonic()
        self._broker.open_queue(queue)
        consumer = Consumer(self._broker, [queue], self._receive, observe=self._observe)
        consumer.start()
        try:
            wish = snapshot_request(self._name, self._owner, queue, tenant_id=self._tenant_id)
            self._broker.publish([wish])
            while not (is_complete := self._is_complete(queue)) and self._is_going_on:
                if stop.wait(_POLL_SECONDS):
                    return False
            return is_complete
        finally:
            consumer.stop()
            self._broker.close_queue(queue)

    def _is_complete(self, queue: str) -> bool:
        if self._expected is None or len(self._told) < self._expected:
            return False
        return all_settled(self._broker, queue)

    @property
    def _is_going_on(self) -> bool:
        return time.monotonic() - self._progress_at < PATIENCE_SECONDS

    def _receive(self, event: Event) -> None:
        if event.type == "snapshot.done":
            self._expected = payload_of(event).sent
        else:
            self._handle(event)

    def _observe(self, event: Event | None, outcome: str, _seconds: float) -> None:
        """What ends among the dead letters was told, too: who waited for it would ask for
        ever, and what a handler tries again is no silence of the owner."""
        with self._lock:
            self._progress_at = time.monotonic()
            if event is not None and event.type != "snapshot.done" and outcome in _SETTLED:
                self._told.add(event.id)
