"""The form of every message: CloudEvents 1.0, structured JSON (docs/events.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from staffroll.events.tracing import is_traceparent
from staffroll.ids import TENANT_PATTERN, new_id

CONTENT_TYPE: Final = "application/cloudevents+json"
SPEC_VERSION: Final = "1.0"
PLATFORM_TENANT: Final = "_platform"
"""Stands where a tenant id would, in messages that belong to no tenant (signing keys)."""

_TOO_LARGE: Final = 2**63
"""Databases count with 64 bits."""

_REQUIRED: Final = ("id", "source", "type", "subject", "tenantid", "sequence", "data")


class NotAnEvent(ValueError):
    """The bytes are not a CloudEvent of ours; `str()` says why, without its content."""


@dataclass(frozen=True, slots=True)
class Event:
    """One message on the bus: a fact that happened, or a request to an owner.

    Attributes:
        type: What happened (``user.created``) or is wished (``user.requested``).
        source: The service that says it (``accounts``).
        tenant_id: Whose it is; `PLATFORM_TENANT` for what belongs to no tenant.
        subject: The id of what it is about, mostly a user id.
        sequence: The version of the subject at its owner; larger is newer.
        data: The whole public state after the change.
        actor: Who caused it: a user id, or ``system:<name>``.
        time: For people to read; never for ordering.
        correlation_id: The HTTP request that caused it.
        request_id: The request that this event answers, if any.
        replay: True where it is told again and nothing happened now.
        traceparent: The trace that it belongs to, where traces are made.
    """

    type: str
    source: str
    tenant_id: str
    subject: str
    sequence: int
    data: Mapping[str, Any]
    actor: str = "system"
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    correlation_id: str | None = None
    request_id: str | None = None
    replay: bool = False
    traceparent: str | None = None
    id: str = field(default_factory=new_id)

    def to_json(self) -> str:
        """The CloudEvent as JSON text; attributes that are not set are left out."""
        document: dict[str, Any] = {
            "specversion": SPEC_VERSION,
            "id": self.id,
            "source": f"staffroll/{self.source}",
            "type": self.type,
            "subject": self.subject,
            "time": self.time.isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "dataschema": f"/schemas/{self.type}.json",
            "tenantid": self.tenant_id,
            "sequence": self.sequence,
            "actor": self.actor,
            "data": self.data,
        }
        if self.correlation_id is not None:
            document["correlationid"] = self.correlation_id
        if self.request_id is not None:
            document["requestid"] = self.request_id
        if self.replay:
            document["replay"] = True
        if self.traceparent is not None:
            document["traceparent"] = self.traceparent
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: bytes | str) -> Event:
        """Read a CloudEvent; attributes we do not know are no error.

        Raises:
            NotAnEvent: It is not JSON in UTF-8, lacks an attribute, or one has a wrong form.
        """
        document = _read(text)
        if not isinstance(document, dict):
            raise NotAnEvent("not a JSON object")
        if document.get("specversion") != SPEC_VERSION:
            raise NotAnEvent("not CloudEvents 1.0")
        missing = [name for name in _REQUIRED if document.get(name) is None]
        if missing:
            raise NotAnEvent(f"without {', '.join(missing)}")
        wrong = [
            name
            for name in ("id", "source", "type", "subject", "tenantid")
            if not isinstance(document[name], str) or not document[name]
        ]
        if not _is_tenant(document["tenantid"]) and "tenantid" not in wrong:
            wrong.append("tenantid")
        if not isinstance(document["data"], dict):
            wrong.append("data")
        if type(document["sequence"]) is not int or not 0 <= document["sequence"] < _TOO_LARGE:
            wrong.append("sequence")
        if wrong:
            raise NotAnEvent(f"with a wrong {', '.join(wrong)}")
        return cls(
            type=document["type"],
            source=document["source"].removeprefix("staffroll/"),
            tenant_id=document["tenantid"],
            subject=document["subject"],
            sequence=document["sequence"],
            data=document["data"],
            actor=_text(document, "actor") or "system",
            time=_time(document.get("time")),
            correlation_id=_text(document, "correlationid"),
            request_id=_text(document, "requestid"),
            replay=document.get("replay") is True,
            traceparent=_traceparent(document),
            id=document["id"],
        )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _read(text: bytes | str) -> Any:
    try:
        if isinstance(text, bytes):
            text = text.decode()
        document = _DECODER.decode(text)
        if "\\u" in text:
            # An escape may stand for half a character, which no database keeps.
            json.dumps(document, ensure_ascii=False).encode()
    except RecursionError as error:
        raise NotAnEvent("nested too deeply") from error
    except ValueError as error:  # UnicodeError is one
        raise NotAnEvent("not JSON in UTF-8") from error
    return document


def _is_tenant(value: object) -> bool:
    return value == PLATFORM_TENANT or (
        isinstance(value, str) and TENANT_PATTERN.match(value) is not None
    )


def _text(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) else None


def _traceparent(document: Mapping[str, Any]) -> str | None:
    value = _text(document, "traceparent")
    return value if is_traceparent(value) else None


def _time(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise NotAnEvent("with a wrong time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
