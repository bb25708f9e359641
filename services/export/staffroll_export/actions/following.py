"""Keeping the rows in step with accounts."""

from __future__ import annotations

from staffroll.audit import noted
from staffroll.events import Event, UserState
from staffroll_export.actions import ExportScope
from staffroll_export.domain import rows


def follow(event: Event, user: UserState, scope: ExportScope) -> None:
    """Keep the user's state, or erase all but the fact of a deleted one (R62).

    Whatever is not newer than what is here changes nothing; a deletion that is told again
    is answered again, since whoever tells it misses the receipt.
    """
    if user.status != "deleted":
        scope.store.keep(event.subject, event.sequence, user, told_at=event.time)
        return
    scope.store.erase(
        event.subject,
        event.sequence,
        noted(scope.cause(rows.SOURCE), "user.deleted", event.subject),
        token_generation=user.token_generation,
        told_at=event.time,
        now=scope.now,
    )


def give_receipt(user_id: str, scope: ExportScope) -> None:
    """Say that nothing personal of a deleted user is left here (R62)."""
    receipt = rows.receipt(user_id, scope.store.version(user_id), scope.cause(rows.SOURCE))
    scope.store.give_receipt(user_id, receipt, scope.now)
