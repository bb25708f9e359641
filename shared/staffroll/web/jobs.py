"""Jobs over HTTP: the same form, list, results and cancelling wherever something takes longer.

::

    @bp.get("/imports/<id:job_id>/results")
    @bp.needs("accounts.imports:edit")
    @bp.asks(result_query(["created", "unchanged", "refused"]))
    @bp.answers(page_of(ImportResultSchema), refuses=[NotFound, CursorInvalid])
    def list_results(query, job_id, scope):
        return results_page(scope.store.jobs, IMPORT, job_id, query)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from marshmallow import Schema, fields, validate

from staffroll.ids import UUID_PATTERN
from staffroll.jobs import Job, Jobs
from staffroll.jobs.job import STATES
from staffroll.web.fields import Instant
from staffroll.web.lists import CursorInvalid, PageQuerySchema, Position

_CURSOR_MAX_DIGITS: Final = 15


class JobFailureSchema(Schema):
    """Why a job failed."""

    code = fields.String(required=True, metadata={"description": "Stable; for programs."})
    detail = fields.String(required=True, metadata={"description": "For people."})


class JobSchema(Schema):
    """Work that takes longer than a request."""

    id = fields.UUID(required=True)
    state = fields.String(
        required=True,
        validate=validate.OneOf(STATES),
        metadata={"description": "`done`, `failed` and `cancelled` are final."},
    )
    is_cancelling = fields.Boolean(
        required=True, metadata={"description": "It will be cancelled before its next step."}
    )
    created_by = fields.String(required=True)
    created_at = Instant(required=True)
    started_at = Instant(required=True, allow_none=True)
    ended_at = Instant(required=True, allow_none=True)
    total = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Items; null while unknown."}
    )
    done = fields.Integer(
        required=True, metadata={"description": "Items dealt with so far, refused ones included."}
    )
    failed = fields.Integer(required=True, metadata={"description": "Those that were refused."})
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Items by what became of them."},
    )
    failure = fields.Nested(
        JobFailureSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Why all of it failed; null in every other state."},
    )
    file_erased_at = Instant(
        required=True, allow_none=True, metadata={"description": "Since when its file is gone."}
    )


class JobResultSchema(Schema):
    """What became of one item."""

    n = fields.Integer(required=True, metadata={"description": "Counts the results from 1."})
    outcome = fields.String(required=True)


def result_query(outcomes: Sequence[str]) -> type[PageQuerySchema]:
    """The query of a page of results that end in one of `outcomes`."""
    outcome = fields.String(
        load_default=None,
        validate=validate.OneOf(outcomes),
        metadata={"description": "Only those that ended so."},
    )
    return type("JobResultQuerySchema", (PageQuerySchema,), {"outcome": outcome})


def jobs_page(
    jobs: Jobs, kind: str, query: dict[str, Any], *, created_by: str | None = None
) -> dict[str, Any]:
    """A page of jobs, the newest first, to be dumped by `page_of(JobSchema)`.

    Args:
        created_by: Only those of this actor.
    Raises:
        CursorInvalid.
    """
    after = Position.from_cursor(query["cursor"]).id if query["cursor"] else None
    if after is not None and not UUID_PATTERN.match(after):
        raise CursorInvalid
    found, total, end = jobs.page(kind, after=after, limit=query["limit"], created_by=created_by)
    return {"items": found, "total": total, "next_cursor": _cursor("", end)}


def results_page(jobs: Jobs, kind: str, job_id: str, query: dict[str, Any]) -> dict[str, Any]:
    """A page of a job's results, in order, to be dumped by `page_of(...)` of their schema.

    Raises:
        NotFound, CursorInvalid.
    """
    job: Job = jobs.get(job_id, kind)
    after = _number(query["cursor"]) if query["cursor"] else 0
    outcome = query["outcome"]
    found = jobs.results(job_id, after=after, limit=query["limit"], outcome=outcome)
    return {
        "items": found.items,
        "total": job.results if outcome is None else job.counts.get(outcome, 0),
        "next_cursor": _cursor(found.end, ""),
    }


def _cursor(sort: object, id_: str | None) -> str | None:
    return None if None in (sort, id_) else Position(str(sort), str(id_)).to_cursor()


def _number(cursor: str) -> int:
    text = Position.from_cursor(cursor).sort
    if not (text.isascii() and text.isdigit() and len(text) <= _CURSOR_MAX_DIGITS):
        raise CursorInvalid
    return int(text)
