"""What only RabbitMQ can do to us: going away, coming back, objecting."""

from __future__ import annotations

import threading
import time

import pika
import pytest

from staffroll.bus import BrokerAway, TopologyConflict, connect
from staffroll.bus.amqp.sender import MAX_IN_FLIGHT
from staffroll.bus.contract import NoQueue
from tests.integration.bus.conftest import forget
from tests.integration.bus.harness import a_message, a_request, hold
from tests.support.waiting import eventually

NOBODY_LISTENS = "amqp://guest:guest@127.0.0.1:1/"
SETTLED_SECONDS = 15
"""A quorum queue younger than some 12 s may be empty after a `kill -9` of its only node."""


@pytest.fixture
def bus(rabbitmq, amqp_prefix):
    broker = connect(rabbitmq.url, prefix=amqp_prefix, name=amqp_prefix)
    broker.declare()
    yield broker
    broker.close()
    forget(rabbitmq.url, amqp_prefix)


@pytest.fixture
def hasty_bus(rabbitmq, amqp_prefix):
    """One that soon notices a hanging node."""
    broker = connect(f"{rabbitmq.url}?heartbeat=1", prefix=amqp_prefix)
    broker.declare()
    yield broker
    broker.close()
    forget(rabbitmq.url, amqp_prefix)


# Declaring


def test_a_conflicting_queue_is_reported_by_name(rabbitmq, amqp_prefix):
    name = f"{amqp_prefix}people.events"
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        connection.channel().queue_declare(name, durable=True)

    with pytest.raises(TopologyConflict, match=name):
        connect(rabbitmq.url, prefix=amqp_prefix).declare()

    forget(rabbitmq.url, amqp_prefix)


def test_a_conflicting_exchange_is_reported_by_name(rabbitmq, amqp_prefix):
    name = f"{amqp_prefix}staffroll.events"
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        connection.channel().exchange_declare(name, "fanout", durable=True)

    with pytest.raises(TopologyConflict, match=name):
        connect(rabbitmq.url, prefix=amqp_prefix).declare()

    forget(rabbitmq.url, amqp_prefix)


# Nobody there


@pytest.mark.parametrize(
    "use",
    [
        lambda broker: broker.declare(),
        lambda broker: broker.waiting("people.events"),
        lambda broker: broker.publish([a_message()], timeout_seconds=0.3),
        lambda broker: broker.open_queue("people.replay.1"),
        lambda broker: broker.dead_letters("people").list(),
    ],
    ids=["declare", "waiting", "publish", "open_queue", "dead_letters"],
)
def test_every_command_says_that_the_broker_is_away(use):
    broker = connect(NOBODY_LISTENS)

    with pytest.raises(BrokerAway) as away:
        use(broker)

    assert "guest" not in str(away.value)


def test_sender_and_receiver_of_an_absent_broker_end_promptly():
    broker = connect(NOBODY_LISTENS)
    sender = broker.sender(hold)
    receiver = broker.receiver(["people.events"], hold)

    started = time.monotonic()
    is_taken = sender.send(a_message())
    sender.close()
    receiver.stop()

    assert not is_taken
    assert not receiver.is_connected
    assert time.monotonic() - started < 2


def test_the_broker_shows_who_is_connected(bus, rabbitmq, amqp_prefix, outgoing):
    outgoing(bus)

    shown = rabbitmq.control("list_connections", "client_properties")

    assert f'"connection_name","{amqp_prefix}"' in shown


# Missing things mend themselves


def test_a_receiver_waits_for_a_topology_that_is_not_there_yet(rabbitmq, amqp_prefix, inbox):
    broker = connect(rabbitmq.url, prefix=amqp_prefix)

    export = inbox(broker, "export.events")

    eventually(lambda: export.receiver.is_connected)
    message = a_message()
    broker.publish([message])
    export.await_ids(message)
    export.receiver.stop()
    forget(rabbitmq.url, amqp_prefix)


def test_f8_a_sender_makes_a_lost_topology_again(bus, rabbitmq, amqp_prefix, outgoing):
    mine = outgoing(bus)
    forget(rabbitmq.url, amqp_prefix)

    def is_confirmed_again() -> bool:
        message = a_request("accounts")
        if not mine.sender.send(message):
            return False
        eventually(lambda: message.id in mine.confirmed or not mine.sender.is_connected)
        return message.id in mine.confirmed

    eventually(is_confirmed_again)


def test_a_subscriber_of_another_team_has_dead_letters_of_its_own(bus, inbox):
    bus.open_queue("payroll.events", ["*.user.#"])
    payroll = inbox(bus, "payroll.events", treat=lambda delivery: delivery.bury("unusable"))
    eventually(lambda: payroll.receiver.is_connected)

    bus.publish([a_message()])

    eventually(lambda: bus.dead_letters("payroll").count() == 1)
    assert bus.dead_letters("payroll").drop() == 1


