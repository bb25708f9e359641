"""`staffroll doctor` on real servers, each time with one thing broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pymongo import MongoClient

from staffroll import bus
from staffroll.bus import Broker, Message
from staffroll.cli import main
from staffroll.doctor import services
from staffroll.events import Event
from staffroll.mongo import ensure_indexes
from staffroll.service import installed
from tests.support.waiting import eventually

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def environ(
    mongodb_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """A suite of databases and queues that no process runs on."""
    monkeypatch.setattr(services, "_TAKEN_WITHIN_SECONDS", 0.3)
    return {
        "STAFFROLL_MONGODB_URI": mongodb_uri,
        "STAFFROLL_MONGODB_PREFIX": database_name,
        "STAFFROLL_BROKER_URL": "embedded:",
        "STAFFROLL_BROKER_PREFIX": database_name,
        "STAFFROLL_SECRET_KEY": SECRET,
    }


@pytest.fixture
def people(environ: dict[str, str]) -> Iterator[Any]:
    """The database of people, with all its indexes."""
    service = installed()["people"]
    client: MongoClient[dict[str, Any]] = MongoClient(environ["STAFFROLL_MONGODB_URI"])
    with client:
        database = client[f"{environ['STAFFROLL_MONGODB_PREFIX']}people"]
        ensure_indexes(database, service.indexes)
        yield database


@pytest.fixture
def broker(environ: dict[str, str]) -> Iterator[Broker]:
    opened = bus.connect(
        "embedded:",
        mongodb_uri=environ["STAFFROLL_MONGODB_URI"],
        prefix=environ["STAFFROLL_BROKER_PREFIX"],
    )
    opened.declare()
    yield opened
    opened.close()


def run(environ: dict[str, str], *arguments: str) -> Result:
    return CliRunner(env=environ).invoke(main, ["doctor", *arguments])


def findings(environ: dict[str, str], about: str) -> dict[str, str]:
    """Each check on a service or server, and how it stands."""
    found = json.loads(run(environ, "--json").stdout)["findings"]
    return {one["check"]: one["level"] for one in found if one["about"] == about}


def test_queues_and_indexes_that_are_there_are_well(
    environ: dict[str, str], people: Any, broker: Broker
) -> None:
    assert findings(environ, "people") == {
        "settings": "well",
        "indexes": "well",
        "documents": "well",
        "outboxes": "well",
        "people.events": "well",
        "people.requests": "well",
        "dead letters": "well",
        "answers": "problem",
    }
    assert set(findings(environ, "database").values()) == {"well"}
    assert findings(environ, "broker") == {"queues": "well"}


def test_an_index_that_is_missing_or_other_than_declared_is_a_problem(
    environ: dict[str, str], people: Any, broker: Broker
) -> None:
    people["people"].drop_index("outbox_waiting")
    people["people"].create_index([("tenant_id", 1)], name="outbox_waiting")

    said = run(environ).stdout

    assert "Indexes are missing, or not as declared: people.outbox_waiting." in said
    assert "→ Run `staffroll indexes people`." in said


@pytest.mark.parametrize(
    "age, level", [(timedelta(seconds=2), "well"), (timedelta(minutes=5), "problem")]
)
def test_news_that_waits_for_long_is_a_problem(
    environ: dict[str, str], people: Any, broker: Broker, age: timedelta, level: str
) -> None:
    waiting = [{"id": "1", "at": datetime.now(UTC) - age}]
    people["people"].insert_one({"tenant_id": "acme", "_id": "a", "outbox": waiting})

    assert findings(environ, "people")["outboxes"] == level


def test_messages_that_nobody_takes_and_dead_letters_are_problems(
    environ: dict[str, str], people: Any, broker: Broker
) -> None:
    broker.publish([Message.event(Event("user.created", "accounts", "acme", "a", 1, {}))])
    receiver = broker.receiver(["export.events"], lambda one: one.bury("rejected", "no"))
    try:
        eventually(lambda: broker.dead_letters("export").count() == 1)
    finally:
        receiver.stop()

    assert findings(environ, "people")["people.events"] == "problem"
    assert findings(environ, "export")["dead letters"] == "problem"
    assert findings(environ, "export")["export.events"] == "well"


def test_queues_that_were_never_made_are_named_and_not_made(environ: dict[str, str]) -> None:
    assert findings(environ, "broker") == {"queues": "problem"}
    assert findings(environ, "broker") == {"queues": "problem"}


def test_a_setting_that_cannot_be_read_is_named_and_the_others_are_looked_at(
    environ: dict[str, str], people: Any, broker: Broker
) -> None:
    del environ["STAFFROLL_SECRET_KEY"]

    done = run(environ)

    assert done.exit_code == 2
    assert "accounts, settings: STAFFROLL_SECRET_KEY is missing" in done.stdout
    assert findings(environ, "people")["indexes"] == "well"


def test_a_database_that_is_away_is_said_once_and_not_for_each_service(
    environ: dict[str, str],
) -> None:
    environ["STAFFROLL_MONGODB_URI"] = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50"

    done = run(environ)

    assert done.exit_code == 2
    assert done.stdout.count("MongoDB does not answer") == 1
    assert "indexes" not in done.stdout
