"""How messages travel: brokers behind one contract, and the consumer in front of handlers."""

from __future__ import annotations

from staffroll.bus.contract import (
    DELIVERY_LIMIT,
    Broker,
    BrokerAway,
    DeadLetter,
    Delivery,
    Message,
    QueueState,
    Receiver,
    Sender,
    TopologyConflict,
)

__all__ = [
    "DELIVERY_LIMIT",
    "Broker",
    "BrokerAway",
    "DeadLetter",
    "Delivery",
    "Message",
    "QueueState",
    "Receiver",
    "Sender",
    "TopologyConflict",
    "connect",
    "is_address",
]


def connect(
    url: str, *, mongodb_uri: str = "", prefix: str = "", name: str = "staffroll"
) -> Broker:
    """The broker that `url` names.

    Args:
        url: ``amqp(s)://…`` or ``embedded:``.
        mongodb_uri: The server that keeps the queues of ``embedded:``.
        prefix: Put before every exchange and queue name, so that test runs can share a node.
        name: Shown in the broker's list of connections.
    Raises:
        ValueError: Another scheme.
    """
    if url.startswith(("amqp://", "amqps://")):
        from staffroll.bus.amqp import AmqpBroker

        return AmqpBroker(url, prefix=prefix, name=name)
    if url.startswith("embedded:"):
        from staffroll.bus.embedded import EmbeddedBroker

        return EmbeddedBroker(mongodb_uri, prefix=prefix, name=name)
    raise ValueError(f"unknown broker: {url.split(':', 1)[0]}")


def is_address(url: str) -> bool:
    """Whether `connect` takes this; asks no broker."""
    if url.startswith(("amqp://", "amqps://")):
        from staffroll.bus.amqp.commands import parameters_of

        try:
            parameters_of(url, "")
        except (ValueError, TypeError):
            return False
        return True
    return url.startswith("embedded:")
