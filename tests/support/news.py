"""What is said on RabbitMQ, heard and said again by a test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pika

from staffroll import bus
from staffroll.bus.contract import DeadLetters
from tests.support.apart import Apart
from tests.support.rabbitmq import RabbitNode


@contextmanager
def recorded(rabbitmq: RabbitNode, suite: Apart, tenant_id: str) -> Iterator[list[bytes]]:
    """All events of the tenant; to be looked at after the block."""
    bodies: list[bytes] = []
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, f"{suite.prefix}staffroll.events", f"{tenant_id}.#")
        yield bodies
        while True:
            method, _, body = channel.basic_get(queue, auto_ack=True)
            if method is None:
                return
            bodies.append(body)


def say_again(rabbitmq: RabbitNode, suite: Apart, bodies: Iterable[bytes]) -> None:
    """Events as they are, to all who listen."""
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for body in bodies:
            event = json.loads(body)
            channel.basic_publish(
                f"{suite.prefix}staffroll.events",
                f"{event['tenantid']}.{event['type']}",
                body,
                pika.BasicProperties(
                    content_type="application/cloudevents+json",
                    message_id=event["id"],
                    type=event["type"],
                    delivery_mode=2,
                ),
            )


def put_into(rabbitmq: RabbitNode, queue: str, bodies: Iterable[bytes]) -> None:
    """Anything, straight into one queue."""
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for body in bodies:
            channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2))


def purge(rabbitmq: RabbitNode, queue: str) -> None:
    """Whatever waits in it is gone."""
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        connection.channel().queue_purge(queue)


@contextmanager
def dead_letters(suite: Apart, service: str) -> Iterator[DeadLetters]:
    """Those of a service."""
    broker = bus.connect(
        suite.environ["STAFFROLL_BROKER_URL"],
        prefix=suite.environ["STAFFROLL_BROKER_PREFIX"],
        name="looking",
    )
    try:
        yield broker.dead_letters(service)
    finally:
        broker.close()
