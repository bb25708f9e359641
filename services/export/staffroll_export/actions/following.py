"""Keeping the rows in step with accounts."""

from __future__ import annotations

from staffroll.events import Event, UserState
from staffroll_export.actions import ExportScope
from staffroll_export.domain import rows


def follow(event: Event, user: UserState, scope: ExportScope) -> None:
    """Keep the user's state, or erase all but the fact of a deleted one and say so (R62).

    Whatever is not newer than what is here changes nothing; a deletion that is told again
    is answered again, since whoever tells it misses the receipt.
    """
    if user.status != "deleted":
        scope.store.keep(event.subject, event.sequence, user, told_at=event.time)
        return
    receipt = rows.receipt(event.subject, event.sequence, scope.cause(rows.SOURCE))
    scope.store.erase(
        event.subject,
        event.sequence,
        token_generation=user.token_generation,
        told_at=event.time,
        receipt=receipt,
        now=scope.now,
    )
