"""What counts as wrong, and that each remedy leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError

from staffroll.bus import BrokerAway, QueueState, TopologyConflict
from staffroll.bus.topology import all_queues
from staffroll.cli import main
from staffroll.doctor import finding, servers, services
from staffroll.doctor.finding import Finding
from staffroll.observing.probes import ProbeServer

OPERATIONS = (Path(__file__).parents[3] / "docs/operations.md").read_text()
NOW = datetime.now(UTC)


def found(findings: Any) -> dict[str, str]:
    """How it stands with each thing."""
    return {one.check: one.level for one in findings}


# Remedies


@pytest.mark.parametrize("remedy", finding.ALL, ids=lambda remedy: remedy.do[:30])
def test_each_remedy_names_a_section_of_the_docs(remedy: finding.Remedy) -> None:
    assert re.search(rf"^#+ {re.escape(remedy.section)}$", OPERATIONS, re.MULTILINE)


@pytest.mark.parametrize("remedy", finding.ALL, ids=lambda remedy: remedy.do[:30])
def test_each_command_that_a_remedy_names_is_there(remedy: finding.Remedy) -> None:
    for command in re.findall(r"`staffroll ([a-z-]+)", remedy.do):
        assert main.get_command(None, command) is not None  # type: ignore[arg-type]


def test_what_is_not_well_has_a_remedy_with_the_services_name() -> None:
    remedy = finding.remedy_for(finding.SILENT, "people")

    assert "`staffroll serve people`" in remedy.do
    assert "STAFFROLL_URL_PEOPLE" in remedy.do
    assert "{" not in remedy.text()


# The database


class FakeClient:
    def __init__(self, **answers: Any) -> None:
        self._answers = {
            "hello": {"setName": "rs", "localTime": datetime.now(UTC).replace(tzinfo=None)},
            "buildInfo": {"version": "8.0.4"},
            "replSetGetStatus": {"members": [{"state": 1}]},
            **answers,
        }

    @property
    def admin(self) -> FakeClient:
        return self

    def command(self, name: str) -> Any:
        answer = self._answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer


def of_database(uri: str = "mongodb://db.example/", **answers: Any) -> list[Finding]:
    return list(servers.database(FakeClient(**answers), uri))  # type: ignore[arg-type]


def members(*states: int) -> dict[str, Any]:
    return {"members": [{"state": state} for state in states]}


@pytest.mark.parametrize(
    "answers, level",
    [
        ({"replSetGetStatus": members(1, 2, 2)}, "well"),
        ({"replSetGetStatus": members(1, 2, 8)}, "warning"),
        ({"replSetGetStatus": members(2, 8, 8)}, "problem"),
        ({"replSetGetStatus": OperationFailure("not authorized", 13)}, "well"),
        ({"hello": {"localTime": datetime.now(UTC).replace(tzinfo=None)}}, "problem"),
        (
            {"hello": {"localTime": datetime.now(UTC).replace(tzinfo=None), "msg": "isdbgrid"}},
            "well",
        ),
    ],
)
def test_the_set_must_be_one_and_have_a_majority(answers: Mapping[str, Any], level: str) -> None:
    assert found(of_database(**answers))["replica set"] == level


@pytest.mark.parametrize(
    "version, uri, level",
    [
        ("8.0.4", "mongodb://db.example/", "well"),
        ("6.0.5", "mongodb://db.example/", "warning"),
        ("6.0.5", "mongodb://127.0.0.1:27017/?replicaSet=rs", "well"),
    ],
)
def test_an_old_server_is_for_trying_on_one_machine_only(
    version: str, uri: str, level: str
) -> None:
    assert found(of_database(uri, buildInfo={"version": version}))["version"] == level


@pytest.mark.parametrize(
    "error", [ServerSelectionTimeoutError("secret"), OperationFailure("secret", 18)]
)
def test_a_database_that_does_not_answer_is_all_that_is_said_of_it(error: Exception) -> None:
    (only,) = of_database(hello=error)

    assert (only.check, only.level) == ("reachable", "problem")
    assert "secret" not in only.says


@pytest.mark.parametrize(
    "ahead_seconds, level",
    [
        (0.4, "well"),
        (-4, "well"),
        (8, "warning"),
        (-29, "warning"),
        (40, "problem"),
        (-3600, "problem"),
    ],
)
def test_clocks_may_be_a_little_apart(ahead_seconds: float, level: str) -> None:
    theirs = NOW + timedelta(seconds=ahead_seconds)

    assert servers.skew("people", theirs, NOW).level == level


# The broker and its queues


class FakeBroker:
    def __init__(self, *looks: Mapping[str, QueueState] | None, letters: int = 0) -> None:
        self._looks = list(looks)
        self._letters = letters
        self.conflict: Exception | None = None

    def look(self, queues: Sequence[str]) -> Mapping[str, QueueState]:
        look = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        if look is None:
            raise BrokerAway("127.0.0.1:5672 does not answer")
        return {queue: look[queue] for queue in queues if queue in look}

    def declare(self) -> None:
        if self.conflict:
            raise self.conflict

    def dead_letters(self, _service: str) -> Any:
        return SimpleNamespace(count=lambda: self._letters)


def states(messages: int = 0, consumers: int | None = 1) -> dict[str, QueueState]:
    names = ("accounts", "scheduling", "people", "export")
    return {queue: QueueState(messages, consumers) for name in names for queue in all_queues(name)}


def of_queues(broker: FakeBroker) -> dict[str, str]:
    return found(services.queues("people", broker))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "state, level",
    [
        (states(), "well"),
        (states(messages=500), "well"),
        (states(messages=20_000), "warning"),
        (states(consumers=0), "problem"),
    ],
)
def test_queues_are_consumed_and_do_not_grow_long(state: dict[str, QueueState], level: str) -> None:
    assert of_queues(FakeBroker(state))["people.events"] == level


@pytest.mark.parametrize("later, level", [(7, "well"), (9, "problem")])
def test_where_consumers_are_not_told_messages_must_become_fewer(
    later: int, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_TAKEN_WITHIN_SECONDS", 0.01)
    broker = FakeBroker(states(9, None), states(later, None))

    assert of_queues(broker)["people.events"] == level


@pytest.mark.parametrize("letters, level", [(0, "well"), (1, "problem")])
def test_a_dead_letter_is_a_problem(letters: int, level: str) -> None:
    assert of_queues(FakeBroker(states(), letters=letters))["dead letters"] == level


def test_a_broker_that_is_away_is_said_once() -> None:
    broker = FakeBroker(None)

    assert found(servers.broker(broker)) == {"reachable": "problem"}  # type: ignore[arg-type]
    assert of_queues(broker) == {}


def test_missing_and_foreign_queues_are_named() -> None:
    part = {name: state for name, state in states().items() if name != "people.events"}
    (missing,) = servers.broker(FakeBroker(part))  # type: ignore[arg-type]
    foreign = FakeBroker(states())
    foreign.conflict = TopologyConflict("queue people.events: inequivalent arg")
    (conflict,) = servers.broker(foreign)  # type: ignore[arg-type]

    assert "people.events" in missing.says
    assert "people.events" in conflict.says
    assert missing.level == conflict.level == "problem"


# What services say


@pytest.mark.parametrize(
    "checks, levels",
    [
        ({"database": "ok", "broker": "ok"}, {"ready": "well"}),
        ({"database": "ok", "broker": "it does not answer"}, {"broker": "problem"}),
        (
            {"mail": "mail waits", "plugins": "x is missing"},
            {"mail": "warning", "plugins": "warning"},
        ),
        ({"bootstrap": "catching up with accounts: 7 received"}, {"bootstrap": "warning"}),
        ({"keys": "they have not arrived"}, {"keys": "problem"}),
        ({"something new": "no"}, {"something new": "problem"}),
    ],
)
def test_what_a_service_waits_for_is_told_with_a_remedy(
    checks: dict[str, str], levels: dict[str, str]
) -> None:
    server = ProbeServer(
        0, lambda: {"ready": levels == {"ready": "well"}, "checks": checks}, "127.0.0.1"
    )
    try:
        findings = list(services.health("people", f"http://127.0.0.1:{server.port}"))
    finally:
        server.close()

    assert found(findings) == {**levels, "clock": "well"}
    assert all(one.level == "well" or one.remedy for one in findings)


@pytest.mark.parametrize("body", [b"[]", b"<html>", b'{"status": "ready"}'])
def test_something_else_that_answers_is_not_taken_for_the_service(body: bytes) -> None:
    server = ProbeServer(0, dict, "127.0.0.1", {"/readyz": lambda: (body, "text/html")})
    try:
        (only,) = services.health("people", f"http://127.0.0.1:{server.port}")
    finally:
        server.close()

    assert (only.check, only.level) == ("answers", "problem")
