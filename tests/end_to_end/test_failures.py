"""What breaks on the way, failure by failure, with real processes killed for real."""

from __future__ import annotations

import json
import random
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from pymongo import MongoClient

from staffroll.local import Mongod
from tests.support.apart import PLACES, SERVICES, Apart, Client, all_running
from tests.support.news import dead_letters, purge, put_into, recorded, say_again
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import eventually

USER_EVENT: Final[dict[str, Any]] = {
    "specversion": "1.0",
    "id": "0197a000-0000-7000-8000-00000000f001",
    "source": "staffroll/accounts",
    "type": "user.updated",
    "subject": "0197a000-0000-7000-8000-00000000f002",
    "time": "2026-11-01T00:00:00Z",
    "tenantid": "nobody",
    "sequence": 1,
    "data": {},
}
"""An event that is well formed; with data that are not."""


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


def nothing_waits(suite: Apart, service: str, collection: str) -> None:
    """All that was said has gone to the broker."""
    documents = suite.database(service)[collection]
    eventually(lambda: documents.find_one({"outbox.0": {"$exists": 1}}) is None, timeout=30)


def nothing_is_left(suite: Apart, rabbitmq: RabbitNode) -> None:
    """No outbox, no queue and no dead-letter queue holds anything."""
    collections = {"accounts": "users", "scheduling": "employees", "people": "people"}
    for service, collection in collections.items():
        nothing_waits(suite, service, collection)
    for service in SERVICES:
        with dead_letters(suite, service) as letters:
            assert letters.count() == 0, list(letters.list())


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


POISON: Final[dict[bytes, str]] = {
    b"\xff\xfe": "not_an_event",
    b"": "not_an_event",
    b"[" * 5000: "not_an_event",
    b"[]": "not_an_event",
    b"{}": "not_an_event",
    b'{"specversion":"1.0"}': "not_an_event",
    json.dumps({**USER_EVENT, "specversion": "0.3"}).encode(): "not_an_event",
    json.dumps({**USER_EVENT, "sequence": -1}).encode(): "not_an_event",
    json.dumps({**USER_EVENT, "tenantid": "{$ne: 1}"}).encode(): "not_an_event",
    json.dumps({**USER_EVENT, "data": {"status": 7}}).encode(): "invalid_data",
}
"""Ten kinds, and the reason with which each is put aside."""


def test_f5_ten_kinds_of_poison_are_put_aside_with_their_reasons_and_the_good_ones_arrive(
    broken: Apart, rabbitmq: RabbitNode
) -> None:
    acme = broken.tenant()
    ids = []
    for body in POISON:
        put_into(rabbitmq, f"{broken.prefix}people.events", [body])
        ids.append(acme.create("accounts", human()).json()["id"])

    for id_ in ids:
        eventually(lambda one=id_: acme.sees("people", one), timeout=30)
    with dead_letters(broken, "people") as letters:
        eventually(lambda: letters.count() == len(POISON))
        assert {one.body: one.reason for one in letters.list()} == POISON
        assert letters.drop() == len(POISON)


def test_f5_a_wish_that_its_owner_rejects_is_put_aside_and_the_next_is_granted(
    broken: Apart, rabbitmq: RabbitNode
) -> None:
    acme = broken.tenant()
    wish = {**USER_EVENT, "tenantid": acme.tenant_id, "type": "user.deletion-requested"}
    wish |= {"requestid": str(uuid.uuid4()), "data": {"confirm": str(uuid.uuid4())}}
    put_into(rabbitmq, f"{broken.prefix}accounts.requests", [json.dumps(wish).encode()])

    created = acme.create("people", human(), headers={"Prefer": "wait=20"})

    assert created.status_code == 201, created.text
    with dead_letters(broken, "accounts") as letters:
        eventually(lambda: letters.count() == 1)
        assert [one.reason for one in letters.list()] == ["rejected"]
        letters.drop()


def test_f7_shuffled_and_doubled_instead_of_in_order_all_end_in_the_same_state(
    broken: Apart, rabbitmq: RabbitNode
) -> None:
    acme = broken.tenant()
    with recorded(rabbitmq, broken, acme.tenant_id) as said:
        for service in ("people", "export"):
            broken.stop(service, "consume")
        ids = _busy_lives(acme)
    for service in ("people", "export"):
        eventually(lambda name=service: rabbitmq_holds(rabbitmq, broken, name))
        purge(rabbitmq, f"{broken.prefix}{service}.events")
    late = said * 2
    random.Random(13).shuffle(late)

    say_again(rabbitmq, broken, late)
    for service in ("people", "export"):
        broken.start(service, "consume")

    users = _seen(acme, "accounts", ids)
    assert None in users.values()
    eventually(lambda: _seen(acme, "people", ids) == users, timeout=30)
    eventually(lambda: _exported(acme) == _listed(acme), timeout=30)
    assert "in step" in broken.command("check", "--tenant", acme.tenant_id).lower()
    nothing_is_left(broken, rabbitmq)


