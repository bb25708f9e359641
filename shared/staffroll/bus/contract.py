"""What a broker must do, whichever it is: one contract, fulfilled by `amqp` and `embedded`.

::

    outbox ──▶ Sender ──▶ staffroll.events ──▶ <service>.events   ──▶ Receiver ──▶ Consumer
                     └──▶ staffroll.requests ─▶ <service>.requests ─▶    │
                                                                        ▼
                                              <service>.dead-letters (until a person decides)

Promised: a confirmed message reaches every queue it is meant for at least once, and
stays until it is acknowledged or buried. Not promised: order, or exactly once.
The suite in ``tests/integration/bus`` runs whole over every broker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from staffroll.events import Event
from staffroll.events.tracing import TRACEPARENT

EVENTS: Final = "staffroll.events"
REQUESTS: Final = "staffroll.requests"
DEAD_LETTERS: Final = "staffroll.dead-letters"
DIRECT: Final = ""
"""The exchange that reaches one queue by its name (snapshots, retried dead letters)."""

DELIVERY_LIMIT: Final = 20
"""Deliveries of one message before it is buried; a killed consumer gives back its prefetch."""


class TopologyConflict(Exception):
    """A queue or exchange exists with other properties; the message names it."""


class NoQueue(Exception):
    """The broker has no queue of this name; `str()` is the name."""


class BrokerAway(Exception):
    """The broker cannot be reached, or did not confirm in time."""


@dataclass(frozen=True, slots=True)
class Message:
    """An event on its way.

    Attributes:
        id: The event's id.
        exchange: `EVENTS`, `REQUESTS` or `DIRECT`.
        key: ``<tenant id>.<type>`` for events, the owner for requests, the queue for direct.
        type: The event type.
        body: The CloudEvent as JSON text.
    """

    id: str
    exchange: str
    key: str
    type: str
    body: str
    correlation_id: str | None = None

    @classmethod
    def event(cls, event: Event) -> Message:
        return cls._carrying(event, EVENTS, f"{event.tenant_id}.{event.type}")

    @classmethod
    def request(cls, event: Event, owner: str) -> Message:
        return cls._carrying(event, REQUESTS, owner)

    @classmethod
    def direct(cls, event: Event, queue: str) -> Message:
        return cls._carrying(event, DIRECT, queue)

    @classmethod
    def _carrying(cls, event: Event, exchange: str, key: str) -> Message:
        if event.traceparent is None and (here := TRACEPARENT.get()) is not None:
            event = replace(event, traceparent=here)
        return cls(event.id, exchange, key, event.type, event.to_json(), event.correlation_id)


class Delivery(Protocol):
    """One message given to us, to be settled exactly once, from any thread."""

    @property
    def body(self) -> bytes: ...

    @property
    def queue(self) -> str: ...

    @property
    def deliveries(self) -> int:
        """How often this message was delivered, this time included; 1 at first."""

    def ack(self) -> None:
        """Done: the broker may forget it."""

    def retry(self, after_seconds: float) -> None:
        """Deliver it again, not before `after_seconds`; others go on meanwhile.

        At `DELIVERY_LIMIT` the broker buries it by itself.
        """

    def bury(self, reason: str, error: str = "") -> None:
        """Put it among the dead letters, with reason and error name, and forget it here."""


class Sender(Protocol):
    """Publishes with confirms, pipelined, on a thread and connection of its own."""

    @property
    def is_connected(self) -> bool: ...

    def send(self, message: Message) -> bool:
        """Hand over one message without waiting. False: not connected or too many in
        flight; the outbox keeps it and sends it later.

        A request that no queue takes is never confirmed (mandatory).
        """

    def close(self, timeout_seconds: float = 5.0) -> None:
        """Wait for outstanding confirms up to the timeout, then end the connection."""


class Receiver(Protocol):
    """Receives from some queues, on a thread and connection of its own."""

    @property
    def is_connected(self) -> bool: ...

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Take no more; wait until what is in hand is settled; close. What is not settled
        in time is delivered again, to anyone."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """One queue at a moment.

    Attributes:
        messages: How many lie in it, those included that this process has in hand; those in
            other hands only where the broker tells (embedded).
        consumers: How many receivers it has in all processes; None where that is not told.
    """

    messages: int
    consumers: int | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be applied, kept until a person decides."""

    id: str
    queue: str
    type: str
    reason: str
    error: str
    died_at: datetime
    deliveries: int
    body: bytes = field(repr=False)


