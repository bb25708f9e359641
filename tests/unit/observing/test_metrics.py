"""What is exposed, and what may never stand in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from staffroll.observing import metrics
from staffroll.observing.lookups import FAMILIES
from staffroll.observing.workers import FOLDER_VARIABLE

INSTRUMENTS = [one for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)]

ALLOWED_LABELS = {
    *("service", "method", "route", "status", "type", "outcome", "source"),
    *("chore", "kind", "state", "plugin", "hook", "queue"),
}
"""None of them is a tenant, a person, or anything that strangers can invent."""

_TWO_WORKERS = """
import os
from staffroll.observing import metrics
for _ in range(2):
    if os.fork() == 0:
        metrics.REQUESTS.labels("people", "GET", "/healthz", 200).inc(3)
        os._exit(0)
    os.wait()
print(metrics.exposition()[0].decode())
"""


def test_labels_are_a_few_that_were_thought_about() -> None:
    used = {label for one in INSTRUMENTS for label in one._labelnames}
    used |= {label for _, labels in FAMILIES.values() for label in labels}

    assert INSTRUMENTS
    assert used == ALLOWED_LABELS


def test_what_is_exposed_can_be_read_and_says_what_it_means() -> None:
    body, content_type = metrics.exposition()

    families = {one.name: one for one in text_string_to_metric_families(body.decode())}
    assert content_type.startswith("text/plain")
    assert families["staffroll_sync_delay_seconds"].type == "histogram"
    assert all(one.documentation for one in families.values())
    assert not any(name.endswith("_created") for name in families)


def test_workers_are_added_up(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TWO_WORKERS],
        env={**os.environ, FOLDER_VARIABLE: str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    counted = [one for one in done.stdout.splitlines() if one.startswith("staffroll_http_requests")]
    assert [line.rpartition(" ")[2] for line in counted] == ["6.0"]


@pytest.mark.parametrize("outcome, failures", [("done", 0), ("failed", 1)])
def test_calls_of_plugins_are_timed_whether_they_fail_or_not(outcome: str, failures: int) -> None:
    plugin = f"plugin_that_is_{outcome}"

    metrics.plugin_called(plugin, "check_password", 0.02, outcome)

    told = metrics.exposition()[0].decode()
    assert f'plugin_call_seconds_count{{hook="check_password",plugin="{plugin}"}} 1.0' in told
    assert (
        f'plugin_failures_total{{hook="check_password",plugin="{plugin}"}} 1.0' in told
    ) == bool(failures)