def _busy_lives(acme: Client) -> list[str]:
    """Some people who are renamed, leave, come back and are deleted, all of it said."""
    ids = [acme.create("accounts", human()).json()["id"] for _ in range(6)]
    for nth, id_ in enumerate(ids):
        path = f"/v1/users/{id_}"
        for name in ("Novák", "Nováková", f"Novák-Berg {nth}"):
            assert acme.patch("accounts", path, json={"last_name": name}).status_code == 200
        employee = eventually(lambda one=id_: acme.sees("scheduling", one), timeout=30)
        memberships = f"/v1/employees/{id_}/memberships"
        left = acme.patch(
            "scheduling", f"{memberships}/current", json={"leave_date": employee["join_date"]}
        )
        assert left.status_code == 200, left.text
        _is(acme, id_, "deactivated")
        if nth % 2:
            acme.post("scheduling", memberships, json={"join_date": employee["join_date"]})
            _is(acme, id_, "active")
    gone = acme.delete("accounts", f"/v1/users/{ids[0]}", params={"confirm": ids[0]})
    assert gone.status_code == 204, gone.text
    eventually(lambda: acme.sees("scheduling", ids[0]) is None, timeout=30)
    return ids


def _is(acme: Client, id_: str, status: str) -> None:
    eventually(lambda: (acme.sees("accounts", id_) or {})["status"] == status, timeout=30)


def _seen(acme: Client, place: str, ids: list[str]) -> dict[str, tuple[str, str] | None]:
    status = "status" if place == "accounts" else "user_status"
    shown = {id_: acme.sees(place, id_) for id_ in ids}
    return {id_: one and (one["last_name"], one[status]) for id_, one in shown.items()}


def _exported(acme: Client) -> list[str]:
    return acme.csv()[1:] + acme.csv(status="unbilled")[1:]


def _listed(acme: Client) -> list[str]:
    tabs = [
        acme.get("accounts", "/v1/users", params={"status": status, "limit": 200}).json()["items"]
        for status in ("billed", "unbilled")
    ]
    return [f"{u['last_name']},{u['first_name']},{u['email']}" for tab in tabs for u in tab]


def rabbitmq_holds(rabbitmq: RabbitNode, suite: Apart, service: str) -> bool:
    """Whether events wait for the service."""
    return rabbitmq.messages(f"{suite.prefix}{service}.events") > 0


def test_f14_news_of_a_service_that_is_a_version_ahead_is_read_and_nothing_is_put_aside(
    broken: Apart, rabbitmq: RabbitNode
) -> None:
    acme = broken.tenant()
    id_ = acme.create("accounts", human()).json()["id"]
    everybody_sees(acme, id_)
    with recorded(rabbitmq, broken, acme.tenant_id) as said:
        acme.patch("accounts", f"/v1/users/{id_}", json={"last_name": "Ahead"})
        eventually(lambda: acme.sees("people", id_)["last_name"] == "Ahead", timeout=30)

    say_again(rabbitmq, broken, [_a_version_ahead(body) for body in said])

    for place in ("scheduling", "people"):
        eventually(lambda name=place: acme.sees(name, id_)["last_name"] == "Far Ahead", timeout=30)
    eventually(lambda: any("Far Ahead" in line for line in acme.csv()), timeout=30)
    for service in SERVICES:
        queue = f"{broken.prefix}{service}.events"
        eventually(lambda name=queue: rabbitmq.messages(name) == 0, timeout=30)
    nothing_is_left(broken, rabbitmq)


def _a_version_ahead(body: bytes) -> bytes:
    """The event with what a later release may say: more attributes, more fields, new types."""
    event = json.loads(body)
    event |= {"id": str(uuid.uuid4()), "sequence": event["sequence"] + 7, "mood": {"is": "new"}}
    event["data"] |= {"last_name": "Far Ahead", "pronouns": ["they"], "badge": {"colour": None}}
    if event["type"] != "user.updated":
        event["type"] = f"{event['type']}.v2"
    return json.dumps(event).encode()


@pytest.mark.long
def test_sigterm_ends_every_process_cleanly(broken: Apart) -> None:
    for service in SERVICES:
        for role in ("serve", "consume"):
            process = broken.processes[service, role][0]

            assert process.stop() == 0, process.log.read_text()[-2000:]


def test_f6_the_database_away_answers_503_and_consumers_go_on_later(
    broken: Apart, mongod: Mongod, rabbitmq: RabbitNode
) -> None:
    acme = broken.tenant()
    mongod.stop()
    try:
        answer = acme.create("accounts", human())
    finally:
        mongod.start()

    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] == "database_away"
    assert int(answer.headers["Retry-After"]) > 0
    eventually(lambda: acme.get("accounts", "/v1/users").status_code == 200, timeout=30)
    id_ = acme.create("accounts", human()).json()["id"]
    everybody_sees(acme, id_)
    nothing_is_left(broken, rabbitmq)
