"""What breaks on the way, failure by failure, with real processes killed for real."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pika
import pytest
from pymongo import MongoClient

from staffroll.local import Mongod
from tests.support.apart import PLACES, SERVICES, Apart, Client, all_running
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import eventually


def human() -> dict[str, Any]:
    unique = secrets.token_hex(4)
    return {"last_name": f"Novák-{unique}", "first_name": "Jan", "email": f"{unique}@acme.example"}


@contextmanager
def failing(mongodb_uri: str, application: str, command: str, **how: Any) -> Iterator[None]:
    """Make the server misbehave on a command of one of our connections.

    Whatever is blocked must not be for long: switching off waits for it.
    """
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb_uri)
    fail = {"failCommands": [command], "appName": application, **how}
    with client:
        client.admin.command("configureFailPoint", "failCommand", mode="alwaysOn", data=fail)
        try:
            yield
        finally:
            client.admin.command("configureFailPoint", "failCommand", mode="off")


def is_at_work(mongodb_uri: str, application: str, command: str) -> bool:
    """Whether the server has a command of the application in hand right now."""
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb_uri)
    wanted = {"appName": application, f"command.{command}": {"$exists": True}}
    with client:
        found = client.admin.aggregate([{"$currentOp": {}}, {"$match": wanted}])
        return next(iter(found), None) is not None


def outbox_of(suite: Apart, service: str, collection: str, id_: str) -> list[dict[str, Any]]:
    document = suite.database(service)[collection].find_one({"_id": id_})
    assert document is not None
    waiting: list[dict[str, Any]] = document["outbox"]
    return waiting


def everybody_sees(client: Client, id_: str) -> None:
    for place in PLACES:
        eventually(lambda name=place: client.sees(name, id_), timeout=30)


def nothing_is_left(suite: Apart, rabbitmq: RabbitNode) -> None:
    """No outbox, no queue and no dead-letter queue holds anything."""
    collections = {"accounts": "users", "scheduling": "employees", "people": "people"}
    for service, collection in collections.items():
        eventually(
            lambda s=service, c=collection: (
                suite.database(s)[c].find_one({"outbox.0": {"$exists": 1}}) is None
            ),
            timeout=30,
        )
    for service in SERVICES:
        assert f"{service}: 0" in suite.command("dead-letters", "list", "--service", service)


@pytest.fixture(scope="module")
def breakable(
    mongod: Mongod, rabbitmq: RabbitNode, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Apart]:
    with all_running(mongod.uri, rabbitmq.url, tmp_path_factory.mktemp("breakable")) as suite:
        yield suite


@pytest.fixture
def broken(breakable: Apart) -> Apart:
    """A suite that runs, to be broken at will; what a test before it ended is started again."""
    breakable.start_missing()
    return breakable


def test_f1_killed_after_the_write_and_before_publishing_the_event_goes_out_after_restart(
    broken: Apart, rabbitmq: RabbitNode
) -> None:
    acme = broken.tenant()
    rabbitmq.stop()
    created = acme.create("accounts", human())
    assert created.status_code == 201
    id_ = created.json()["id"]
    broken.kill("accounts", "serve")
    broken.kill("accounts", "consume")
    rabbitmq.start()
    assert len(outbox_of(broken, "accounts", "users", id_)) == 1
    assert acme.sees("people", id_) is None

    broken.start("accounts", "serve")
    broken.wait_until_ready()

    everybody_sees(acme, id_)
    eventually(lambda: not outbox_of(broken, "accounts", "users", id_))


@pytest.mark.long
def test_f1_killed_after_the_write_another_process_sends_within_seconds(
    broken: Apart, rabbitmq: RabbitNode
) -> None:
    acme = broken.tenant()
    rabbitmq.stop()
    id_ = acme.create("accounts", human()).json()["id"]
    broken.kill("accounts", "serve")

    rabbitmq.start()

    for place in ("scheduling", "people"):
        eventually(lambda name=place: acme.sees(name, id_), timeout=30)


def test_f2_killed_after_publishing_the_event_arrives_twice_and_counts_once(
    broken: Apart, mongod: Mongod, rabbitmq: RabbitNode
) -> None:
    acme = broken.tenant()
    with failing(mongod.uri, "accounts-outbox", "update", closeConnection=True):
        id_ = acme.create("accounts", human()).json()["id"]
        for place in ("scheduling", "people"):
            eventually(lambda name=place: acme.sees(name, id_))
        before = acme.sees("scheduling", id_)
        assert len(outbox_of(broken, "accounts", "users", id_)) == 1
        broken.kill("accounts", "serve")
        broken.kill("accounts", "consume")

    broken.start("accounts", "serve")
    broken.wait_until_ready("accounts")

    eventually(lambda: not outbox_of(broken, "accounts", "users", id_), timeout=30)
    nothing_is_left(broken, rabbitmq)
    assert acme.sees("scheduling", id_) == before
    assert broken.database("people")["people"].count_documents({"user.email": before["email"]}) == 1


def test_f4_a_consumer_killed_in_the_middle_of_a_handler_applies_it_once_after_restart(
    broken: Apart, mongod: Mongod, rabbitmq: RabbitNode
) -> None:
    acme = broken.tenant()
    with failing(
        mongod.uri, "scheduling-consume", "insert", blockConnection=True, blockTimeMS=2000
    ):
        id_ = acme.create("accounts", human()).json()["id"]
        eventually(lambda: is_at_work(mongod.uri, "scheduling-consume", "insert"))
        broken.kill("scheduling", "consume")

    broken.start("scheduling", "consume")

    employee = eventually(lambda: acme.sees("scheduling", id_), timeout=30)
    assert employee["personnel_number"]
    stored = broken.database("scheduling")["employees"].find_one({"_id": id_})
    assert stored["sequence"] == 1
    nothing_is_left(broken, rabbitmq)


def test_f12_accounts_down_employees_and_people_are_stored_pending_and_confirmed_later(
    broken: Apart,
) -> None:
    acme = broken.tenant()
    broken.stop("accounts", "serve")
    broken.stop("accounts", "consume")

    waiting = {
        place: [acme.create(place, human()) for _ in range(10)]
        for place in ("scheduling", "people")
    }
    for place, answers in waiting.items():
        for answer in answers:
            assert answer.status_code == 202, answer.text
            shown = acme.get(place, f"{PLACES[place]}/{answer.json()['id']}").json()
            assert shown["state"] == "pending"
    broken.start("accounts", "serve")
    broken.start("accounts", "consume")
    broken.wait_until_ready("accounts")

    for answers in waiting.values():
        for answer in answers:
            everybody_sees(acme, answer.json()["id"])


def test_f3_the_broker_stopped_every_write_is_accepted_and_all_catches_up(
    broken: Apart, rabbitmq: RabbitNode
) -> None:
    acme = broken.tenant()
    rabbitmq.pause()
    try:
        created = [acme.create("accounts", human()) for _ in range(20)]
        wished = [acme.create("people", human()) for _ in range(5)]
    finally:
        rabbitmq.resume()

    assert {answer.status_code for answer in created} == {201}
    assert {answer.status_code for answer in wished} == {202}
    for answer in (*created, *wished):
        everybody_sees(acme, answer.json()["id"])
    nothing_is_left(broken, rabbitmq)


@pytest.mark.long
def test_an_empty_service_bootstraps_from_a_snapshot(broken: Apart) -> None:
    acme = broken.tenant()
    ids = [acme.create("accounts", human()).json()["id"] for _ in range(30)]
    everybody_sees(acme, ids[-1])
    eventually(lambda: len(acme.csv()) == len(ids) + 2)
    lines = acme.csv()
    for service in ("people", "export"):
        broken.kill(service, "serve")
        broken.kill(service, "consume")
        database = broken.database(service)
        database.client.drop_database(database.name)

    for service in ("people", "export"):
        broken.start(service, "serve")
        broken.start(service, "consume")
    broken.wait_until_ready()

    for id_ in ids:
        eventually(lambda one=id_: acme.sees("people", one), timeout=30)
    eventually(lambda: acme.csv() == lines)
    assert "in step" in broken.command("check", "--tenant", acme.tenant_id).lower()


@pytest.mark.long
def test_check_names_what_differs_and_repairs_it(broken: Apart) -> None:
    acme = broken.tenant()
    id_ = acme.create("accounts", human()).json()["id"]
    everybody_sees(acme, id_)
    broken.database("people")["people"].delete_one({"_id": id_})

    found = broken.try_command("check", "--tenant", acme.tenant_id)

    assert id_ in found.stdout
    assert found.returncode == 1
    repaired = broken.command("check", "--tenant", acme.tenant_id, "--repair")
    assert acme.sees("people", id_), repaired


def test_poison_goes_to_the_dead_letters_and_the_good_ones_arrive(
    broken: Apart, rabbitmq: RabbitNode
) -> None:
    acme = broken.tenant()
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq.url))
    channel = connection.channel()
    for body in (b"\xff", b"{}", b"[]", b'{"specversion":"1.0"}'):
        channel.basic_publish("", f"{broken.prefix}people.events", body)
    connection.close()

    id_ = acme.create("accounts", human()).json()["id"]

    everybody_sees(acme, id_)
    listed = eventually(
        lambda: (
            (text := broken.command("dead-letters", "list", "--service", "people"))
            and text.count("not_an_event") == 4
            and text
        )
    )
    assert "not_an_event" in listed
    broken.command("dead-letters", "drop", "--service", "people", "--all")


@pytest.mark.long
def test_sigterm_ends_every_process_cleanly(broken: Apart) -> None:
    for service in SERVICES:
        for role in ("serve", "consume"):
            process = broken.processes[service, role][0]

            assert process.stop() == 0, process.log.read_text()[-2000:]


def test_f6_the_database_away_answers_503_and_consumers_go_on_later(
    rabbitmq: RabbitNode, tmp_path: Any
) -> None:
    with Mongod(tmp_path / "mongo") as server:
        suite = Apart(server.uri, rabbitmq.url, tmp_path)
        try:
            suite.start_all()
            acme = suite.tenant()
            server.stop()

            answer = acme.create("accounts", human())

            assert answer.status_code == 503, answer.text
            assert answer.json()["code"] == "database_away"
            assert int(answer.headers["Retry-After"]) > 0
            server.start()
            eventually(lambda: acme.get("accounts", "/v1/users").status_code == 200, timeout=30)
            id_ = acme.create("accounts", human()).json()["id"]
            everybody_sees(acme, id_)
            for service in SERVICES:
                listed = suite.command("dead-letters", "list", "--service", service)
                assert f"{service}: 0" in listed
        finally:
            suite.close()
