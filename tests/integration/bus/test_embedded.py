"""What only the bus in the database can do or suffer."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from staffroll.bus import DELIVERY_LIMIT, BrokerAway, Message, TopologyConflict
from staffroll.bus.embedded import EmbeddedBroker, dead_letters, receiver
from staffroll.local import Mongod
from tests.integration.bus.harness import Inbox, Outgoing, a_direct, a_message, a_request, hold
from tests.support.waiting import eventually

HOLDER = Path(__file__).with_name("hold_with_short_lease.py")
QUEUE = "export.events"


@pytest.fixture
def open_bus(mongodb_uri: str) -> Iterator[Callable[..., EmbeddedBroker]]:
    with contextlib.ExitStack() as stack:

        def open_one(**options: Any) -> EmbeddedBroker:
            one = EmbeddedBroker(options.pop("mongodb_uri", mongodb_uri), **options)
            stack.callback(one.close)
            return one

        yield open_one


@pytest.fixture
def bus(open_bus: Callable[..., EmbeddedBroker], database_name: str) -> EmbeddedBroker:
    broker = open_bus(prefix=database_name)
    broker.declare()
    return broker


@pytest.fixture
def own_mongod(tmp_path: Path) -> Iterator[Mongod]:
    """A server that the test may stop, kill and start."""
    with Mongod(tmp_path) as server:
        yield server


@pytest.fixture
def own_bus(own_mongod: Mongod, open_bus: Callable[..., EmbeddedBroker]) -> EmbeddedBroker:
    broker = open_bus(mongodb_uri=own_mongod.uri)
    broker.declare()
    return broker


# Leases


def test_a_killed_process_gives_all_it_had_back_when_the_lease_ends(
    bus, mongodb_uri, database_name
):
    messages = [a_message() for _ in range(5)]
    bus.publish(messages)
    command = [sys.executable, HOLDER, mongodb_uri, database_name, QUEUE, "1.5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        for _ in messages:
            assert process.stdout.readline() == b"received\n"

        process.kill()

    survivor = Inbox(bus, [QUEUE])
    survivor.await_ids(*messages)
    survivor.receiver.stop()
    assert {delivery.deliveries for delivery in survivor.deliveries} == {2}
    assert bus.waiting(QUEUE) == 0


def test_a_living_process_keeps_what_it_has_longer_than_a_lease(
    open_bus, mongodb_uri, database_name
):
    bus = open_bus(prefix=database_name, lease_seconds=1.0)
    bus.declare()
    bus.publish([a_message()])
    slow = Inbox(bus, [QUEUE], treat=hold, prefetch=1)
    slow.await_count(1)
    other = Inbox(bus, [QUEUE])

    with MongoClient(mongodb_uri) as client:
        held = client[f"{database_name}bus"][f"queue.{QUEUE}"]
        first_end = held.find_one()["available_at"]
        eventually(lambda: (held.find_one()["available_at"] - first_end).total_seconds() > 2)

    # One more shows that the other receiver looked, and found the first one taken.
    marker = a_direct(QUEUE)
    bus.publish([marker])
    other.await_ids(marker)
    slow.release()
    slow.receiver.stop()
    other.receiver.stop()
    assert other.ids == [marker.id]
    assert bus.waiting(QUEUE) == 0


def test_a_message_that_kills_every_process_is_buried_at_the_limit(bus, mongodb_uri, database_name):
    message = a_message()
    bus.publish([message])
    with MongoClient(mongodb_uri) as client:
        documents = client[f"{database_name}bus"][f"queue.{QUEUE}"]
        documents.update_one({"_id": message.id}, {"$set": {"deliveries": DELIVERY_LIMIT}})

    export = Inbox(bus, [QUEUE])

    letters = bus.dead_letters("export")
    eventually(lambda: letters.count() == 1)
    export.receiver.stop()
    assert letters.list()[0].reason == "delivery_limit"
    assert letters.list()[0].deliveries == DELIVERY_LIMIT
    assert export.ids == []


# The same message twice


def test_a_message_that_waits_already_does_not_wait_twice(bus):
    message, other = a_message(), a_message()
    bus.publish([message])

    bus.publish([message, other])

    assert bus.waiting(QUEUE) == 2


def test_a_message_sent_again_after_it_was_done_comes_again(bus):
    message = a_message()
    export = Inbox(bus, [QUEUE])
    bus.publish([message])
    eventually(lambda: export.ids == [message.id] and bus.waiting(QUEUE) == 0)

    bus.publish([message])

    eventually(lambda: export.ids == [message.id, message.id])
    export.receiver.stop()


# The database goes away


def test_what_was_confirmed_while_the_database_crashed_arrives(own_mongod, own_bus):
    export = Inbox(own_bus, [QUEUE])
    outgoing = Outgoing(own_bus)
    messages = [a_message() for _ in range(2000)]
    stopping = threading.Event()

    def insist() -> None:
        """As the outbox does: send what is not confirmed until it is."""
        while not stopping.is_set():
            done = set(outgoing.confirmed)
            missing = [message for message in messages if message.id not in done]
            for message in missing:
                outgoing.sender.send(message)
            stopping.wait(0.2)

    insisting = threading.Thread(target=insist)
    insisting.start()
    for _ in range(2):
        eventually(lambda: outgoing.sender.is_connected)
        own_mongod.kill()
        eventually(lambda: not outgoing.sender.is_connected)
        own_mongod.start()

    outgoing.await_confirmed(*messages, timeout=30)
    stopping.set()
    insisting.join()
    export.await_ids(*messages, timeout=30)
    eventually(lambda: own_bus.waiting(QUEUE) == 0)
    export.receiver.stop()
    outgoing.sender.close()


def test_sending_does_not_wait_for_a_database_that_is_away(own_mongod, own_bus):
    outgoing = Outgoing(own_bus)
    own_mongod.stop()
    eventually(lambda: not outgoing.sender.is_connected)

    began = time.monotonic()
    taken = [outgoing.sender.send(a_message()) for _ in range(100)]

    assert time.monotonic() - began < 0.5
    assert not any(taken)
    with pytest.raises(BrokerAway):
        own_bus.publish([a_message()], timeout_seconds=0.5)
    with pytest.raises(BrokerAway):
        own_bus.declare()
    outgoing.sender.close()


def test_what_is_acknowledged_while_the_database_is_away_does_not_come_again(own_mongod, own_bus):
    export = Inbox(own_bus, [QUEUE], treat=hold)
    first = a_message()
    own_bus.publish([first])
    export.await_ids(first)
    own_mongod.stop()
    eventually(lambda: not export.receiver.is_connected)

    export.release()
    own_mongod.start()

    eventually(lambda: export.receiver.is_connected)
    second = a_message()
    own_bus.publish([second])
    export.await_ids(second)
    eventually(lambda: own_bus.waiting(QUEUE) == 0)
    export.receiver.stop()
    assert export.ids == [first.id, second.id]


# Topology


def test_before_anything_is_declared_nothing_is_confirmed(open_bus, database_name):
    bus = open_bus(prefix=database_name)
    outgoing = Outgoing(bus)
    event, request = a_message(), a_request()
    outgoing.send(event, request)

    outgoing.sender.close()

    assert outgoing.confirmed == []


@pytest.mark.parametrize("name, expires_seconds", [(QUEUE, 600), ("export.replay.1", 60)])
def test_a_queue_of_other_properties_is_a_conflict_by_name(bus, name, expires_seconds):
    bus.open_queue("export.replay.1", ["#"], expires_seconds=600)

    with pytest.raises(TopologyConflict, match=name):
        bus.open_queue(name, expires_seconds=expires_seconds)


def test_an_expiring_queue_lives_as_long_as_somebody_receives(bus, mongodb_uri, database_name):
    name = "export.replay.1"
    bus.open_queue(name, expires_seconds=1)
    replay = Inbox(bus, [name])
    with MongoClient(mongodb_uri) as client:
        queues = client[f"{database_name}bus"]["queues"]
        first_end = queues.find_one({"_id": name})["expires_at"]
        eventually(lambda: queues.find_one({"_id": name})["expires_at"] > first_end)
        eventually(lambda: time.time() > first_end.timestamp() + 1)
        message = a_direct(name)

        bus.publish([message])

        replay.await_ids(message)
        replay.receiver.stop()
        eventually(lambda: bus.waiting(name) == 0 and queues.find_one({"_id": name}) is None)
        assert f"queue.{name}" not in queues.database.list_collection_names()


def test_a_prefix_may_hold_what_a_database_name_may_not(open_bus, database_name):
    bus = open_bus(prefix=f"{database_name}a.b-c/$ d.")
    bus.declare()

    bus.publish([a_message()])

    assert bus.waiting(QUEUE) == 1


# Manners


def test_a_message_too_large_to_store_holds_up_no_other(bus):
    outgoing = Outgoing(bus)
    good, bad = [a_message() for _ in range(20)], a_message()
    huge = Message(bad.id, bad.exchange, bad.key, bad.type, "x" * 17_000_000)

    outgoing.send(*good[:10], huge, *good[10:])

    outgoing.await_confirmed(*good)
    outgoing.sender.close()
    assert bad.id not in outgoing.confirmed
    assert bus.waiting(QUEUE) == 20


def test_receivers_are_woken_long_before_they_would_look_by_themselves(bus):
    export = Inbox(bus, [QUEUE])
    outgoing = Outgoing(bus)
    waits = []
    for count in range(1, 21):
        began = time.monotonic()
        outgoing.send(a_message())
        export.await_count(count)
        waits.append(time.monotonic() - began)

    assert statistics.median(waits) < 0.25
    export.receiver.stop()
    outgoing.sender.close()


def test_what_dies_again_while_it_is_put_back_stays_among_the_dead_letters(
    bus: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus.publish([a_message()])
    inbox = Inbox(bus, [QUEUE], treat=lambda delivery: delivery.bury("unusable"))
    letters = bus.dead_letters("export")
    eventually(lambda: letters.count() == 1)
    put_back = dead_letters.put_anew
    first = letters.list()[0].died_at

    def until_it_died_again(*args: Any) -> None:
        put_back(*args)
        eventually(lambda: letters.list()[0].died_at > first)

    monkeypatch.setattr(dead_letters, "put_anew", until_it_died_again)

    assert letters.retry() == 1
    assert letters.count() == 1
    inbox.receiver.stop()


def test_what_is_put_back_before_its_receiver_gave_it_up_comes_again(
    bus: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = bus.dead_letters("export")
    bury = receiver.bury
    retried = []

    def then_retry_once(*args: Any) -> None:
        bury(*args)
        if not retried:
            retried.append(letters.retry())

    monkeypatch.setattr(receiver, "bury", then_retry_once)
    bus.publish([a_message()])

    inbox = Inbox(bus, [QUEUE], treat=lambda delivery: delivery.bury("unusable"))

    inbox.await_count(2)
    assert retried == [1]
    inbox.receiver.stop()
