"""Publishing from a thread of its own, so that nobody waits for the database."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from pymongo.errors import PyMongoError

from staffroll.bus.contract import Message
from staffroll.bus.embedded.publishing import Publishing, batches
from staffroll.faults import log_fault

MAX_IN_FLIGHT: Final = 1000

log = structlog.get_logger()


class EmbeddedSender:
    """A `staffroll.bus.contract.Sender`.

    What waits while the database goes away is forgotten here: whoever sent it still has
    it, and sends it again.
    """

    def __init__(
        self,
        publishing: Publishing,
        is_reachable: Callable[[], bool],
        confirmed: Callable[[Sequence[str]], None],
    ) -> None:
        self._publishing = publishing
        self._is_reachable = is_reachable
        self._confirmed = confirmed
        self._changed = threading.Condition()
        self._waiting: deque[Message] = deque()
        self._in_flight = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="bus-sender", daemon=True)
        self._thread.start()

    @property
    def is_connected(self) -> bool:
        return not self._closing and self._is_reachable()

    def send(self, message: Message) -> bool:
        if not self.is_connected:
            return False
        with self._changed:
            if self._closing or self._in_flight >= MAX_IN_FLIGHT:
                return False
            self._in_flight += 1
            self._waiting.append(message)
            self._changed.notify_all()
        return True

    def close(self, timeout_seconds: float = 5.0) -> None:
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            self._changed.wait_for(lambda: self._in_flight == 0, timeout_seconds)
            self._closing = True
            self._changed.notify_all()
        self._thread.join(max(0.5, deadline - time.monotonic()))

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if self._closing:
                    return
                messages = list(self._waiting)
                self._waiting.clear()
            for batch in batches(messages):
                self._publish(batch)

    def _publish(self, batch: Sequence[Message]) -> None:
        try:
            done = self._publishing.publish(batch)
            if done:
                self._confirmed([message.id for message in done])
        except PyMongoError as error:
            log.warning("bus.publish_failed", error=type(error).__name__, messages=len(batch))
        except Exception as error:  # noqa: BLE001 - the thread must outlive any bug
            log_fault("bus.confirmed_failed", error)
        finally:
            with self._changed:
                self._in_flight -= len(batch)
                self._changed.notify_all()
