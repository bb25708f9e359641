"""The routes of records that follow accounts; what a place adds has routes of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from flask import Response

from staffroll.errors import (
    ConfirmationNeeded,
    Conflict,
    Forbidden,
    NotFound,
    OutboxFull,
    Refused,
    StaffrollError,
    Stale,
)
from staffroll.followed import ChangeUnderWay, NotConfirmed, NotRejected
from staffroll.following.actions import Actions, Answer
from staffroll.giving import RoleNotYours, RoleUnknown
from staffroll.idempotency import IdempotencyKeyReused, Once
from staffroll.mongo.lists import Facet
from staffroll.mongo.records import FollowingStore
from staffroll.records import NewHuman, Record
from staffroll.scope import Scope, StepUpNeeded
from staffroll.search import TooManyTerms, parse_terms
from staffroll.web import guard
from staffroll.web.confirming import ConfirmQuerySchema, confirmation_needed
from staffroll.web.followed import (
    BeingDeletedSchema,
    NewRecordSchema,
    RecordChangesSchema,
    RecordQuerySchema,
    RecordSchema,
)
from staffroll.web.lists import CursorInvalid, Position, page_of
from staffroll.web.problems import passed_on
from staffroll.web.resource import Resource, stands_at, under_way

AnyScope = Scope[FollowingStore[Any]]

DELETE: Final = "accounts.users:delete"
"""What deleting needs, wherever it begins (R63)."""

_STALE: Final = ("changed_meanwhile", "stale")
"""With these codes accounts says that somebody else was quicker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRoutes:
    """What tells one place's routes from another's.

    Attributes:
        name: The path, such as ``employees``.
        permission: Without ``:read`` and ``:edit``.
        conflicts: What may be taken among the place's own fields.
        query: What its list is asked for.
        facets: What of such a query narrows the list besides state and search.
        lost: How many of what the place has of a human are gone with them, by what it is.
        lost_as_of: As of when these are counted, where not as of now.
        shows: What of a record whoever asks may see, for `shown` to dump.
    """

    name: str
    description: str
    permission: str
    shown: type[RecordSchema]
    new: type[NewRecordSchema]
    changes: type[RecordChangesSchema]
    conflicts: Sequence[type[StaffrollError]] = ()
    query: type[RecordQuerySchema] = RecordQuerySchema
    facets: Callable[[Mapping[str, Any]], Sequence[Facet]] = lambda _: ()
    lost: Callable[[Record[Any]], Mapping[str, int]] = lambda _: {}
    lost_as_of: Callable[[Record[Any]], Mapping[str, datetime | None]] = lambda _: {}
    shows: Callable[[Record[Any], AnyScope], Record[Any]] = lambda record, _: record


