"""Publishing with confirms, many in flight."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import takewhile
from typing import Any, Final

import pika
import structlog
from pika import spec
from pika.exceptions import ShortStringTooLong

from staffroll.bus.amqp.declaring import whole_topology
from staffroll.bus.amqp.form import properties_of
from staffroll.bus.amqp.link import Link
from staffroll.bus.amqp.naming import Names
from staffroll.bus.contract import DIRECT, REQUESTS, Message
from staffroll.faults import log_fault

MAX_IN_FLIGHT: Final = 1000
CONFIRM_SECONDS: Final = 30.0
"""Silence of the broker after which a connection with unconfirmed messages is given up."""
_WATCH_SECONDS: Final = 5.0

log = structlog.get_logger()


class AmqpSender:
    """A `staffroll.bus.contract.Sender`.

    What is unconfirmed when the connection breaks is forgotten here: whoever sent it
    still has it, and sends it again.

    Args:
        confirmed: Given the messages that are safe, in batches.
        lost: Given those that no queue took, or that the broker refused to store.
    """

    def __init__(
        self,
        parameters: pika.URLParameters,
        names: Names,
        confirmed: Callable[[Sequence[Message]], None],
        *,
        lost: Callable[[Sequence[Message]], None] | None = None,
        max_in_flight: int = MAX_IN_FLIGHT,
    ) -> None:
        self._names = names
        self._confirmed = confirmed
        self._lost = lost
        self._max_in_flight = max_in_flight
        self._channel: Any = None
        self._next_tag = 1
        self._last_news = 0.0
        self._unconfirmed: dict[int, Message] = {}
        self._returned: set[tuple[str, str, str]] = set()
        self._done: list[Message] = []
        self._undone: list[Message] = []
        self._changed = threading.Condition()
        self._waiting: deque[Message] = deque()
        self._in_flight = 0
        self._accepts = False
        self.breaks = 0
        """How often a connection that worked was lost."""
        self._link = Link(
            parameters,
            thread_name="bus-sender",
            opened=self._on_opened,
            lost=self._on_lost,
            declare=self._declare,
        )
        self._link.start()

    @property
    def is_connected(self) -> bool:
        return self._accepts

    def send(self, message: Message) -> bool:
        with self._changed:
            if not self._accepts or self._in_flight >= self._max_in_flight:
                return False
            self._in_flight += 1
            self._waiting.append(message)
            is_first = len(self._waiting) == 1
        if is_first:
            self._link.call(self._publish_waiting)
        return True

    def wait(self, ready: Callable[[], bool], deadline: float) -> bool:
        """Wait, until `time.monotonic()` is `deadline`, for `ready`; asked at every change."""
        with self._changed:
            return self._changed.wait_for(ready, max(0.0, deadline - time.monotonic()))

    @property
    def has_room(self) -> bool:
        return self._accepts and self._in_flight < self._max_in_flight

    def close(self, timeout_seconds: float = 5.0) -> None:
        deadline = time.monotonic() + timeout_seconds
        self.wait(lambda: self._in_flight == 0, deadline)
        self._accepts = False
        self._link.close(max(0.5, deadline - time.monotonic()))

    def _declare(self, channel: Any) -> None:
        for piece in whole_topology(self._names):
            piece.declare(channel)

    def _on_opened(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_return_callback(self._on_returned)
        channel.confirm_delivery(self._on_confirm, callback=lambda _frame: self._on_ready())

    def _on_ready(self) -> None:
        self._link.ready()
        self._link.call_later(_WATCH_SECONDS, partial(self._watch, self._channel))
        with self._changed:
            self._accepts = True
            self._changed.notify_all()

    def _on_lost(self) -> None:
        self._channel = None
        self._next_tag = 1
        self._unconfirmed.clear()
        self._returned.clear()
        with self._changed:
            self._accepts = False
            self.breaks += 1
            self._waiting.clear()
            self._in_flight = 0
            self._changed.notify_all()

    def _watch(self, channel: Any) -> None:
        """A queue without leader may leave messages unconfirmed for ever, and the pipeline
        full of them; a new connection lets their owners send them again."""
        if channel is not self._channel:
            return
        if self._unconfirmed and time.monotonic() - self._last_news > CONFIRM_SECONDS:
            log.warning("bus.confirms_missing", count=len(self._unconfirmed))
            self._link.break_off()
        else:
            self._link.call_later(_WATCH_SECONDS, partial(self._watch, channel))

    def _publish_waiting(self) -> None:
        with self._changed:
            messages = list(self._waiting)
            self._waiting.clear()
        for message in messages:
            if self._channel is None:
                return
            try:
                self._publish(self._channel, message)
            except (ShortStringTooLong, ValueError) as error:
                log_fault("bus.unsendable", error, type=message.type)
                self._settle([], [message])

    def _publish(self, channel: Any, message: Message) -> None:
        """Count only what really went out: the broker numbers what it gets."""
        channel.basic_publish(
            self._names.exchange(message.exchange),
            self._names.key(message.exchange, message.key),
            message.body.encode(),
            properties_of(message),
            mandatory=message.exchange in (REQUESTS, DIRECT),
        )
        if not self._unconfirmed:
            self._last_news = time.monotonic()
        self._unconfirmed[self._next_tag] = message
        self._next_tag += 1

    def _on_returned(
        self, _channel: Any, method: spec.Basic.Return, properties: Any, _body: bytes
    ) -> None:
        """The broker says so before it confirms the same message."""
        self._returned.add((method.exchange, method.routing_key, properties.message_id))
        log.warning("bus.no_queue_takes", key=method.routing_key, type=properties.type)

    def _on_confirm(self, frame: Any) -> None:
        self._last_news = time.monotonic()
        is_stored = isinstance(frame.method, spec.Basic.Ack)
        done: list[Message] = []
        undone: list[Message] = []
        for message in self._answered(frame.method.delivery_tag, multiple=frame.method.multiple):
            address = self._address(message)
            is_returned = address in self._returned
            self._returned.discard(address)
            (done if is_stored and not is_returned else undone).append(message)
        if not is_stored:
            log.warning("bus.refused", count=len(undone))
        self._settle(done, undone)

    def _answered(self, tag: int, *, multiple: bool) -> list[Message]:
        if not multiple:
            message = self._unconfirmed.pop(tag, None)
            return [] if message is None else [message]
        tags = list(takewhile(lambda sent: sent <= tag, self._unconfirmed))
        return [self._unconfirmed.pop(sent) for sent in tags]

    def _address(self, message: Message) -> tuple[str, str, str]:
        exchange = self._names.exchange(message.exchange)
        return exchange, self._names.key(message.exchange, message.key), message.id

    def _settle(self, done: Sequence[Message], undone: Sequence[Message]) -> None:
        self._done.extend(done)
        self._undone.extend(undone)
        with self._changed:
            self._in_flight = max(0, self._in_flight - len(done) - len(undone))
        self._link.call(self._report)

    def _report(self) -> None:
        """Once for all confirms that one read brought, so that outboxes empty in batches."""
        done, self._done = self._done, []
        undone, self._undone = self._undone, []
        try:
            if done:
                self._confirmed(done)
            if undone and self._lost:
                self._lost(undone)
        finally:
            with self._changed:
                self._changed.notify_all()
