"""``/v1/contracts``, ``/v1/skills``, ``/v1/activities``, ``/v1/planning-units`` (R80).

One set of routes for the four; a `Catalogue` says what tells one from another.
"""

from __future__ import annotations

from typing import Any

from staffroll.errors import NotFound
from staffroll.idempotency import DeletedMeanwhile, IdempotencyKeyReused, Once
from staffroll.scope import Scope
from staffroll.web.lists import CursorInvalid, PageQuerySchema, Position, page_of
from staffroll.web.resource import Resource, stands_at
from staffroll_scheduling.actions import catalogue as actions
from staffroll_scheduling.api.catalogue_forms import CATALOGUES, Catalogue
from staffroll_scheduling.domain.catalogue import Entry
from staffroll_scheduling.domain.errors import InUse, NameTaken
from staffroll_scheduling.store import Store


def catalogue(made: Catalogue) -> Resource:
    """The routes of one catalogue: list, create, read, change, delete."""
    bp = Resource(made.path, __name__, description=f"The organisation's {made.many}.")
    one = f"/{made.path}/<id:{made.kind}_id>"

    def named(values: dict[str, str]) -> str:
        return values[f"{made.kind}_id"]

    @bp.get(f"/{made.path}")
    @bp.needs("scheduling.catalogue:read")
    @bp.asks(PageQuerySchema)
    @bp.answers(page_of(made.shown), refuses=[CursorInvalid])
    def list_entries(query: dict[str, Any], scope: Scope[Store]) -> dict[str, Any]:
        """List them by name."""
        after = Position.from_cursor(query["cursor"]) if query["cursor"] else None
        page = actions.find_page(
            made.kind,
            scope,
            after=(after.sort, after.id) if after else None,
            limit=query["limit"],
        )
        return {
            "items": page.entries,
            "total": page.total,
            "next_cursor": Position(*page.end).to_cursor() if page.end else None,
        }

    @bp.post(f"/{made.path}")
    @bp.needs("scheduling.catalogue:edit")
    @bp.once_only()
    @bp.accepts(made.new)
    @bp.answers(
        made.shown,
        201,
        refuses=[NameTaken, IdempotencyKeyReused, DeletedMeanwhile, *made.refuses],
        with_etag=True,
    )
    def create_entry(body: dict[str, Any], scope: Scope[Store], once: Once | None) -> Entry:
        """Create one; its name is unique, whatever the case."""
        entry = actions.create(made.kind, body, scope, once)
        stands_at("get_entry", **{f"{made.kind}_id": entry.id})
        return entry

    @bp.get(one)
    @bp.needs("scheduling.catalogue:read")
    @bp.answers(made.shown, refuses=[NotFound], with_etag=True)
    def get_entry(scope: Scope[Store], **values: str) -> Entry:
        """Read one."""
        return actions.get(made.kind, named(values), scope)

    @bp.patch(one)
    @bp.needs("scheduling.catalogue:edit")
    @bp.expects_version()
    @bp.accepts(made.changes)
    @bp.answers(made.shown, refuses=[NotFound, NameTaken, *made.refuses], with_etag=True)
    def edit_entry(
        body: dict[str, Any], scope: Scope[Store], expected: int | None, **values: str
    ) -> Entry:
        """Change one."""
        return actions.edit(made.kind, named(values), body, scope, expected=expected)

    @bp.delete(one)
    @bp.needs("scheduling.catalogue:edit")
    @bp.expects_version()
    @bp.answers(None, 204, refuses=[NotFound, InUse])
    def delete_entry(scope: Scope[Store], expected: int | None, **values: str) -> None:
        """Delete one that nobody has now or later; what is over keeps showing its name."""
        actions.delete(made.kind, named(values), scope, expected=expected)

    return bp


def catalogues() -> list[Resource]:
    """The routes of all catalogues."""
    return [catalogue(made) for made in CATALOGUES]
