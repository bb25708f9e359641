"""What a process counts, for Prometheus. Labels are routes and names, never ids of people."""

from __future__ import annotations

import os
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

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
OUTBOX_OLDEST: Final = Gauge(
    "staffroll_outbox_oldest_seconds",
    "Age of the oldest event that waits to be sent.",
    ["service"],
    multiprocess_mode="livemax",
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


def exposition() -> tuple[bytes, str]:
    """The metrics of all worker processes as text, and its content type."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST
