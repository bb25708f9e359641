"""What is looked up at a scrape, and what is left out when it cannot be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from mongomock import MongoClient

from staffroll.bus import BrokerAway, QueueState
from staffroll.mongo import Platform
from staffroll.observing import lookups
from staffroll.observing.lookups import FAMILIES, Lookups


class FakeBroker:
    def __init__(self, consumers: int | None = 1) -> None:
        self.looks = 0
        self._consumers = consumers

    def look(self, queues: Sequence[str]) -> Mapping[str, QueueState]:
        self.looks += 1
        return {queue: QueueState(5, self._consumers) for queue in queues}

    def dead_letters(self, _service: str) -> Any:
        return SimpleNamespace(count=lambda: 2)


class LostBroker(FakeBroker):
    def look(self, queues: Sequence[str]) -> Mapping[str, QueueState]:
        raise BrokerAway("gone between two calls")


@dataclass
class Runtime:
    broker: Any = field(default_factory=FakeBroker)
    is_connected: bool = True
    has_database: bool = True
    service: str = "people"
    platform: Platform = field(
        default_factory=lambda: Platform(MongoClient(tz_aware=True)["people"])
    )

    @property
    def outbox(self) -> Any:
        return SimpleNamespace(is_connected=self.is_connected, oldest_seconds=3.5)

    def database_answers(self) -> bool:
        return self.has_database


def looked_up(runtime: Runtime) -> dict[tuple[str, ...], float]:
    """By name and labels, without the service's."""
    found = {}
    for family in Lookups(runtime, []).collect():
        for one in family.samples:
            assert one.labels.pop("service") == "people"
            found[one.name, *one.labels.values()] = one.value
    return found


def test_queues_dead_letters_outboxes_and_open_jobs_are_told() -> None:
    runtime = Runtime()
    runtime.platform["jobs"].insert_many(
        [
            {"kind": "import", "state": "queued", "due_at": 1},
            {"kind": "import", "state": "queued", "due_at": 2},
            {"kind": "import", "state": "done"},
        ]
    )

    assert looked_up(runtime) == {
        ("staffroll_database_up",): 1,
        ("staffroll_broker_up",): 1,
        ("staffroll_outbox_oldest_seconds",): 3.5,
        ("staffroll_outbox_documents",): 0,
        ("staffroll_jobs_open", "import", "queued"): 2,
        ("staffroll_queue_messages", "people.events"): 5,
        ("staffroll_queue_consumers", "people.events"): 1,
        ("staffroll_queue_messages", "people.requests"): 5,
        ("staffroll_queue_consumers", "people.requests"): 1,
        ("staffroll_dead_letters",): 2,
    }


@pytest.mark.parametrize(
    "runtime, is_up, is_connected",
    [
        (Runtime(has_database=False), 0, 1),
        (Runtime(is_connected=False), 1, 0),
        (Runtime(broker=LostBroker()), 1, 1),
    ],
)
def test_what_cannot_be_told_is_left_out_and_the_rest_is_there(
    runtime: Runtime, is_up: int, is_connected: int
) -> None:
    found = looked_up(runtime)

    assert found["staffroll_database_up",] == is_up
    assert found["staffroll_broker_up",] == is_connected
    assert (("staffroll_outbox_documents",) in found) == bool(is_up)
    has_queues = any(key[0] == "staffroll_queue_messages" for key in found)
    assert has_queues == (is_up == 0)


def test_a_broker_that_does_not_tell_who_consumes_gives_no_number() -> None:
    found = looked_up(Runtime(broker=FakeBroker(consumers=None)))

    assert not any(key[0] == "staffroll_queue_consumers" for key in found)


def test_who_asks_often_gets_the_last_answer_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = Runtime()
    asked = Lookups(runtime, [])

    list(asked.collect())
    list(asked.collect())
    assert runtime.broker.looks == 1

    monkeypatch.setattr(lookups, "_KEPT_SECONDS", 0.0)
    list(asked.collect())
    assert runtime.broker.looks == 2


def test_each_family_is_named_even_where_it_has_no_value_so_that_alerts_can_be_checked() -> None:
    told = {family.name for family in Lookups(Runtime(has_database=False), []).collect()}

    assert told == set(FAMILIES)
