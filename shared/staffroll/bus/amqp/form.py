"""The form of our messages in AMQP: properties, and the headers of dead letters."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pika import BasicProperties

from staffroll.bus.amqp.naming import Names
from staffroll.bus.contract import DELIVERY_LIMIT, DeadLetter, Message
from staffroll.events import CONTENT_TYPE

PERSISTENT: Final = 2

_SHORT_STRING_BYTES: Final = 255

_REASON: Final = "staffroll-reason"
_ERROR: Final = "staffroll-error"
_DIED_AT: Final = "staffroll-died-at"
_QUEUE: Final = "staffroll-queue"
_DELIVERIES: Final = "staffroll-deliveries"
_DELIVERY_COUNT: Final = "x-delivery-count"
_OF_THE_PAST: Final = (_REASON, _ERROR, _DIED_AT, _QUEUE, _DELIVERIES, _DELIVERY_COUNT)


def properties_of(message: Message) -> BasicProperties:
    correlation_id = message.correlation_id
    if correlation_id is not None and len(correlation_id.encode()) > _SHORT_STRING_BYTES:
        # AMQP could not carry it, and the message would wait in its outbox for ever; the
        # body has it whole.
        correlation_id = None
    return BasicProperties(
        message_id=message.id,
        type=message.type,
        content_type=CONTENT_TYPE,
        delivery_mode=PERSISTENT,
        correlation_id=correlation_id,
    )


def returned_before(properties: BasicProperties) -> int | None:
    """How often a quorum queue got this message back; None where the queue does not count."""
    count = _headers(properties).get(_DELIVERY_COUNT)
    return count if isinstance(count, int) else None


def as_dead(
    properties: BasicProperties, *, reason: str, error: str, queue: str, deliveries: int
) -> BasicProperties:
    """The properties of a dead letter: those of the message, and what happened to it."""
    dead = {
        _REASON: reason,
        _ERROR: error,
        _DIED_AT: datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        _QUEUE: queue,
        _DELIVERIES: deliveries,
    }
    return _with_headers(properties, {**_without_past(properties), **dead})


def as_new(properties: BasicProperties) -> BasicProperties:
    """The properties of a dead letter that gets another chance: counted from one again."""
    return _with_headers(properties, _without_past(properties))


def letter_id(properties: BasicProperties, body: bytes) -> str:
    """The message's id; of one that has none, an id that its body gives."""
    return properties.message_id or hashlib.sha256(body).hexdigest()[:32]


def dead_letter_of(properties: BasicProperties, body: bytes, names: Names) -> DeadLetter:
    """Read what `as_dead` wrote, or what the broker says of a message it buried itself."""
    headers = _headers(properties)
    if _REASON in headers:
        died_at = datetime.fromisoformat(str(headers[_DIED_AT]))
        reason, queue = str(headers[_REASON]), str(headers[_QUEUE])
        deliveries = int(headers[_DELIVERIES])
    else:
        death = _death(headers)
        died_at = _moment(death.get("time"))
        reason = str(death.get("reason", "unknown"))
        queue = names.plain(str(death.get("queue", "")))
        deliveries = DELIVERY_LIMIT if reason == "delivery_limit" else 1
    return DeadLetter(
        id=letter_id(properties, body),
        queue=queue,
        type=properties.type or "",
        reason=reason,
        error=str(headers.get(_ERROR, "")),
        died_at=died_at,
        deliveries=deliveries,
        body=body,
    )


def _headers(properties: BasicProperties) -> Mapping[str, Any]:
    return properties.headers or {}


def _without_past(properties: BasicProperties) -> dict[str, Any]:
    return {
        name: value
        for name, value in _headers(properties).items()
        if name not in _OF_THE_PAST and not name.startswith(("x-death", "x-first-death-"))
    }


def _with_headers(properties: BasicProperties, headers: Mapping[str, Any]) -> BasicProperties:
    return BasicProperties(
        message_id=properties.message_id,
        type=properties.type,
        content_type=properties.content_type,
        delivery_mode=PERSISTENT,
        correlation_id=properties.correlation_id,
        headers=dict(headers) or None,
    )


def _death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    deaths = headers.get("x-death") or [{}]
    newest = deaths[0]
    return newest if isinstance(newest, Mapping) else {}


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime):
        return datetime.fromtimestamp(0, UTC)
    return value if value.tzinfo else value.replace(tzinfo=UTC)
