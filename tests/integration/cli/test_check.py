from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from staffroll import bus
from staffroll.bus import Broker, Delivery
from staffroll.cli import main
from staffroll.events import Event, SnapshotWish, payload_of
from tests.unit.cli.test_digests import ONE, TWO, DigestServer

SERVICES = ("accounts", "scheduling", "people", "export")
TOKEN = f"e30.{base64.urlsafe_b64encode(json.dumps({'tid': 'acme'}).encode()).decode()}.sig"


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, DigestServer]]:
    """All four services, each knowing the same two users."""
    running = {name: DigestServer() for name in SERVICES}
    for name, server in running.items():
        server.versions = {ONE: 1, TWO: 1}
        monkeypatch.setenv(f"STAFFROLL_URL_{name.upper()}", server.url)
    yield running
    for server in running.values():
        server.close()


@pytest.fixture
def broker(
    mongodb_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Broker]:
    monkeypatch.setenv("STAFFROLL_MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("STAFFROLL_BROKER_URL", "embedded:")
    monkeypatch.setenv("STAFFROLL_BROKER_PREFIX", database_name)
    broker = bus.connect("embedded:", mongodb_uri=mongodb_uri, prefix=database_name)
    broker.declare()
    yield broker
    broker.close()


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", "--token", TOKEN, "--grace", "0", *arguments])


@pytest.mark.usefixtures("broker")
def test_in_step_is_exit_code_0(servers: dict[str, DigestServer]) -> None:
    result = check()

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        f"acme: accounts and {name}: in step" for name in SERVICES[1:]
    ]


@pytest.mark.usefixtures("broker")
def test_what_differs_is_named_with_exit_code_1(servers: dict[str, DigestServer]) -> None:
    servers["accounts"].versions = {ONE: 4, TWO: 1}
    servers["people"].versions = {ONE: 3}

    result = check()

    assert result.exit_code == 1
    assert "acme: accounts and people: 2 differ" in result.stdout
    assert f"  {ONE}  accounts has version 4, people has version 3" in result.stdout
    assert f"  {TWO}  accounts has version 1, people does not know it" in result.stdout


@pytest.mark.usefixtures("broker")
def test_a_service_that_cannot_be_asked_is_exit_code_2(servers: dict[str, DigestServer]) -> None:
    servers["people"].status = 503

    result = check()

    assert result.exit_code == 2
    assert "people answers 503" in result.stderr


@pytest.mark.usefixtures("servers", "broker")
def test_the_tenant_must_be_the_one_of_the_token() -> None:
    result = check("--tenant", "globex")

    assert result.exit_code == 2
    assert "the token is for the tenant acme" in result.stderr


@pytest.mark.usefixtures("broker")
def test_news_under_way_is_no_difference_when_it_arrives_in_time(
    servers: dict[str, DigestServer],
) -> None:
    people = servers["people"]
    people.versions = {ONE: 1}
    answer = people.answer

    def answer_and_catch_up(path: str) -> object:
        told = answer(path)
        if path != "/v1/digest":
            people.versions = {ONE: 1, TWO: 1}
        return told

    people.answer = answer_and_catch_up  # type: ignore[method-assign, assignment]

    result = check("--grace", "5")

    assert result.exit_code == 0, result.output


def test_repair_has_only_what_differs_told_again_to_that_follower(
    servers: dict[str, DigestServer], broker: Broker
) -> None:
    servers["accounts"].versions = {ONE: 4, TWO: 1}
    people = servers["people"]
    people.versions = {ONE: 3, TWO: 1}
    servers["scheduling"].versions = servers["export"].versions = {ONE: 4, TWO: 1}
    wishes: list[SnapshotWish] = []

    def tell_again(delivery: Delivery) -> None:
        wish = payload_of(Event.from_json(delivery.body))
        wishes.append(wish)
        for one in wish.subjects:
            people.versions[one] = servers["accounts"].versions[one]
        delivery.ack()

    accounts = broker.receiver(["accounts.requests"], tell_again)
    try:
        result = check("--repair")
    finally:
        accounts.stop()

    assert result.exit_code == 0, result.output
    assert wishes == [SnapshotWish(queue="people.events", tenant_id="acme", subjects=[ONE])]
    assert "acme: accounts and people: in step" in result.stdout


@pytest.mark.usefixtures("broker")
def test_what_a_repair_does_not_mend_is_named(servers: dict[str, DigestServer]) -> None:
    servers["export"].versions = {ONE: 1}

    result = check("--repair", "--wait", "0.1")

    assert result.exit_code == 1
    assert "export does not know it" in result.stdout
