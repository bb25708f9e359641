"""The exchanges, queues and bindings of `staffroll.bus.topology`, as RabbitMQ wants them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from staffroll.bus import topology
from staffroll.bus.amqp.naming import Names
from staffroll.bus.contract import DEAD_LETTERS, DELIVERY_LIMIT, EVENTS, REQUESTS

_UNLIMITED_DELIVERIES: Final = 2**31 - 1
"""A dead letter is given back whenever somebody looks at it; since RabbitMQ 4 a queue
that names no limit has one, and would lose the letter."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing to declare, on a blocking or on an asynchronous channel."""

    kind: str
    name: str
    options: Mapping[str, Any]

    def declare(self, channel: Any) -> None:
        if self.kind == "exchange":
            channel.exchange_declare(self.name, durable=True, **self.options)
        elif self.kind == "queue":
            channel.queue_declare(self.name, durable=True, **self.options)
        else:
            channel.queue_bind(self.name, **self.options)

    def undo(self, channel: Any) -> None:
        """Only of a binding."""
        channel.queue_unbind(self.name, **self.options)


def whole_topology(names: Names) -> Iterator[Piece]:
    yield Piece("exchange", names.exchange(EVENTS), {"exchange_type": "topic"})
    yield Piece("exchange", names.exchange(REQUESTS), {"exchange_type": "direct"})
    yield Piece("exchange", names.exchange(DEAD_LETTERS), {"exchange_type": "direct"})
    for service in topology.SERVICES:
        yield from dead_letters_of(names, service)
        events, requests = topology.queues(service)
        yield _service_queue(names, service, events)
        yield _service_queue(names, service, requests)
        for pattern in topology.EVENT_PATTERNS[service]:
            yield _binding(names, events, EVENTS, pattern)
        yield _binding(names, requests, REQUESTS, service)
        for further in topology.FURTHER_QUEUES.get(service, ()):
            yield _service_queue(names, service, further)


def dead_letters_of(names: Names, service: str) -> Iterator[Piece]:
    queue = topology.dead_letters_queue(service)
    arguments = {"x-queue-type": "quorum", "x-delivery-limit": _UNLIMITED_DELIVERIES}
    yield Piece("queue", names.queue(queue), {"arguments": arguments})
    yield _binding(names, queue, DEAD_LETTERS, service)


def subscription(names: Names, name: str, patterns: Sequence[str]) -> Iterator[Piece]:
    """What another team's service needs. The exchanges are declared, too: who subscribes may
    be there before we are."""
    for exchange, kind in ((EVENTS, "topic"), (DEAD_LETTERS, "direct")):
        yield Piece("exchange", names.exchange(exchange), {"exchange_type": kind})
    yield from dead_letters_of(names, name)
    queue = topology.events_queue(name)
    yield _service_queue(names, name, queue)
    for pattern in patterns:
        yield _binding(names, queue, EVENTS, pattern)


def expiring_queue(
    names: Names, name: str, patterns: Sequence[str], expires_seconds: int
) -> Iterator[Piece]:
    """Durable, as transient shared queues are on their way out of RabbitMQ, and so that a
    restart of the broker does not tear a hole into a replay."""
    arguments = {"x-expires": expires_seconds * 1000}
    yield Piece("queue", names.queue(name), {"arguments": arguments})
    for pattern in patterns:
        yield _binding(names, name, EVENTS, pattern)


def bindings(names: Names, queue: str, patterns: Sequence[str]) -> Iterator[Piece]:
    """What lets a queue that is there get more events."""
    return (_binding(names, queue, EVENTS, pattern) for pattern in patterns)


def _service_queue(names: Names, service: str, queue: str) -> Piece:
    arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": names.exchange(DEAD_LETTERS),
        "x-dead-letter-routing-key": service,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    return Piece("queue", names.queue(queue), {"arguments": arguments})


def _binding(names: Names, queue: str, exchange: str, key: str) -> Piece:
    return Piece(
        "binding",
        names.queue(queue),
        {"exchange": names.exchange(exchange), "routing_key": key},
    )
