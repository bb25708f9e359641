"""A consumer over a real bus: poison, bugs, and a database that goes away."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, PyMongoError

from staffroll.bus import Message
from staffroll.bus.consumer import Consumer, Reject
from staffroll.bus.embedded import EmbeddedBroker
from staffroll.events import Event
from staffroll.local import Mongod
from tests.support.waiting import eventually

QUEUE = "export.events"


def about(subject: str, sequence: int = 1) -> Event:
    return Event("role.updated", "accounts", "acme", subject, sequence, _ROLE)


_ROLE = {"name": "Planner", "category": "planner"}


def message(event: Event, body: str | None = None) -> Message:
    sent = Message.event(event)
    return sent if body is None else Message(sent.id, sent.exchange, sent.key, sent.type, body)


class Store:
    """Applies events as services do: the newest version of each subject."""

    def __init__(self, uri: str, database: str) -> None:
        self.client: MongoClient[dict[str, Any]] = MongoClient(uri, serverSelectionTimeoutMS=300)
        self.rows = self.client[database].rows
        self.calls: Counter[str] = Counter()

    def handle(self, event: Event) -> None:
        self.calls[event.subject] += 1
        if event.subject == "refused":
            raise Reject("a role that must not be")
        if event.subject == "bug-once" and self.calls["bug-once"] == 1:
            raise ZeroDivisionError
        seen = {"$max": {"version": event.sequence}}
        self.rows.update_one({"_id": event.subject}, seen, upsert=True)

    def is_up(self) -> bool:
        try:
            self.client.admin.command("ping")
        except PyMongoError:
            return False
        return True


def test_f5_poison_is_buried_with_its_reason_and_the_good_ones_arrive(mongodb_uri, database_name):
    bus = EmbeddedBroker(mongodb_uri, prefix=database_name)
    bus.declare()
    store = Store(mongodb_uri, f"{database_name}rows")
    consumer = Consumer(bus, [QUEUE], store.handle)
    good = [f"good-{number}" for number in range(20)]
    poison = [
        message(about("a"), "no json"),
        message(about("b"), "[]"),
        message(about("c"), '{"specversion":"1.0"}'),
        message(Event("role.updated", "accounts", "acme", "d", 1, {"name": 7})),
        message(about("refused")),
    ]
    fine = [message(about(subject)) for subject in [*good, "bug-once"]]
    unknown = Event("role.painted.v3", "accounts", "acme", "e", 1, {})
    bus.publish([*fine[:10], *poison, message(unknown), *fine[10:]])

    consumer.start()

    letters = bus.dead_letters("export")
    eventually(lambda: bus.waiting(QUEUE) == 0)
    consumer.stop()
    assert {row["_id"] for row in store.rows.find()} == {*good, "bug-once"}
    assert Counter(letter.reason for letter in letters.list()) == {
        "not_an_event": 3,
        "invalid_data": 1,
        "rejected": 1,
    }
    assert store.calls["bug-once"] == 2
    store.client.close()
    bus.close()


def test_f6_while_the_database_is_away_consumers_pause_and_nothing_dies(
    tmp_path: Path, mongodb_uri, database_name
):
    """The bus stays; only the database of the handlers goes away."""
    bus = EmbeddedBroker(mongodb_uri, prefix=database_name)
    bus.declare()
    subjects = [f"subject-{number}" for number in range(200)]
    with Mongod(tmp_path) as own:
        store = Store(own.uri, "rows")
        consumer = Consumer(
            bus, [QUEUE], store.handle, transient=(ConnectionFailure,), is_ready=store.is_up
        )
        bus.publish(message(about(subject)) for subject in subjects[:100])
        consumer.start()
        eventually(lambda: bus.waiting(QUEUE) == 0)
        own.stop()

        bus.publish(message(about(subject)) for subject in subjects[100:])
        eventually(lambda: consumer.is_paused)
        assert bus.waiting(QUEUE) == 100
        own.start()

        eventually(lambda: bus.waiting(QUEUE) == 0, timeout=30)
        assert not consumer.is_paused
        assert {row["_id"] for row in store.rows.find()} == set(subjects)
        assert bus.dead_letters("export").count() == 0
        consumer.stop()
        store.client.close()
    bus.close()


def test_stopping_a_consumer_gives_back_what_it_has_not_begun(mongodb_uri, database_name):
    bus = EmbeddedBroker(mongodb_uri, prefix=database_name)
    bus.declare()
    subjects = {f"subject-{number}" for number in range(300)}
    store = Store(mongodb_uri, f"{database_name}rows")
    bus.publish(message(about(subject)) for subject in subjects)
    first = Consumer(bus, [QUEUE], store.handle, threads=2)
    first.start()
    eventually(lambda: store.rows.find_one())

    first.stop()

    second = Consumer(bus, [QUEUE], store.handle)
    second.start()
    eventually(lambda: bus.waiting(QUEUE) == 0)
    second.stop()
    assert {row["_id"] for row in store.rows.find()} == subjects
    assert set(store.calls.values()) == {1}
    store.client.close()
    bus.close()