class DeadLetters(Protocol):
    """The dead letters of one service.

    On RabbitMQ, all of this raises `NoQueue` where no such service has ever been; embedded,
    it has no letters.
    """

    def list(self, limit: int = 100) -> Sequence[DeadLetter]: ...

    def count(self) -> int: ...

    def retry(self, ids: Iterable[str] | None = None) -> int:
        """Put them back into the queue they died in; None for all. Returns how many.

        Where that queue is gone, they come among the service's events; so do those of a
        replay, whose queue goes at any moment.
        """

    def drop(self, ids: Iterable[str] | None = None) -> int:
        """Forget them for ever; None for all. Returns how many."""

    def drop_where(self, is_meant: Callable[[DeadLetter], bool]) -> int:
        """Forget those that `is_meant` picks, for ever. Returns how many."""


class Broker(Protocol):
    """One way for messages to travel."""

    def declare(self) -> None:
        """Make the topology of `staffroll.bus.topology`; idempotent.

        Raises:
            TopologyConflict: Something is there with other properties.
            BrokerAway: It cannot be reached.
        """

    def sender(self, confirmed: Callable[[Sequence[str]], None]) -> Sender:
        """Start a sender; `confirmed` is called with message ids, from the sender's thread.

        It connects in the background and again whenever the connection breaks.
        """

    def receiver(
        self,
        queues: Sequence[str],
        deliver: Callable[[Delivery], None],
        *,
        prefetch: int = 50,
    ) -> Receiver:
        """Start receiving; `deliver` is called on the I/O thread and must not block.

        At most `prefetch` deliveries of each queue are unsettled at a time. It connects in
        the background and again whenever the connection breaks.
        """

    def publish(self, messages: Iterable[Message], timeout_seconds: float = 30.0) -> int:
        """Publish and wait until all are confirmed; for commands and snapshots.

        Raises:
            BrokerAway: Not all were confirmed; some may have arrived.
        """

    def open_queue(
        self, name: str, patterns: Sequence[str] = (), *, expires_seconds: int = 600
    ) -> None:
        """Make a queue that vanishes when unused; `patterns` bind it to `EVENTS`
        (``*`` one word, ``#`` any number)."""

    def open_subscription(self, name: str, patterns: Sequence[str]) -> None:
        """Make what another team's service `name` reads: ``<name>.events`` bound to `EVENTS`
        by `patterns`, and ``<name>.dead-letters``. Both stay until somebody removes them;
        patterns of earlier calls stay bound.

        Raises:
            TopologyConflict: Something is there with other properties.
            BrokerAway: It cannot be reached.
        """

    def bind(self, queue: str, patterns: Sequence[str]) -> None:
        """Let one of our own queues get more of `EVENTS`; idempotent.

        Raises:
            BrokerAway: It cannot be reached, or has no such queue at the moment.
        """

    def unbind(self, queue: str, patterns: Sequence[str]) -> None:
        """Take patterns of `bind` back; idempotent. Raises `BrokerAway` as `bind` does."""

    def close_queue(self, name: str) -> None: ...

    def waiting(self, queue: str) -> int:
        """How many messages lie in the queue, those in somebody's hands included."""

    def look(self, queues: Sequence[str]) -> Mapping[str, QueueState]:
        """How it stands with each of the queues that are there; changes nothing.

        Raises:
            BrokerAway: It cannot be reached.
        """

    def dead_letters(self, service: str) -> DeadLetters: ...

    def close(self) -> None:
        """End what this object opened itself; senders and receivers are closed by who
        started them."""
