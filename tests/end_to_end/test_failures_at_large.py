"""What breaks on the way where showing it takes a suite of its own: full sizes, all long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from staffroll.local import Mongod
from tests.end_to_end.test_failures import (
    everybody_sees,
    human,
    nothing_is_left,
    nothing_waits,
)
from tests.storm.schedule import schedule
from tests.storm.storm import Storm
from tests.support.apart import Apart, all_running
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

CLOCKS: Final[Mapping[str, int]] = {
    "accounts": 3600,
    "scheduling": 0,
    "people": 1800,
    "export": -1800,
}
"""By how many seconds each is ahead. Accounts is ahead of all who read its tokens, whose age
those who are ahead of accounts would overrate."""


@pytest.fixture
def own_broker() -> Iterator[RabbitNode]:
    node = RabbitNode()
    try:
        node.start()
        yield node
    finally:
        node.remove()


@contextmanager
def not_started(suite: Apart) -> Iterator[Apart]:
    try:
        with suite.receive_mail():
            yield suite
    finally:
        suite.close()


def test_f8_a_broker_that_lost_all_its_data_is_made_up_for_by_check_and_repair(
    mongod: Mongod, own_broker: RabbitNode, tmp_path: Path
) -> None:
    with all_running(mongod.uri, own_broker.url, tmp_path) as suite:
        acme = suite.tenant()
        known = acme.create("accounts", human()).json()["id"]
        everybody_sees(acme, known)
        for service in ("people", "export"):
            suite.stop(service, "consume")
        told = [acme.create("accounts", human()).json()["id"] for _ in range(20)]
        assert acme.patch("accounts", f"/v1/users/{known}", json={"last_name": "Lost"}).ok
        suite.stop("accounts", "consume")
        wished = [acme.create("scheduling", human()).json()["id"] for _ in range(5)]
        for service, collection in (("accounts", "users"), ("scheduling", "employees")):
            nothing_waits(suite, service, collection)

        own_broker.stop()
        own_broker.forget()
        own_broker.start()
        for service in ("accounts", "people", "export"):
            suite.start(service, "consume")
        suite.wait_until_ready()

        found = suite.try_command("check", "--tenant", acme.tenant_id)
        assert found.returncode == 1, found.stdout
        suite.command("check", "--tenant", acme.tenant_id, "--repair")
        for id_ in (*told, *wished):
            everybody_sees(acme, id_)
        shown = acme.sees("people", known)
        assert shown is not None
        assert shown["last_name"] == "Lost"
        eventually(lambda: len(acme.csv()) == len(told) + len(wished) + 3, timeout=30)
        assert "in step" in suite.command("check", "--tenant", acme.tenant_id)
        nothing_is_left(suite, own_broker)


def test_f9_three_consumers_and_two_web_workers_for_each_service_do_as_one(
    mongod: Mongod, rabbitmq: RabbitNode, tmp_path: Path
) -> None:
    with not_started(Apart(mongod.uri, rabbitmq.url, tmp_path)) as suite:
        calm = schedule(9, 600, every=10_000)
        storm = Storm(
            suite, rabbitmq, calm, tmp_path / "calm.jsonl", clients=16, workers=2, consumers=3
        )

        report = storm.run(rest_seconds=120)

    assert not report.faults, str(report)


class Skewed(Apart):
    """Services whose clocks are apart, as `CLOCKS` says."""

    def start(self, service: str, role: str, count: int = 1) -> None:
        with self._clock_of(service):
            super().start(service, role, count)

    def command_here(self, *arguments: str, text: str = "") -> str:
        """In a process of its own, by the clock of accounts, whose tokens it makes."""
        with self._clock_of("accounts"):
            return self.command(*arguments, text=text)

    @contextmanager
    def _clock_of(self, service: str) -> Iterator[None]:
        plain = self.environ
        folder = Path(__file__).parents[1] / "support" / "clocks"
        ahead = {"PYTHONPATH": str(folder), "TEST_CLOCK_AHEAD_SECONDS": str(CLOCKS[service])}
        self.environ = {**plain, **ahead, "STAFFROLL_ACCESS_TOKEN_SECONDS": "14400"}
        try:
            yield
        finally:
            self.environ = plain


def test_f10_services_whose_clocks_are_an_hour_apart_end_as_if_they_were_not(
    mongod: Mongod, rabbitmq: RabbitNode, tmp_path: Path
) -> None:
    with not_started(Skewed(mongod.uri, rabbitmq.url, tmp_path)) as suite:
        calm = schedule(10, 400, every=10_000)
        storm = Storm(suite, rabbitmq, calm, tmp_path / "calm.jsonl")

        report = storm.run(rest_seconds=120)

    assert not report.faults, str(report)
