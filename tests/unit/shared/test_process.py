"""What a consumer process counts."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pymongo.errors import AutoReconnect as DatabaseGone
from structlog.contextvars import get_contextvars

from staffroll import process
from staffroll.bus.applying import Observe
from staffroll.events import Event
from staffroll.service import Chore
from staffroll.settings import ServiceSettings


@dataclass
class _Runtime:
    broker: object = None
    settings: ServiceSettings = field(default_factory=lambda: ServiceSettings(mongodb_uri="none"))
    service: str = field(default_factory=lambda: uuid.uuid4().hex)

    def database_answers(self) -> bool:
        return True


@pytest.fixture
def runtime() -> _Runtime:
    return _Runtime()


@pytest.fixture
def observe(runtime: _Runtime, monkeypatch: pytest.MonkeyPatch) -> Observe:
    """What the consumer of the runtime is told to observe with."""
    given: list[Observe] = []

    def consumer(*_: object, observe: Observe, **__: object) -> None:
        given.append(observe)

    monkeypatch.setattr(process, "Consumer", consumer)
    handle: Callable[[Event], None] = lambda _event: None  # noqa: E731
    process.consumer_on(runtime, handle, ["people.events"])  # type: ignore[arg-type]
    return given[0]


def _event(event_type: str) -> Event:
    return Event(event_type, "people", "acme", "a-user", 1, {})


def _counted(runtime: _Runtime, name: str, **labels: Any) -> float | None:
    return REGISTRY.get_sample_value(name, {"service": runtime.service, **labels})


def test_types_that_nobody_knows_are_counted_under_one_name(
    runtime: _Runtime, observe: Observe
) -> None:
    observe(_event("user.dreamt"), "ignored", 0.1)
    observe(_event("user.imagined"), "ignored", 0.1)

    assert _counted(runtime, "staffroll_messages_total", type="unknown", outcome="ignored") == 2


def test_a_pause_is_counted_but_is_no_message_that_took_no_time(
    runtime: _Runtime, observe: Observe
) -> None:
    for outcome, seconds in (("paused", 0.0), ("paused", 0.0), ("handled", 3.0)):
        observe(_event("user.erased"), outcome, seconds)

    paused = _counted(runtime, "staffroll_messages_total", type="user.erased", outcome="paused")
    assert paused == 2
    assert _counted(runtime, "staffroll_message_seconds_count", type="user.erased") == 1


@pytest.mark.parametrize(
    "error, outcome", [(None, "done"), (DatabaseGone("away"), "waits"), (KeyError("bug"), "failed")]
)
def test_each_round_of_a_chore_is_counted_by_how_it_ended_and_the_next_comes_all_the_same(
    runtime: _Runtime, error: Exception | None, outcome: str
) -> None:
    stop = threading.Event()
    rounds: list[dict[str, Any]] = []

    def run() -> None:
        rounds.append(get_contextvars())
        if len(rounds) == 2:
            stop.set()
        if error is not None:
            raise error

    thread = process._ChoreThread(runtime.service, Chore("sweeping", 0.001, run), stop)
    thread.start()
    thread.join(10)

    name, chore = "staffroll_chore_runs_total", "sweeping"
    assert _counted(runtime, name, chore=chore, outcome=outcome) == 2
    assert rounds[0] == {"service": runtime.service, "chore": chore}
