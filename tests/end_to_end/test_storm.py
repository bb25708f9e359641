"""A small storm, with each commit; `make storm` makes large ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from staffroll.local import Mongod
from tests.storm.schedule import schedule
from tests.storm.storm import Storm
from tests.support.apart import Apart
from tests.support.rabbitmq import RabbitNode

SEED = 50
"""Its failures kill a web worker, consumers, a web server and the broker, and pause others."""


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "operations",
    [
        300,
        pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(7200)]),
    ],
)
def test_after_a_storm_all_services_agree_and_nothing_acknowledged_is_lost(
    mongod: Mongod, rabbitmq: RabbitNode, tmp_path: Path, operations: int
) -> None:
    suite = Apart(mongod.uri, rabbitmq.url, tmp_path)
    try:
        with suite.receive_mail():
            storm = Storm(suite, rabbitmq, schedule(SEED, operations), tmp_path / "storm.jsonl")

            report = storm.run(rest_seconds=120)
    finally:
        suite.close()

    assert not report.faults, str(report)
    assert report.failures, "nothing broke"