def test_what_the_broker_buried_itself_can_be_seen_and_retried(bus, rabbitmq, amqp_prefix, inbox):
    message = a_message()
    bus.publish([message])
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        channel = connection.channel()

        def give_back() -> bool:
            method, _, _ = channel.basic_get(f"{amqp_prefix}export.events")
            if method is not None:
                channel.basic_nack(method.delivery_tag, requeue=True)
            return bus.dead_letters("export").count() == 1

        eventually(give_back)

    (letter,) = bus.dead_letters("export").list()
    assert (letter.id, letter.type, letter.queue) == (message.id, "user.created", "export.events")
    assert letter.reason == "delivery_limit"
    assert letter.body.decode() == message.body
    assert letter.died_at.tzinfo is not None
    assert bus.dead_letters("export").retry([letter.id]) == 1
    export = inbox(bus, "export.events")
    export.await_ids(message)
    assert export.deliveries[0].deliveries == 1


def test_dead_letters_of_a_service_that_never_was_are_no_queue(bus):
    with pytest.raises(NoQueue, match=r"pyroll\.dead-letters"):
        bus.dead_letters("pyroll").count()


# Going away and coming back


def test_stop_gives_back_at_once_what_only_waits_for_its_next_try(bus, inbox):
    message = a_message()
    bus.publish([message])
    first = inbox(bus, "export.events", treat=lambda delivery: delivery.retry(60))
    first.await_ids(message)

    started = time.monotonic()
    first.receiver.stop()

    assert time.monotonic() - started < 5
    inbox(bus, "export.events").await_ids(message)


def test_connections_closed_by_the_broker_come_back(bus, rabbitmq, outgoing, inbox):
    mine = outgoing(bus)
    export = inbox(bus, "export.events", treat=hold)
    before, after = a_message(), a_message()
    mine.send(before)
    export.await_ids(before)

    rabbitmq.control("close_all_connections", "a test")

    export.await_count(2)
    assert export.ids == [before.id, before.id]
    assert export.deliveries[1].deliveries == 2
    export.deliveries[0].ack()
    export.release()
    mine.send(after)
    export.await_ids(after)
    eventually(lambda: bus.waiting("export.events") == 0)


def test_a_full_pipeline_refuses_and_recovers(hasty_bus, rabbitmq, outgoing):
    mine = outgoing(hasty_bus)
    rabbitmq.pause()

    taken = []
    while mine.sender.send(message := a_message()):
        taken.append(message)
    rabbitmq.resume()

    assert len(taken) == MAX_IN_FLIGHT
    mine.await_confirmed(*taken)
    mine.send(a_message())


def test_f3_a_broker_stopped_and_started_is_found_again(hasty_bus, rabbitmq, outgoing, inbox):
    mine = outgoing(hasty_bus)
    export = inbox(hasty_bus, "export.events")
    first = [a_message() for _ in range(50)]
    mine.send(*first)
    export.await_ids(*first)

    rabbitmq.stop()
    eventually(lambda: not mine.sender.is_connected and not export.receiver.is_connected)
    refused = not mine.sender.send(a_message())
    rabbitmq.start()

    eventually(lambda: mine.sender.is_connected and export.receiver.is_connected, timeout=30)
    second = [a_message() for _ in range(50)]
    mine.send(*second)
    mine.await_confirmed(*second)
    export.await_ids(*second)
    assert refused


@pytest.mark.long
def test_a_hanging_broker_is_noticed_by_its_heartbeats(hasty_bus, rabbitmq, outgoing, inbox):
    mine = outgoing(hasty_bus)
    export = inbox(hasty_bus, "export.events")

    rabbitmq.pause()
    eventually(lambda: not mine.sender.is_connected and not export.receiver.is_connected, 30)
    rabbitmq.resume()

    message = a_message()
    mine.send(message)
    export.await_ids(message, timeout=30)


@pytest.mark.long
def test_nothing_confirmed_is_lost_when_the_broker_is_killed(hasty_bus, rabbitmq, outgoing, inbox):
    declared = time.monotonic()
    mine = outgoing(hasty_bus)
    export = inbox(hasty_bus, "export.events")
    ending = threading.Event()
    sent = []

    def send_all_the_time() -> None:
        while not ending.wait(0.002):
            if mine.sender.send(message := a_message()):
                sent.append(message.id)

    sending = threading.Thread(target=send_all_the_time)
    sending.start()
    eventually(lambda: time.monotonic() - declared > SETTLED_SECONDS, timeout=30)

    for _ in range(2):
        confirmed_before = len(mine.confirmed)
        rabbitmq.kill()
        eventually(lambda: not mine.sender.is_connected)
        rabbitmq.start()
        eventually(lambda before=confirmed_before: len(mine.confirmed) > before + 500, timeout=60)
    ending.set()
    sending.join()

    eventually(lambda: set(mine.confirmed) <= set(export.ids), timeout=60)
    assert set(export.ids) <= set(sent)
    eventually(lambda: hasty_bus.waiting("export.events") == 0)
    assert hasty_bus.dead_letters("export").count() == 0
