"""What becomes of a message: handled, held, tried again, buried, ignored."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from structlog.contextvars import clear_contextvars, get_contextvars

from staffroll.bus import DELIVERY_LIMIT
from staffroll.bus.applying import Applying, growing_pause
from staffroll.bus.consumer import Consumer, Reject
from staffroll.errors import Conflict, DatabaseAway
from staffroll.events import Event
from tests.support.waiting import eventually

EVENT = Event(
    type="user.erased",
    source="people",
    tenant_id="acme",
    subject="a-user",
    sequence=1,
    data={"service": "people"},
)


@dataclass
class FakeDelivery:
    body: bytes
    deliveries: int = 1
    queue: str = "people.events"
    fate: list[object] = field(default_factory=list)

    def ack(self) -> None:
        self.fate.append("acked")

    def retry(self, after_seconds: float) -> None:
        self.fate.append(("retried", after_seconds))

    def bury(self, reason: str, error: str = "") -> None:
        self.fate.append(("buried", reason, error))


class FakeReceiver:
    is_connected = True

    def __init__(self) -> None:
        self.is_stopped = False

    def stop(self, timeout_seconds: float = 10.0) -> None:
        self.is_stopped = True


class FakeBroker:
    """Hands out what the test tells it to; the rest of the contract is not needed here."""

    def __init__(self) -> None:
        self.the_receiver = FakeReceiver()
        self.deliver: Callable[[Any], None]

    def receiver(
        self, queues: Sequence[str], deliver: Callable[[Any], None], *, prefetch: int = 50
    ) -> FakeReceiver:
        self.deliver = deliver
        return self.the_receiver


def delivery(event: Event = EVENT, deliveries: int = 1) -> FakeDelivery:
    return FakeDelivery(event.to_json().encode(), deliveries)


class Handler:
    """Raises what it is given, one after the other, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.calls.append(event)
        if self.errors:
            raise self.errors.pop(0)


def apply(
    given: FakeDelivery, handle: Callable[[Event], None], hold: Callable[[int], bool] | None = None
) -> list[str]:
    outcomes: list[str] = []
    Applying(
        handle,
        transient=(ConnectionError,),
        hold=hold or (lambda failures: True),
        observe=lambda event, outcome, seconds: outcomes.append(outcome),
        longest_retry_seconds=10.0,
    ).apply(given)
    return outcomes


def test_a_handled_message_is_acknowledged() -> None:
    given = delivery()
    handler = Handler()

    outcomes = apply(given, handler)

    assert handler.calls == [EVENT]
    assert given.fate == ["acked"]
    assert outcomes == ["handled"]


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"[]", b"{}", b'"text"', EVENT.to_json().replace('"1.0"', '"2.0"').encode()],
)
def test_what_is_no_event_is_buried_unseen_by_the_handler(body: bytes) -> None:
    given = FakeDelivery(body)
    handler = Handler()

    outcomes = apply(given, handler)

    assert [fate[:2] for fate in given.fate] == [("buried", "not_an_event")]  # type: ignore[index]
    assert handler.calls == []
    assert outcomes == ["not_an_event"]


def test_data_that_do_not_fit_their_schema_are_buried_with_the_field_but_not_its_value() -> None:
    given = delivery(replace(EVENT, data={"service": 4711}))
    handler = Handler()

    apply(given, handler)

    assert given.fate == [("buried", "invalid_data", "user.erased with a wrong service")]
    assert handler.calls == []


def test_an_unknown_type_is_acknowledged_and_ignored() -> None:
    given = delivery(replace(EVENT, type="user.promoted.v7"))
    handler = Handler()

    outcomes = apply(given, handler)

    assert given.fate == ["acked"]
    assert handler.calls == []
    assert outcomes == ["ignored"]


def test_an_unknown_field_is_no_error() -> None:
    given = delivery(replace(EVENT, data={"service": "people", "invented_later": True}))

    apply(given, Handler())

    assert given.fate == ["acked"]


def test_a_rejected_message_is_buried_at_once() -> None:
    given = delivery()

    outcomes = apply(given, Handler(Reject("another tenant's id")))

    assert given.fate == [("buried", "rejected", "another tenant's id")]
    assert outcomes == ["rejected"]


@pytest.mark.parametrize("error", [ConnectionError("away"), DatabaseAway()])
def test_a_transient_error_holds_the_message_until_it_can_be_handled(error: Exception) -> None:
    given = delivery(deliveries=DELIVERY_LIMIT)
    handler = Handler(error, error, error)
    held: list[int] = []

    outcomes = apply(given, handler, hold=lambda failures: held.append(failures) or True)  # type: ignore[func-returns-value]

    assert held == [1, 2, 3]
    assert len(handler.calls) == 4
    assert given.fate == ["acked"]
    assert outcomes == ["paused", "paused", "paused", "handled"]


