"""One event on its way to one webhook: tried again with growing pauses for about a day. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, Literal

from staffroll.events import Cause, Event
from staffroll_accounts.domain.errors import DeliveryNotKept

Status = Literal["waiting", "delivered", "failed"]
Failure = Literal["out_of_tries", "gone", "disabled"]
STATUSES: Final = ("waiting", "delivered", "failed")

TEST: Final = "webhook.test"
"""What is sent for trying, once; no other event of ours begins with ``webhook``."""

PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
"""After each failure, the next try comes so much later: the schedule that Standard Webhooks
recommends."""

SPREAD: Final = 0.1
"""By so much of it, at most, a pause is longer, so that what failed together comes apart."""

KEPT_FOR: Final = timedelta(days=30)
BODY_KEPT_FOR: Final = timedelta(days=3)
"""How long what arrived can be sent again."""

ATTEMPTS_KEPT: Final = 20

LONGEST_WISHED: Final = timedelta(hours=1)
"""So long a receiver may put us off, by ``Retry-After``."""

_PUT_OFF_BY: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, and how it ended.

    Attributes:
        status: Of the answer; None where there was none.
        milliseconds: From the first look for the address to the answer.
        error: Why there was no answer, such as ``timeout``.
        retry_after: What the answer says by that header; not kept.
    """

    at: datetime
    status: int | None
    milliseconds: int
    error: str | None = None
    retry_after: str | None = None

    @property
    def has_arrived(self) -> bool:
        return (
            self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES
        )

    @property
    def is_unwanted(self) -> bool:
        """The receiver wants nothing more."""
        return self.status == HTTPStatus.GONE

    @property
    def wished_pause(self) -> timedelta:
        """How long the receiver wants to be left alone, up to `LONGEST_WISHED`; zero where it
        does not say (RFC 9110, section 10.2.3)."""
        said = (self.retry_after or "").strip()
        if self.status not in _PUT_OFF_BY or not said:
            return timedelta()
        pause = _seconds(said) if said.isascii() and said.isdigit() else _until(said, self.at)
        return max(timedelta(), min(pause, LONGEST_WISHED))


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook, in the log.

    Attributes:
        event_id: Also what a receiver knows the message by (``webhook-id``).
        subject: Whom it is about.
        due_at: When it is tried; None once it is over.
        tries: Those since it was last sent off.
        attempts: The newest of them, the last at the end.
        body: None where it is not kept any more.
        is_personal: It says something of somebody, and goes with them.
        failure: Why it is not tried any more.
    """

    id: str
    webhook_id: str
    event_id: str
    type: str
    subject: str
    created_at: datetime
    body: str | None = field(repr=False)
    is_personal: bool = False
    status: Status = "waiting"
    due_at: datetime | None = None
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()
    failure: Failure | None = None


def tells_of_deletion(event: Event) -> bool:
    """Whether nothing personal is in it, and receivers have to hear of it all the same."""
    return event.type in ("user.deleted", "user.erased") or event.data.get("status") == "deleted"


def of_event(event: Event, id_: str, webhook_id: str, now: datetime) -> Delivery:
    """The event for one webhook, to be sent now."""
    return Delivery(
        id=id_,
        webhook_id=webhook_id,
        event_id=event.id,
        type=event.type,
        subject=event.subject,
        created_at=now,
        body=event.to_json(),
        is_personal=not tells_of_deletion(event),
        due_at=now,
    )


def trial_event(webhook_id: str, version: int, cause: Cause) -> Event:
    """Something harmless in the form of an event."""
    return Event(
        type=TEST,
        source=cause.source,
        tenant_id=cause.tenant_id,
        subject=webhook_id,
        sequence=version,
        data={},
        actor=cause.actor,
        time=cause.now,
        correlation_id=cause.correlation_id,
    )


def after(delivery: Delivery, attempt: Attempt, spread: float) -> Delivery:
    """The delivery after one more attempt.

    Args:
        spread: By chance, from 0 to 1; see `SPREAD`.
    Returns:
        Due not before the receiver wishes, up to `LONGEST_WISHED`.
    """
    tried = replace(
        delivery,
        tries=delivery.tries + 1,
        attempts=(*delivery.attempts, attempt)[-ATTEMPTS_KEPT:],
    )
    if attempt.has_arrived:
        return replace(tried, status="delivered", due_at=None)
    if attempt.is_unwanted:
        return given_up(tried, "gone")
    if delivery.type == TEST or delivery.tries >= len(PAUSES):
        return given_up(tried, "out_of_tries")
    pause = max(PAUSES[delivery.tries], attempt.wished_pause)
    return replace(tried, due_at=attempt.at + pause * (1 + SPREAD * spread))


def _seconds(digits: str) -> timedelta:
    # Of any number of digits, which no number could hold.
    return timedelta(seconds=int(digits)) if len(digits) < 10 else LONGEST_WISHED


def _until(date: str, now: datetime) -> timedelta:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return timedelta()
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now


def given_up(delivery: Delivery, why: Failure) -> Delivery:
    """It is not tried any more."""
    return replace(delivery, status="failed", due_at=None, failure=why)


def sent_again(delivery: Delivery, now: datetime) -> Delivery:
    """As if it had never been tried; what was tried stays in the log.

    Raises:
        DeliveryNotKept: There is nothing left that could be sent.
    """
    if delivery.body is None:
        raise DeliveryNotKept
    return replace(delivery, status="waiting", due_at=now, tries=0, failure=None)
