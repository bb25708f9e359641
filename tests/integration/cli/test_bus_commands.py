from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from staffroll import bus
from staffroll.bus import Broker, Delivery, Message
from staffroll.cli import main
from staffroll.events import Event, SnapshotWish, payload_of
from tests.support.accounts import environ_of
from tests.support.waiting import eventually

ID = "018f0000-0000-7000-8000-0000000000aa"


@pytest.fixture(params=["embedded", "amqp"])
def broker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """A broker of either kind, and the variables that name it."""
    if request.param == "amqp":
        url = request.getfixturevalue("rabbitmq").url
        mongodb_uri, prefix = "", request.getfixturevalue("amqp_prefix")
        monkeypatch.delenv("STAFFROLL_MONGODB_URI", raising=False)
    else:
        url = "embedded:"
        mongodb_uri = request.getfixturevalue("mongodb_uri")
        prefix = request.getfixturevalue("database_name")
        monkeypatch.setenv("STAFFROLL_MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("STAFFROLL_BROKER_URL", url)
    monkeypatch.setenv("STAFFROLL_BROKER_PREFIX", prefix)
    broker = bus.connect(url, mongodb_uri=mongodb_uri, prefix=prefix)
    broker.declare()
    yield broker
    broker.close()


def staffroll(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def an_event(**changes: object) -> Event:
    fields = {
        "type": "user.updated",
        "source": "accounts",
        "tenant_id": "acme",
        "subject": "018f0000-0000-7000-8000-0000000000aa",
        "sequence": 7,
        "data": {"last_name": "Müller", "changed": ["last_name", "email"]},
        **changes,
    }
    return Event(**fields)  # type: ignore[arg-type]


def a_dead_letter(broker: Broker, event: Event) -> str:
    broker.publish([Message.direct(event, "people.events")])
    receiver = broker.receiver(["people.events"], lambda delivery: delivery.bury("invalid", "Boom"))
    eventually(lambda: event.id in {one.id for one in broker.dead_letters("people").list()})
    receiver.stop()
    return event.id


def test_dead_letters_are_listed_with_their_reason(broker: Broker) -> None:
    first = a_dead_letter(broker, an_event())

    result = staffroll("dead-letters", "list", "--service", "people")

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("people: 1\n")
    assert first in result.stdout
    assert "people.events  user.updated  invalid (Boom)" in result.stdout
    assert "Müller" not in result.stdout


def test_a_dead_letter_is_shown_whole(broker: Broker) -> None:
    first = a_dead_letter(broker, an_event())

    shown = staffroll("dead-letters", "show", "--service", "people", first)
    missing = staffroll("dead-letters", "show", "--service", "people", "other")

    assert shown.exit_code == 0, shown.output
    assert '"last_name": "Müller"' in shown.stdout
    assert missing.exit_code == 1
    assert "Not among them: other." in missing.stderr


def test_a_retried_dead_letter_is_delivered_again(broker: Broker) -> None:
    first = a_dead_letter(broker, an_event())
    a_dead_letter(broker, an_event())

    result = staffroll("dead-letters", "retry", "--service", "people", first)

    assert (result.exit_code, result.stdout) == (0, "1 put back\n")
    assert broker.dead_letters("people").count() == 1
    assert broker.waiting("people.events") == 1


@pytest.mark.parametrize(("command", "done"), [("retry", "put back"), ("drop", "dropped")])
def test_a_dead_letter_that_is_not_there_is_named(broker: Broker, command: str, done: str) -> None:
    first = a_dead_letter(broker, an_event())

    result = staffroll("dead-letters", command, "--service", "people", first, "other")

    assert (result.exit_code, result.stdout) == (1, f"1 {done}\n")
    assert "Not among them: other." in result.stderr


@pytest.mark.parametrize(
    "command", ["events replay --to people", "events tail", "check", "check --repair"]
)
def test_nothing_is_done_for_a_tenant_that_does_not_exist(
    mongodb_uri: str, database_name: str, command: str
) -> None:
    environ = environ_of(mongodb_uri, database_name)

    result = CliRunner().invoke(main, [*command.split(), "--tenant", "nope"], env=environ)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: There is no tenant nope.\n"


def test_all_dead_letters_are_dropped_only_when_all_are_meant(broker: Broker) -> None:
    a_dead_letter(broker, an_event())
    a_dead_letter(broker, an_event())

    unsure = staffroll("dead-letters", "drop", "--service", "people")
    sure = staffroll("dead-letters", "drop", "--service", "people", "--all")

    assert unsure.exit_code == 2
    assert (sure.exit_code, sure.stdout) == (0, "2 dropped\n")
    assert broker.dead_letters("people").count() == 0


def test_tail_prints_events_without_personal_data(broker: Broker) -> None:
    command = ["events", "tail", "--tenant", "acme", "--type", "user.#", "--limit", "1"]
    with subprocess.Popen(
        [sys.executable, "-m", "staffroll.cli", *command],
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as tail:
        assert tail.stdout
        assert tail.stderr
        assert "only accounts could tell" in tail.stderr.readline()
        assert "Waiting for acme.user.#" in tail.stderr.readline()

        others = [an_event(tenant_id="globex"), an_event(type="role.updated")]
        broker.publish(map(Message.event, [*others, an_event()]))
        line = tail.stdout.readline()

        assert tail.wait(20) == 0
    assert "acme  user.updated  018f0000-0000-7000-8000-0000000000aa  v7  by system" in line
    assert "last_name,email" in line
    assert "Müller" not in line


def test_replay_asks_the_owner_to_tell_the_follower(broker: Broker) -> None:
    heard: list[Event] = []

    def hear(delivery: Delivery) -> None:
        heard.append(Event.from_json(delivery.body))
        delivery.ack()

    result = staffroll("events", "replay", "--to", "people", "--tenant", "acme", "--subject", ID)

    assert result.exit_code == 0, result.output
    assert result.stdout == "Asked accounts to tell people 1 objects of acme.\n"
    receiver = broker.receiver(["accounts.requests"], hear)
    eventually(lambda: heard)
    receiver.stop()
    assert heard[0].type == "snapshot.requested"
    assert payload_of(heard[0]) == SnapshotWish("people.events", "acme", [ID])


def test_replay_asks_nobody_for_what_cannot_be_a_tenant(broker: Broker) -> None:
    result = staffroll("events", "replay", "--to", "people", "--tenant", "ACME")

    assert result.exit_code == 2
    assert "ACME" in result.stderr
    assert broker.waiting("accounts.requests") == 0


def test_a_broker_that_is_away_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAFFROLL_BROKER_URL", "amqp://guest:secret@127.0.0.1:1/")

    result = staffroll("dead-letters", "list")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The broker is away: 127.0.0.1:1 does not answer")
    assert "secret" not in result.stderr
