"""``/v1/erasures``: which deleted users are erased everywhere, and who has still to say so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields

from staffroll.errors import NotFound
from staffroll.web.fields import Instant
from staffroll.web.lists import CursorInvalid, PageQuerySchema, Position, page_of
from staffroll.web.resource import Resource
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import deletion as actions
from staffroll_accounts.domain.deletion import SERVICES, Erasure


class ReceiptSchema(Schema):
    """What one service says of an erasure."""

    service = fields.String(required=True)
    erased_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "Since when it has nothing of them; null: it has not said so."},
    )


class ErasureSchema(Schema):
    """The erasure of one deleted user."""

    user_id = fields.UUID(required=True)
    deleted_at = Instant(required=True)
    is_complete = fields.Boolean(
        required=True, metadata={"description": "Whether every service has said so."}
    )
    completed_at = Instant(required=True, allow_none=True)
    services = fields.List(fields.Nested(ReceiptSchema), required=True)


class ErasureQuerySchema(PageQuerySchema):
    """Which erasures."""

    complete = fields.Boolean(
        load_default=None, metadata={"description": "Only those that are, or are not."}
    )


def erasures() -> Resource:
    """The routes of ``/v1/erasures``."""
    bp = Resource("erasures", __name__, description="Receipts for the erasure of deleted users.")

    @bp.get("/erasures")
    @bp.needs("accounts.users:delete")
    @bp.asks(ErasureQuerySchema)
    @bp.answers(page_of(ErasureSchema), refuses=[CursorInvalid])
    def list_erasures(query: dict[str, Any], scope: AccountsScope) -> dict[str, Any]:
        """List erasures, the oldest first; keep them beside your backups."""
        page = actions.find_erasures(
            scope,
            is_complete=query["complete"],
            after=begins_after(query["cursor"]) if query["cursor"] else None,
            limit=query["limit"],
        )
        return {
            "items": [_shown(erasure) for erasure in page.erasures],
            "total": page.total,
            "next_cursor": cursor_of(*page.end) if page.end else None,
        }

    @bp.get("/erasures/<id:user_id>")
    @bp.needs("accounts.users:delete")
    @bp.answers(ErasureSchema, refuses=[NotFound])
    def get_erasure(user_id: str, scope: AccountsScope) -> dict[str, Any]:
        """Read which services have erased a deleted user, and since when."""
        return _shown(actions.find_erasure(user_id, scope))

    return bp


def _shown(erasure: Erasure) -> dict[str, Any]:
    return {
        "user_id": erasure.user_id,
        "deleted_at": erasure.deleted_at,
        "is_complete": erasure.is_complete,
        "completed_at": erasure.completed_at,
        "services": [
            {"service": name, "erased_at": erasure.erased_at.get(name)} for name in SERVICES
        ],
    }


def cursor_of(at: datetime, id_: str) -> str:
    """Where a page ends."""
    return Position(at.isoformat(), id_).to_cursor()


def begins_after(cursor: str) -> tuple[datetime, str]:
    """What `cursor_of` made a cursor of.

    Raises:
        CursorInvalid.
    """
    position = Position.from_cursor(cursor)
    try:
        at = datetime.fromisoformat(position.sort)
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise CursorInvalid from error
    return at, position.id
