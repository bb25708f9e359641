"""What makes an event: who, for whom, when, in answer to what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from staffroll.events.catalogue import dump_payload
from staffroll.events.envelope import Event


@dataclass(frozen=True, slots=True)
class Cause:
    """The circumstances of a change, in which all its events are said.

    Attributes:
        source: The service that decides.
        now: Aware, UTC.
        request_id: The wish of another service that is being answered.
        address: Where the request came from; for the audit trail, never told in events.
    """

    source: str
    tenant_id: str
    actor: str
    now: datetime
    correlation_id: str | None = None
    request_id: str | None = None
    address: str | None = None

    def event(self, event_type: str, subject: str, sequence: int, payload: Any) -> Event:
        """An event about `subject`, whose version is now `sequence`."""
        return Event(
            type=event_type,
            source=self.source,
            tenant_id=self.tenant_id,
            subject=subject,
            sequence=sequence,
            data=dump_payload(payload),
            actor=self.actor,
            time=self.now,
            correlation_id=self.correlation_id,
            request_id=self.request_id,
        )
