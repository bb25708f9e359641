"""What a process counts, for Prometheus. Labels are routes and names, never ids of people.

Nor tenants: there are thousands, and each label is kept for ever. What is not counted here but
looked up at each scrape stands in `lookups`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from staffroll.observing.workers import FOLDER_VARIABLE

# A second series beside each, which says when it began; nobody asks.
disable_created_metrics()  # type: ignore[no-untyped-call]

REQUESTS: Final = Counter(
    "staffroll_http_requests",
    "Requests answered.",
    ["service", "method", "route", "status"],
)
DURATION: Final = Histogram(
    "staffroll_http_request_seconds",
    "Time to answer a request.",
    ["service", "method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
MESSAGES: Final = Counter(
    "staffroll_messages",
    "Messages consumed, by outcome.",
    ["service", "type", "outcome"],
)
MESSAGE_DURATION: Final = Histogram(
    "staffroll_message_seconds",
    "Time to apply a message.",
    ["service", "type"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
SYNC_DELAY: Final = Histogram(
    "staffroll_sync_delay_seconds",
    "From the moment that a message tells, by its source's clock, to applied, by this one's.",
    ["service", "source"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200),
)
CHORES: Final = Counter(
    "staffroll_chore_runs",
    "Rounds of what a consumer process does besides, by outcome: done, waits, failed.",
    ["service", "chore", "outcome"],
)
JOBS_ENDED: Final = Counter(
    "staffroll_jobs_ended",
    "Jobs (imports, exports, mass updates) that ended, by state.",
    ["kind", "state"],
)
PLUGIN_CALLS: Final = Histogram(
    "plugin_call_seconds",
    "Time that a plugin took for a hook, whether it failed or not.",
    ["plugin", "hook"],
    buckets=(0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30),
)
PLUGIN_FAILURES: Final = Counter(
    "plugin_failures",
    "Calls of plugins that failed.",
    ["plugin", "hook"],
)

LOOKED_UP: Final = CollectorRegistry(auto_describe=False)
"""What is asked anew at each scrape, in the process that answers it."""


def plugin_called(plugin: str, hook: str, seconds: float, outcome: str) -> None:
    """Count a call; see `staffroll.plugins.tenant.Observe`."""
    PLUGIN_CALLS.labels(plugin, hook).observe(seconds)
    PLUGIN_FAILURES.labels(plugin, hook).inc(outcome == "failed")


class _Everything(Collector):
    def collect(self) -> Iterable[Metric]:
        counted = REGISTRY
        if FOLDER_VARIABLE in os.environ:
            counted = CollectorRegistry()
            MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
        yield from counted.collect()
        yield from LOOKED_UP.collect()


def exposition() -> tuple[bytes, str]:
    """The metrics of all worker processes as text, and its content type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Everything())
    return generate_latest(registry), CONTENT_TYPE_LATEST
