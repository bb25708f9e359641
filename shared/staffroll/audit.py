"""Who did what to whom, when, from where (R9): the entry rides in the changed document.

State, news and audit entry are one write; a leased writer for each tenant appends the
entries to the trail later (`staffroll.mongo.audit`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from staffroll.events import Cause
from staffroll.ids import new_id


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the trail.

    Attributes:
        id: Of the entry; makes appending it twice harmless.
        action: What was done, such as ``user.updated`` or ``sign-in.failed``.
        actor: A user id, or ``system:<name>``.
        subject: The id of what it was done to.
        changed: Names of the fields that changed; never their values.
        address: Where the request came from.
    """

    id: str
    at: datetime
    action: str
    actor: str
    subject: str
    changed: tuple[str, ...] = ()
    address: str | None = None
    correlation_id: str | None = None


def noted(cause: Cause, action: str, subject: str, changed: Sequence[str] = ()) -> AuditEntry:
    """The entry for something that `cause` does."""
    return AuditEntry(
        id=new_id(),
        at=cause.now,
        action=action,
        actor=cause.actor,
        subject=subject,
        changed=tuple(changed),
        address=cause.address,
        correlation_id=cause.correlation_id,
    )