def record_routes(made: RecordRoutes, actions: Actions[Any]) -> Resource:
    """List, create, read, change, delete and discard."""
    bp = Resource(made.name, __name__, description=made.description)
    one = f"/{made.name}/<id:record_id>"

    def answered(answer: Answer[Any], scope: AnyScope) -> Record[Any] | Response:
        refused = _refused(answer)
        return made.shows(answer.record, scope) if refused is None else refused

    @bp.get(f"/{made.name}")
    @bp.needs(f"{made.permission}:read")
    @bp.asks(made.query)
    @bp.answers(page_of(made.shown), refuses=[TooManyTerms, CursorInvalid])
    def list_records(query: dict[str, Any], scope: AnyScope) -> dict[str, Any]:
        """List by last name, first name, id; those that accounts refused are among them."""
        after = Position.from_cursor(query["cursor"]) if query["cursor"] else None
        page = actions.find_page(
            scope,
            state=query["state"],
            terms=parse_terms(query["q"]),
            facets=made.facets(query),
            after=(after.sort, after.id) if after else None,
            limit=query["limit"],
        )
        return {
            "items": [made.shows(record, scope) for record in page.records],
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
        return answered(actions.wait(answer, scope, wait_seconds), scope)

    @bp.get(one)
    @bp.needs(f"{made.permission}:read")
    @bp.answers(made.shown, refuses=[NotFound], with_etag=True)
    def get_record(record_id: str, scope: AnyScope) -> Record[Any]:
        """Read one."""
        return made.shows(actions.get(record_id, scope), scope)

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
        return answered(actions.wait(answer, scope, wait_seconds), scope)

    @bp.delete(one)
    @bp.needs(DELETE, instead=f"{made.permission}:edit")
    @bp.expects_version()
    @bp.may_wait()
    @bp.asks(ConfirmQuerySchema)
    @_or_nothing(bp)
    @bp.answers(
        BeingDeletedSchema,
        HTTPStatus.ACCEPTED,
        refuses=[NotFound, NotConfirmed, ConfirmationNeeded, Refused, StepUpNeeded, OutboxFull],
        with_etag=True,
    )
    def delete_record(
        query: dict[str, Any],
        record_id: str,
        scope: AnyScope,
        expected: int | None,
        wait_seconds: int,
    ) -> Record[Any] | Response:
        """Delete the user and all their data, everywhere and for ever; or discard one that
        accounts refused to make.

        Deleting needs `accounts.users:delete`, the password or code once more, and the id again
        as `confirm`; without that the answer, 428, says what would be lost. Accounts decides:
        202, and `deletion` shows what becomes of it; with `Prefer: wait=N` 204 as soon as it is
        done, or 422 with what accounts objects to. Discarding needs the permission to edit.
        """
        record = actions.get(record_id, scope)
        if record.followed.state == "rejected":
            # Not where they may delete: where they may edit.
            editing = guard.current().scope(f"{made.permission}:edit")
            actions.discard(record_id, editing, expected=expected)
            return _nothing()
        if record.followed.state != "confirmed":
            raise NotConfirmed
        _check_may(DELETE, scope)
        scope.check_fresh()
        if query["confirm"] != record_id:
            if expected not in (None, record.version):
                raise Stale
            lost = {"roles": len(record.followed.user.roles), **made.lost(record)}
            as_of = made.lost_as_of(record)
            return confirmation_needed(record_id, record.followed.user.name, lost, as_of)
        return _deleted(
            actions, actions.delete(record_id, scope, expected=expected), scope, wait_seconds
        )

    @bp.delete(f"{one}/deletion")
    @bp.needs(DELETE)
    @bp.expects_version()
    @bp.answers(None, 204, refuses=[NotFound, NotRejected])
    def dismiss_deletion(record_id: str, scope: AnyScope, expected: int | None) -> None:
        """Dismiss a deletion that accounts refused; the record stays as it is."""
        actions.dismiss_deletion(record_id, scope, expected=expected)

    return bp


def _check_may(permission: str, scope: AnyScope) -> None:
    if not scope.actor.may(permission):
        raise Forbidden(permission=permission)


def _or_nothing(bp: Resource) -> Callable[[Any], Any]:
    documented: Callable[[Any], Any] = bp.alt_response(
        HTTPStatus.NO_CONTENT, description="Deleted, or discarded."
    )
    return documented


def _nothing() -> Response:
    return Response(status=HTTPStatus.NO_CONTENT)


def _deleted(
    actions: Actions[Any], answer: Answer[Any], scope: AnyScope, wait_seconds: int
) -> Record[Any] | Response:
    """What to say of a wish to delete: done, refused (with accounts' reason), or under way."""
    try:
        answer = actions.wait(answer, scope, wait_seconds)
    except NotFound:
        return _nothing()
    refusal = answer.refusal
    if refusal is not None:
        return passed_on(Refused, str(refusal.code), str(refusal.detail), refusal.errors or {})
    return answer.record


def _refused(answer: Answer[Any]) -> Response | None:
    """What to say of a wish that accounts refused, with its reason; None: of any other."""
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
    return None
