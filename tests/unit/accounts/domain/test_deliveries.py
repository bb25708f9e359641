"""One event on its way: tried with growing pauses for about a day, then not any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from staffroll.events import Event, UserErased, UserState
from staffroll_accounts.domain import deliveries
from staffroll_accounts.domain.deliveries import ATTEMPTS_KEPT, PAUSES, TEST, Attempt, Delivery
from staffroll_accounts.domain.errors import DeliveryNotKept
from tests.unit.accounts.builders import ID, NOW, a_cause

STATE = UserState(status="active", token_generation=1, created_at="x", created_in="accounts")


def an_event(event_type: str = "user.created", payload: Any = STATE) -> Event:
    return a_cause().event(event_type, ID, 1, payload)


def a_delivery(**changes: Any) -> Delivery:
    return replace(deliveries.of_event(an_event(), "d1", "w1", NOW), **changes)


def an_attempt(
    status: int | None = 500, at: datetime = NOW, retry_after: str | None = None
) -> Attempt:
    return Attempt(at, status, 12, None if status else "timeout", retry_after)


def http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def test_it_carries_the_event_as_it_was_said() -> None:
    event = an_event()

    delivery = deliveries.of_event(event, "d1", "w1", NOW)

    assert delivery.body == event.to_json()
    assert (delivery.event_id, delivery.type, delivery.subject) == (event.id, event.type, ID)
    assert delivery.due_at == NOW
    assert "user.created" not in repr(replace(delivery, type=""))


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_an_arrival(status: int) -> None:
    after = deliveries.after(a_delivery(), an_attempt(status), 0.0)

    assert (after.status, after.due_at, after.failure) == ("delivered", None, None)


@pytest.mark.parametrize("status", [None, 101, 199, 300, 301, 302, 307, 308, 400, 404, 429, 500])
def test_everything_else_is_a_failure_redirects_among_it(status: int | None) -> None:
    after = deliveries.after(a_delivery(), an_attempt(status), 0.0)

    assert (after.status, after.due_at) == ("waiting", NOW + PAUSES[0])


def test_it_is_tried_with_growing_pauses_for_about_a_day_and_then_given_up() -> None:
    delivery, at = a_delivery(), NOW
    pauses = []
    while delivery.due_at is not None:
        delivery = deliveries.after(delivery, an_attempt(at=at), 0.0)
        if delivery.due_at is not None:
            pauses.append(delivery.due_at - at)
            at = delivery.due_at

    assert pauses == sorted(pauses) == list(PAUSES)
    assert timedelta(hours=24) <= at - NOW <= timedelta(hours=30)
    assert (delivery.status, delivery.failure) == ("failed", "out_of_tries")
    assert len(delivery.attempts) == len(PAUSES) + 1


def test_what_failed_together_comes_apart() -> None:
    after = deliveries.after(a_delivery(tries=3), an_attempt(), 1.0)

    assert after.due_at == NOW + PAUSES[3] * 1.1


@pytest.mark.parametrize(
    "said, pause",
    [
        ("120", timedelta(minutes=2)),
        (" 120 ", timedelta(minutes=2)),
        (http_date(NOW + timedelta(minutes=3)), timedelta(minutes=3)),
        ("3600", timedelta(hours=1)),
        ("3601", timedelta(hours=1)),
        ("9" * 5000, timedelta(hours=1)),
        (http_date(NOW + timedelta(days=400)), timedelta(hours=1)),
        (http_date(NOW - timedelta(days=1)), PAUSES[0]),
        ("0", PAUSES[0]),
        ("-5", PAUSES[0]),
        ("1.5", PAUSES[0]),
        ("²", PAUSES[0]),
        ("soon", PAUSES[0]),
        ("", PAUSES[0]),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", PAUSES[0]),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_may_put_us_off_for_an_hour_at_most(
    status: int, said: str, pause: timedelta
) -> None:
    after = deliveries.after(a_delivery(), an_attempt(status, retry_after=said), 0.0)

    assert (after.status, after.due_at) == ("waiting", NOW + pause)


def test_who_is_put_off_is_not_tried_sooner_than_without_and_not_by_other_answers() -> None:
    late = deliveries.after(a_delivery(tries=3), an_attempt(429, retry_after="60"), 0.0)
    other = deliveries.after(a_delivery(), an_attempt(500, retry_after="60"), 0.0)
    apart = deliveries.after(a_delivery(), an_attempt(503, retry_after="60"), 1.0)

    assert late.due_at == NOW + PAUSES[3]
    assert other.due_at == NOW + PAUSES[0]
    assert apart.due_at == NOW + timedelta(seconds=66)


def test_gone_is_not_tried_again() -> None:
    after = deliveries.after(a_delivery(), an_attempt(410), 0.0)

    assert (after.status, after.failure) == ("failed", "gone")


def test_a_test_is_tried_once() -> None:
    event = deliveries.trial_event("w1", 3, a_cause())
    delivery = deliveries.of_event(event, "d1", "w1", NOW)

    after = deliveries.after(delivery, an_attempt(), 0.0)

    assert (event.type, event.subject, event.data) == (TEST, "w1", {})
    assert (after.status, after.failure) == ("failed", "out_of_tries")


def test_sent_again_it_begins_anew_and_what_was_tried_stays_in_the_log() -> None:
    failed = a_delivery(tries=8, status="failed", failure="out_of_tries", due_at=None,
                        attempts=(an_attempt(),) * 8)  # fmt: skip
    later = NOW + timedelta(hours=1)

    again = deliveries.sent_again(failed, later)

    assert (again.status, again.tries, again.due_at, again.failure) == ("waiting", 0, later, None)
    assert again.attempts == failed.attempts
    assert again.event_id == failed.event_id


def test_what_is_not_kept_any_more_cannot_be_sent_again() -> None:
    with pytest.raises(DeliveryNotKept):
        deliveries.sent_again(a_delivery(body=None), NOW)


def test_the_log_keeps_the_newest_tries() -> None:
    delivery = a_delivery(attempts=tuple(an_attempt(500 + n) for n in range(ATTEMPTS_KEPT)))

    after = deliveries.after(delivery, an_attempt(200), 0.0)

    assert [one.status for one in after.attempts] == [*range(501, 520), 200]


@pytest.mark.parametrize(
    "event, is_personal",
    [
        (an_event(), True),
        (an_event("user.deleted", replace(STATE, status="deleted")), False),
        (an_event("employee.updated", replace(STATE, status="deleted")), False),
        (an_event("user.erased", UserErased("people")), False),
    ],
)
def test_r62_what_tells_of_a_deletion_says_nothing_of_the_person(
    event: Event, is_personal: bool
) -> None:
    assert deliveries.of_event(event, "d1", "w1", NOW).is_personal is is_personal
