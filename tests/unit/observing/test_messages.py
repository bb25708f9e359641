"""What is counted and logged of a message."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from staffroll.events import Event
from staffroll.observing.messages import observing


@pytest.fixture
def service() -> str:
    return f"s{uuid.uuid4().hex}"


def an_event(age: timedelta, **changes: Any) -> Event:
    fields: dict[str, Any] = {
        "type": "user.created",
        "source": "accounts",
        "data": {"last_name": "X"},
    }
    told_at = datetime.now(UTC) - age
    return Event(
        **{**fields, **changes}, tenant_id="acme", subject="a-user", sequence=1, time=told_at
    )


def delays(service: str, source: str = "accounts") -> tuple[float | None, float | None]:
    """How many, and their sum in seconds."""
    labels = {"service": service, "source": source}
    name = "staffroll_sync_delay_seconds"
    count = REGISTRY.get_sample_value(f"{name}_count", labels)
    return count, REGISTRY.get_sample_value(f"{name}_sum", labels)


def observe(service: str, event: Event, outcome: str = "handled", queue: str = "events") -> None:
    observing(service, [f"{service}.{queue}"])(event, outcome, 0.01)


def test_the_delay_is_from_the_events_time_to_now(service: str) -> None:
    observe(service, an_event(timedelta(seconds=7)))

    count, seconds = delays(service)
    assert count == 1
    assert seconds == pytest.approx(7, abs=2)


def test_f10_a_clock_that_is_ahead_gives_no_negative_delay(service: str) -> None:
    observe(service, an_event(timedelta(hours=-1)))

    assert delays(service) == (1, 0)


@pytest.mark.parametrize(
    "changes, outcome, queue",
    [
        ({"replay": True}, "handled", "events"),
        ({}, "retried", "events"),
        ({}, "rejected", "events"),
        ({}, "handled", "webhooks"),
    ],
)
def test_what_is_told_again_or_not_applied_has_no_delay(
    service: str, changes: dict[str, Any], outcome: str, queue: str
) -> None:
    observe(service, an_event(timedelta(days=3), **changes), outcome, queue)

    assert delays(service) == (None, None)


def test_sources_that_strangers_invent_are_counted_under_one_name(service: str) -> None:
    observe(service, an_event(timedelta(0), source="nonsense"))

    assert delays(service, "nonsense") == (None, None)
    assert delays(service, "unknown")[0] == 1


@pytest.mark.parametrize(
    "changes, outcome, level",
    [
        ({}, "handled", "info"),
        ({"replay": True}, "handled", "debug"),
        ({"replay": True}, "retried", "info"),
    ],
)
def test_what_is_told_again_fills_no_log(
    service: str, changes: dict[str, Any], outcome: str, level: str
) -> None:
    with capture_logs() as logs:
        observe(service, an_event(timedelta(0), **changes), outcome)

    assert [line["log_level"] for line in logs] == [level]


def test_the_line_names_what_began_it_and_nothing_personal(service: str) -> None:
    event = an_event(timedelta(0), correlation_id="req-7")

    with capture_logs() as logs:
        observe(service, event)

    (line,) = logs
    assert (line["correlation_id"], line["event_id"]) == ("req-7", event.id)
    assert line["service"] == service
    assert event.subject not in line.values()
    assert "data" not in line
