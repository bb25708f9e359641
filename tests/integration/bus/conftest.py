"""Brokers of both kinds, and what is opened on them ends with the test."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator

import pika
import pytest

from staffroll.bus import Broker, connect, topology
from staffroll.bus.contract import DEAD_LETTERS, EVENTS, REQUESTS
from tests.integration.bus.harness import Inbox, Outgoing, Treat, ack
from tests.support.rabbitmq import RabbitNode


@pytest.fixture(autouse=True)
def quiet_pika(caplog: pytest.LogCaptureFixture) -> None:
    """It writes a page about every refused connection."""
    caplog.set_level(logging.CRITICAL, "pika")


@pytest.fixture(params=["amqp", "embedded"])
def broker_address(request: pytest.FixtureRequest, amqp_prefix: str) -> Iterator[dict[str, str]]:
    """The arguments of `staffroll.bus.connect` for one test's own topology."""
    if request.param == "amqp":
        node: RabbitNode = request.getfixturevalue("rabbitmq")
        yield {"url": node.url, "prefix": amqp_prefix}
        forget(node.url, amqp_prefix)
    else:
        uri = request.getfixturevalue("mongodb_uri")
        yield {"url": "embedded:", "mongodb_uri": uri, "prefix": amqp_prefix}


@pytest.fixture
def broker(broker_address: dict[str, str]) -> Iterator[Callable[[], Broker]]:
    """Opens brokers onto one and the same declared topology."""
    with contextlib.ExitStack() as stack:

        def open_one() -> Broker:
            one = connect(**broker_address)
            stack.callback(one.close)
            one.declare()
            return one

        yield open_one


@pytest.fixture
def inbox() -> Iterator[Callable[..., Inbox]]:
    with contextlib.ExitStack() as stack:

        def open_one(broker: Broker, *queues: str, treat: Treat = ack, prefetch: int = 50) -> Inbox:
            one = Inbox(broker, queues, treat, prefetch)
            stack.callback(one.receiver.stop, 0.2)
            return one

        yield open_one


@pytest.fixture
def outgoing() -> Iterator[Callable[[Broker], Outgoing]]:
    with contextlib.ExitStack() as stack:

        def open_one(broker: Broker) -> Outgoing:
            one = Outgoing(broker)
            stack.callback(one.sender.close, 0.2)
            return one

        yield open_one


def forget(url: str, prefix: str) -> None:
    """Delete the topology, so that the node does not carry every test's queues."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        for service in topology.SERVICES:
            further = topology.FURTHER_QUEUES.get(service, ())
            for queue in (
                *topology.queues(service),
                *further,
                topology.dead_letters_queue(service),
            ):
                channel.queue_delete(prefix + queue)
        for exchange in (EVENTS, REQUESTS, DEAD_LETTERS):
            channel.exchange_delete(prefix + exchange)
