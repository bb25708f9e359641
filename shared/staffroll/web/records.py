"""The routes of records that follow accounts; what a place adds has routes of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Response

from staffroll.errors import Conflict, NotFound, OutboxFull, Stale
from staffroll.followed import ChangeUnderWay, NotConfirmed, NotRejected
from staffroll.following.actions import Actions, Answer
from staffroll.giving import RoleNotYours, RoleUnknown
from staffroll.idempotency import IdempotencyKeyReused, Once
from staffroll.mongo.records import FollowingStore
from staffroll.records import NewHuman, Record
from staffroll.scope import Scope
from staffroll.search import TooManyTerms, parse_terms
from staffroll.web.followed import (
    NewRecordSchema,
    RecordChangesSchema,
    RecordQuerySchema,
    RecordSchema,
)
from staffroll.web.lists import CursorInvalid, Position, page_of
from staffroll.web.problems import passed_on
from staffroll.web.resource import Resource, stands_at, under_way

AnyScope = Scope[FollowingStore[Any]]

_STALE: Final = ("changed_meanwhile", "stale")
"""With these codes accounts says that somebody else was quicker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRoutes:
    """What tells one place's routes from another's.

    Attributes:
        name: The path, such as ``employees``.
        permission: Without ``:read`` and ``:edit``.
        conflicts: What may be taken among the place's own fields.
    """

    name: str
    description: str
    permission: str
    shown: type[RecordSchema]
    new: type[NewRecordSchema]
    changes: type[RecordChangesSchema]
    conflicts: Sequence[type[Conflict]] = ()


def record_routes(made: RecordRoutes, actions: Actions[Any]) -> Resource:
    """List, create, read, change and discard."""
    bp = Resource(made.name, __name__, description=made.description)
    one = f"/{made.name}/<id:record_id>"

    @bp.get(f"/{made.name}")
    @bp.needs(f"{made.permission}:read")
    @bp.asks(RecordQuerySchema)
    @bp.answers(page_of(made.shown), refuses=[TooManyTerms, CursorInvalid])
    def list_records(query: dict[str, Any], scope: AnyScope) -> dict[str, Any]:
        """List by last name, first name, id; those that accounts refused are among them."""
        after = Position.from_cursor(query["cursor"]) if query["cursor"] else None
        page = actions.find_page(
            scope,
            state=query["state"],
            terms=parse_terms(query["q"]),
            after=(after.sort, after.id) if after else None,
            limit=query["limit"],
        )
        return {
            "items": page.records,
            "total": page.total,
            "next_cursor": Position(*page.end).to_cursor() if page.end else None,
        }

    @bp.post(f"/{made.name}")
    @bp.needs(f"{made.permission}:edit")
    @bp.once_only()
    @bp.may_wait()
    @bp.accepts(made.new)
    @bp.answers(
        made.shown,
        201,
        refuses=[
            *(Conflict, RoleUnknown, RoleNotYours, IdempotencyKeyReused, OutboxFull),
            *made.conflicts,
        ],
        with_etag=True,
        or_later=True,
    )
    def create_record(
        body: tuple[NewHuman, dict[str, Any]],
        scope: AnyScope,
        once: Once | None,
        wait_seconds: int,
    ) -> Record[Any] | Response:
        """Create, here at once and in the other places as soon as accounts confirms.

        Until then the state is `pending` and the answer 202; with `Prefer: wait=N` accounts'
        answer is waited for: 201, or 409 with what accounts objects to and the `id` of what
        can be corrected and sent again.
        """
        answer = actions.create(*body, scope, once)
        stands_at("get_record", record_id=answer.record.id)
        return _answered(actions.wait(answer, scope, wait_seconds))

    @bp.get(one)
    @bp.needs(f"{made.permission}:read")
    @bp.answers(made.shown, refuses=[NotFound], with_etag=True)
    def get_record(record_id: str, scope: AnyScope) -> Record[Any]:
        """Read one."""
        return actions.get(record_id, scope)

    @bp.patch(one)
    @bp.needs(f"{made.permission}:edit")
    @bp.expects_version()
    @bp.may_wait()
    @bp.accepts(made.changes)
    @bp.answers(
        made.shown,
        refuses=[NotFound, NotConfirmed, ChangeUnderWay, Conflict, OutboxFull, *made.conflicts],
        with_etag=True,
        or_later=True,
    )
    def edit_record(
        changes: tuple[dict[str, str], dict[str, Any]],
        record_id: str,
        scope: AnyScope,
        expected: int | None,
        wait_seconds: int,
    ) -> Record[Any] | Response:
        """Change one; of what was refused, correct it and send it again.

        Names, e-mail, language and time zone are changed by accounts: the answer is 202, and
        `change` shows what becomes of it; `Prefer: wait=N` waits for that. All other fields are
        changed here at once, and stay changed also where accounts refuses its part.
        """
        answer = actions.edit(record_id, *changes, scope, expected=expected)
        return _answered(actions.wait(answer, scope, wait_seconds))

    @bp.delete(one)
    @bp.needs(f"{made.permission}:edit")
    @bp.expects_version()
    @bp.answers(None, 204, refuses=[NotFound, NotRejected])
    def discard_record(record_id: str, scope: AnyScope, expected: int | None) -> None:
        """Discard one that accounts refused."""
        actions.discard(record_id, scope, expected=expected)

    return bp


def _answered(answer: Answer[Any]) -> Record[Any] | Response:
    """What to say of a wish: granted, refused (with accounts' reason), or under way."""
    refusal = answer.refusal
    if refusal is not None:
        return passed_on(
            Stale if refusal.code in _STALE else Conflict,
            str(refusal.code),
            str(refusal.detail),
            refusal.errors or {},
            id=answer.record.id,
        )
    if answer.is_under_way:
        under_way()
    return answer.record
