"""``/v1/audit``: who did what to whom, when, from where; the same in every service (R9)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from flask import Response, request
from marshmallow import Schema, fields, validate

from staffroll.audit_chain import Line
from staffroll.mongo.audit_trail import AuditFilter, AuditTrail
from staffroll.scope import Scope
from staffroll.web import sharing
from staffroll.web.fields import Instant
from staffroll.web.lists import CursorInvalid, Page, PageQuerySchema, Position, page_of
from staffroll.web.resource import Resource

JSON_LINES: Final = "application/x-ndjson"
_NAME_MAX_CHARACTERS: Final = 100
_CURSOR_MAX_DIGITS: Final = 15


class HasAudit(Protocol):
    """The part of a store that this needs."""

    @property
    def audit(self) -> AuditTrail: ...


class AuditLineSchema(Schema):
    """One line of the trail."""

    id = fields.UUID(required=True)
    n = fields.Integer(required=True, metadata={"description": "Counts the lines, without gaps."})
    at = Instant(required=True)
    action = fields.String(required=True, metadata={"example": "user.updated"})
    actor = fields.String(
        required=True, metadata={"description": "A user's id, or `system:<name>`."}
    )
    subject = fields.String(required=True, metadata={"description": "To what it was done."})
    changed = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Names of changed fields, never their values."},
    )
    address = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Where the actor came from; null where unknown or erased."},
    )
    correlation_id = fields.String(
        required=True, allow_none=True, metadata={"description": "The request that did it."}
    )
    hash = fields.String(
        required=True, metadata={"description": "Covers this line and all before it."}
    )


def _named(description: str) -> fields.String:
    return fields.String(
        load_default=None,
        validate=validate.Regexp(rf"^[A-Za-z0-9._:-]{{1,{_NAME_MAX_CHARACTERS}}}\Z"),
        metadata={"description": description},
    )


class AuditQuerySchema(PageQuerySchema):
    """Which lines; all conditions must hold."""

    subject = _named("Only what was done to this user, role or tenant (an id).")
    actor = _named("Only what this user did (an id, or `system:<name>`).")
    action = _named("Only this, such as `user.updated`.")
    since = Instant(
        load_default=None, data_key="from", metadata={"description": "Not before this moment."}
    )
    until = Instant(
        load_default=None, data_key="to", metadata={"description": "Before this moment."}
    )
    format = fields.String(
        load_default=None,
        validate=validate.OneOf(["json", "jsonl"]),
        metadata={
            "description": "`jsonl`: all lines, each a JSON object, in a stream; as does "
            f"`Accept: {JSON_LINES}`."
        },
    )


def audit(service: str) -> Resource:
    """The routes of ``/v1/audit`` in `service`."""
    bp = Resource("audit", __name__, description="Who did what to whom, when, from where.")

    @bp.get("/audit")
    @bp.needs(f"{service}.audit:read")
    @bp.asks(AuditQuerySchema)
    @_answers_lines(bp)
    @bp.answers(page_of(AuditLineSchema), refuses=[CursorInvalid])
    def list_audit(query: dict[str, Any], scope: Scope[HasAudit]) -> dict[str, Any] | Response:
        """List what was done, the newest first, or stream it as JSON lines."""
        trail = scope.store.audit
        names = ("subject", "actor", "action", "since", "until")
        wanted = AuditFilter(**{name: query[name] for name in names})
        if _wants_lines(query["format"]):
            before = _number(query["cursor"]) if query["cursor"] else None
            return json_lines(trail.find(wanted, before=before))
        found = find_page(trail, wanted, cursor=query["cursor"], limit=query["limit"])
        return {
            "items": [_shown(line) for line in found.items],
            "total": found.total,
            "next_cursor": found.next_cursor,
        }

    return bp


def find_page(
    trail: AuditTrail, wanted: AuditFilter, *, cursor: str | None, limit: int
) -> Page[Line]:
    """A page of the trail, the newest line first.

    Raises:
        CursorInvalid.
    """
    before = _number(cursor) if cursor else None
    found = list(trail.find(wanted, before=before, limit=limit + 1))
    shown = found[:limit]
    has_more = len(found) > len(shown)
    return Page(
        items=shown,
        total=trail.count(wanted),
        next_cursor=Position(str(shown[-1]["n"]), "").to_cursor() if has_more else None,
    )


def json_lines(found: Iterator[Line]) -> Response:
    """The lines in a stream, each a JSON object."""
    return sharing.until_sent(Response(_lines(found), mimetype=JSON_LINES))


def address_of(line: Line) -> str | None:
    """Where the actor came from; None where unknown or erased."""
    value: str | None = line.get("personal", {}).get("address", {}).get("value")
    return value


def _answers_lines(bp: Resource) -> Callable[[Any], Any]:
    documented: Callable[[Any], Any] = bp.alt_response(
        200,
        schema={"type": "string"},
        content_type=JSON_LINES,
        description="A page, or the lines in a stream.",
    )
    return documented


def _wants_lines(asked: str | None) -> bool:
    if asked is not None:
        return asked == "jsonl"
    best = request.accept_mimetypes.best_match(["application/json", JSON_LINES])
    return best == JSON_LINES


def _number(cursor: str) -> int:
    text = Position.from_cursor(cursor).sort
    if not (text.isascii() and text.isdigit() and len(text) <= _CURSOR_MAX_DIGITS):
        raise CursorInvalid
    return int(text)


def _shown(line: Line) -> dict[str, Any]:
    return {**line, "id": line["_id"], "address": address_of(line)}


def _lines(found: Iterator[Line]) -> Iterator[str]:
    schema = AuditLineSchema()
    for line in found:
        shown = schema.dump(_shown(line))
        yield json.dumps(shown, ensure_ascii=False, separators=(",", ":")) + "\n"
