"""Threads between a receiver and a handler; what they decide stands in `applying`."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from staffroll.bus.applying import Applying, Observe, Reject, growing_pause
from staffroll.bus.contract import Broker, Delivery, Receiver
from staffroll.events import Event
from staffroll.faults import log_fault

__all__ = ["Consumer", "Reject"]

_LAST_WORDS_SECONDS: Final = 0.5

log = structlog.get_logger()


class Consumer:
    """Hears some queues and applies what comes by one handler, on several threads.

    * Handled: acknowledged after `handle` returned, so it must have written durably.
    * `Reject`, not an event, data against the schema: to the dead letters at once.
    * A type that we do not know: ignored; a sibling may be a version ahead.
    * `transient` errors and `staffroll.errors.Unavailable`: the message is held and the
      whole consumer pauses, 0.1 s and longer up to 30 s, until `is_ready`; then the same
      message is handled again. This never counts against the delivery limit.
    * Any other exception: tried again with growing pauses, buried at `DELIVERY_LIMIT`.

    Args:
        handle: Applies one event; called from `threads` threads at once, in any order.
        transient: What `handle` may raise when its database is away.
        is_ready: Whether what was away is back; asked after each pause.
        prefetch: Messages of each queue in hand at a time, at most.
        observe: For metrics; see `staffroll.bus.applying.Observe`.
        longest_retry_seconds: Between two tries of a message whose handler fails.
    """

    def __init__(
        self,
        broker: Broker,
        queues: Sequence[str],
        handle: Callable[[Event], None],
        *,
        transient: tuple[type[BaseException], ...] = (),
        is_ready: Callable[[], bool] = lambda: True,
        threads: int = 4,
        prefetch: int = 50,
        observe: Observe | None = None,
        longest_retry_seconds: float = 10.0,
    ) -> None:
        self._broker = broker
        self._queues = queues
        self._is_ready = is_ready
        self._prefetch = prefetch
        self._applying = Applying(
            handle, transient, self._hold, observe or _nobody, longest_retry_seconds
        )
        self._inbox: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._gate = threading.Condition()
        self._holding = 0
        self._stopping = False
        self._receiver: Receiver | None = None
        self._threads = [
            threading.Thread(target=self._work, name=f"bus-consumer-{number}", daemon=True)
            for number in range(threads)
        ]

    @property
    def is_connected(self) -> bool:
        return self._receiver is not None and self._receiver.is_connected

    @property
    def is_paused(self) -> bool:
        """Whether messages are held back because something the handler needs is away."""
        return self._holding > 0

    def start(self) -> None:
        """Begin to receive; once."""
        for thread in self._threads:
            thread.start()
        self._receiver = self._broker.receiver(
            self._queues, self._inbox.put, prefetch=self._prefetch
        )

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Finish the messages that handlers work on; the others are delivered again, to
        anyone, and so are those of handlers that take longer than the timeout."""
        deadline = time.monotonic() + timeout_seconds
        with self._gate:
            self._stopping = True
            self._gate.notify_all()
        if self._receiver is None:
            return
        for _ in self._threads:
            self._inbox.put(None)
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._receiver.stop(timeout_seconds=_LAST_WORDS_SECONDS)

    def _work(self) -> None:
        while True:
            delivery = self._inbox.get()
            self._wait_while_paused()
            if delivery is None or self._stopping:
                return
            try:
                self._applying.apply(delivery)
            except Exception as error:  # noqa: BLE001 - unsettled, it would be in hand for ever
                log_fault("bus.consumer_failed", error, queue=delivery.queue)
                delivery.retry(growing_pause(delivery.deliveries))

    def _wait_while_paused(self) -> None:
        with self._gate:
            self._gate.wait_for(lambda: self._stopping or self._holding == 0)

    def _hold(self, failures: int) -> bool:
        """Pause all threads until it is worth trying again; False when we are stopping."""
        with self._gate:
            self._holding += 1
        try:
            while not self._pause(growing_pause(failures)):
                if self._looks_ready():
                    return True
                failures += 1
            return False
        finally:
            with self._gate:
                self._holding -= 1
                self._gate.notify_all()

    def _pause(self, seconds: float) -> bool:
        with self._gate:
            return self._gate.wait_for(lambda: self._stopping, seconds)

    def _looks_ready(self) -> bool:
        try:
            return self._is_ready()
        except Exception as error:  # noqa: BLE001 - a probe that fails says no
            log.info("bus.not_ready", error=type(error).__name__)
            return False


def _nobody(_event: Event | None, _outcome: str, _seconds: float) -> None:
    """Nobody observes."""