def test_a_held_message_is_left_unsettled_when_the_consumer_stops() -> None:
    given = delivery()

    outcomes = apply(given, Handler(ConnectionError()), hold=lambda failures: False)

    assert given.fate == []
    assert outcomes == ["paused", "left"]


@pytest.mark.parametrize("error", [ZeroDivisionError("1/0"), Conflict()])
def test_any_other_error_is_tried_again_later(error: Exception) -> None:
    given = delivery(deliveries=3)

    outcomes = apply(given, Handler(error))

    [(fate, pause)] = given.fate  # type: ignore[misc]
    assert fate == "retried"
    assert 0.2 <= pause <= 0.4
    assert outcomes == ["retried"]


def test_the_last_failure_buries_with_the_name_of_the_error_and_not_its_text() -> None:
    given = delivery(deliveries=DELIVERY_LIMIT)

    outcomes = apply(given, Handler(ValueError("Müller")))

    assert given.fate == [("buried", "handler_failed", "ValueError")]
    assert outcomes == ["handler_failed"]


def test_a_failure_is_logged_with_its_place_but_without_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    apply(delivery(), Handler(ValueError("Müller")))

    printed = capsys.readouterr().out

    assert "ValueError" in printed
    assert "raise self.errors.pop(0)" in printed
    assert "Müller" not in printed


def test_pauses_double_from_a_tenth_of_a_second_to_half_a_minute() -> None:
    longest = [max(growing_pause(failures) for _ in range(200)) for failures in (1, 2, 3, 50)]

    assert longest == pytest.approx([0.1, 0.2, 0.4, 30.0], rel=0.2)
    assert min(growing_pause(50) for _ in range(200)) >= 15.0


def test_one_message_in_trouble_pauses_the_whole_consumer_and_is_the_next_to_be_handled() -> None:
    broker = FakeBroker()
    handler = Handler(ConnectionError())
    is_back = threading.Event()
    consumer = Consumer(
        broker,  # type: ignore[arg-type]
        ["people.events"],
        handler,
        transient=(ConnectionError,),
        is_ready=is_back.is_set,
    )
    consumer.start()
    first = delivery()
    broker.deliver(first)
    eventually(lambda: consumer.is_paused)
    others = [delivery() for _ in range(20)]
    for other in others:
        broker.deliver(other)

    assert first.fate == []
    assert all(other.fate == [] for other in others)
    assert len(handler.calls) == 1

    is_back.set()

    eventually(lambda: all(one.fate == ["acked"] for one in [first, *others]))
    assert not consumer.is_paused
    consumer.stop()


def test_stopping_finishes_what_is_begun_and_leaves_the_rest() -> None:
    broker = FakeBroker()
    begun, may_end = threading.Event(), threading.Event()

    def handle(event: Event) -> None:
        begun.set()
        assert may_end.wait(10)

    consumer = Consumer(broker, ["people.events"], handle, threads=1)  # type: ignore[arg-type]
    consumer.start()
    first, second = delivery(), delivery()
    broker.deliver(first)
    broker.deliver(second)
    assert begun.wait(10)
    stopping = threading.Thread(target=consumer.stop)
    stopping.start()

    may_end.set()
    stopping.join(10)

    assert first.fate == ["acked"]
    assert second.fate == []
    assert broker.the_receiver.is_stopped


def test_a_paused_consumer_stops_without_waiting_for_the_pause() -> None:
    broker = FakeBroker()
    consumer = Consumer(
        broker,  # type: ignore[arg-type]
        ["people.events"],
        Handler(DatabaseAway()),
        is_ready=lambda: False,
    )
    consumer.start()
    held = delivery()
    broker.deliver(held)
    eventually(lambda: consumer.is_paused)

    consumer.stop(timeout_seconds=5.0)

    assert held.fate == []
    assert broker.the_receiver.is_stopped
    assert not consumer.is_paused


def test_what_a_handler_logs_names_the_event_and_what_began_it() -> None:
    clear_contextvars()  # of what ran in this thread before
    bound: list[dict[str, Any]] = []
    event = replace(EVENT, correlation_id="req-7")

    apply(delivery(event), lambda _: bound.append(get_contextvars()))

    assert bound == [{"event_id": event.id, "tenant": "acme", "correlation_id": "req-7"}]
    assert get_contextvars() == {}
