"""``/v1/imports``: users from a CSV file (R95)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Any, Final

from flask import Response
from marshmallow import Schema, fields, validate

from staffroll.errors import NotFound
from staffroll.idempotency import IdempotencyKeyReused, Once
from staffroll.jobs import Job
from staffroll.web import sharing
from staffroll.web.jobs import JobResultSchema, JobSchema, jobs_page, result_query, results_page
from staffroll.web.lists import CursorInvalid, PageQuerySchema, page_of
from staffroll.web.resource import Resource, View, stands_at
from staffroll_accounts.actions import AccountsScope, import_checks
from staffroll_accounts.actions import imports as actions
from staffroll_accounts.domain.imports import (
    FILE_MAX_BYTES,
    KIND,
    OUTCOMES,
    NoRows,
    TooManyImports,
    TooManyRows,
)
from staffroll_accounts.domain.tables import ColumnsWrong, FileUnreadable

MEDIA_TYPES: Final = ("text/csv",)

Sent = Callable[[], tuple[str, bytes]]


class ImportQuerySchema(Schema):
    """How a file is imported."""

    dry_run = fields.Boolean(
        load_default=False,
        truthy={"true", "1"},
        falsy={"false", "0"},
        metadata={"description": "Look at everything, create nobody."},
    )
    invite = fields.Boolean(
        load_default=False,
        truthy={"true", "1"},
        falsy={"false", "0"},
        metadata={"description": "Mail whoever is created a link to set their password."},
    )


class ImportSchema(JobSchema):
    """An import of users."""

    dry_run = fields.Boolean(required=True, attribute="request.dry_run")
    invite = fields.Boolean(required=True, attribute="request.invite")
    encoding = fields.String(
        required=True,
        attribute="request.encoding",
        metadata={"description": "That the file was read in."},
    )
    separator = fields.String(
        required=True,
        attribute="request.separator",
        metadata={"description": "Between the cells of the file."},
    )


class PreviewLineSchema(Schema):
    """How a line was read."""

    line = fields.Integer(required=True, attribute="number")
    values = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    problem = fields.String(required=True, allow_none=True)


class StartedImportSchema(ImportSchema):
    """An import that was just started, with a preview that is shown only once."""

    preview = fields.List(
        fields.Nested(PreviewLineSchema),
        required=True,
        metadata={"description": "The first lines, as they were read; kept nowhere."},
    )


class OutcomeQuerySchema(Schema):
    """Which lines."""

    outcome = fields.String(
        load_default=None,
        validate=validate.OneOf(OUTCOMES),
        metadata={"description": "Only those that ended so."},
    )


class ImportResultSchema(JobResultSchema):
    """What became of one line, or would; names nobody."""

    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    line = fields.Integer(required=True, metadata={"description": "Of the file, from 1."})
    user_id = fields.UUID(metadata={"description": "Who was created, or was there already."})
    code = fields.String(metadata={"description": "Why it was refused."})
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "Codes of what is wrong, by field."},
    )
    first_line = fields.Integer(
        metadata={"description": "Of an address that stands twice in the file: where it was first."}
    )


def imports() -> Resource:
    """The routes of ``/v1/imports``."""
    bp = Resource("imports", __name__, description="Users from CSV files.")

    @bp.post("/imports")
    @bp.needs("accounts.imports:edit")
    @bp.takes_file(MEDIA_TYPES, FILE_MAX_BYTES)
    @bp.once_only()
    @bp.asks(ImportQuerySchema)
    @bp.answers(
        StartedImportSchema,
        202,
        refuses=[
            FileUnreadable,
            ColumnsWrong,
            NoRows,
            TooManyRows,
            TooManyImports,
            IdempotencyKeyReused,
        ],
    )
    def start_import(
        query: dict[str, Any], scope: AccountsScope, sent: Sent, once: Once | None
    ) -> dict[str, Any]:
        """Import users from a CSV file of at most 20 MiB and 200,000 rows.

        The first line names the columns, in any order: `Last name`, `First name`, `Email`, and
        if you like `Language`, `Time zone` and `Roles` (names, separated by `;` or `|`).
        Separated by comma, semicolon or tab; in UTF-8, UTF-16 or Windows-1252. Somebody whose
        e-mail address and names are there already stays as they are, so that a file can be
        sent again.
        """
        _, data = sent()
        if once is not None:
            asked = f"{once.fingerprint}:{query['dry_run']}:{query['invite']}"
            once = replace(once, fingerprint=asked)
        started = actions.start(actions.Upload(data, **query), scope, once)
        stands_at("get_import", job_id=started.job.id)
        return {**_fields(started.job), "preview": started.preview}

    @bp.get("/imports")
    @bp.needs("accounts.imports:edit")
    @bp.asks(PageQuerySchema)
    @bp.answers(page_of(ImportSchema), refuses=[CursorInvalid])
    def list_imports(query: dict[str, Any], scope: AccountsScope) -> dict[str, Any]:
        """List imports of the last days, the newest first."""
        return jobs_page(scope.store.jobs, KIND, query)

    @bp.get("/imports/<id:job_id>")
    @bp.needs("accounts.imports:edit")
    @bp.answers(ImportSchema, refuses=[NotFound])
    def get_import(job_id: str, scope: AccountsScope) -> Job:
        """See how far an import is."""
        return scope.store.jobs.get(job_id, KIND)

    @bp.get("/imports/<id:job_id>/results")
    @bp.needs("accounts.imports:edit")
    @bp.asks(result_query(OUTCOMES))
    @bp.answers(page_of(ImportResultSchema), refuses=[NotFound, CursorInvalid])
    def list_import_results(
        query: dict[str, Any], job_id: str, scope: AccountsScope
    ) -> dict[str, Any]:
        """List what became of each line, in their order."""
        return results_page(scope.store.jobs, KIND, job_id, query)

    @bp.get("/imports/<id:job_id>/results.csv")
    @bp.needs("accounts.imports:edit")
    @bp.asks(OutcomeQuerySchema)
    @_answers_csv(bp)
    @bp.answers(None, refuses=[NotFound])
    def download_import_results(
        query: dict[str, Any], job_id: str, scope: AccountsScope
    ) -> Response:
        """Download what became of each line, as CSV."""
        results = actions.results(job_id, query["outcome"], scope)
        return sharing.until_sent(Response(_csv(results), mimetype="text/csv"))

    @bp.delete("/imports/<id:job_id>")
    @bp.needs("accounts.imports:edit")
    @bp.answers(ImportSchema, refuses=[NotFound])
    def cancel_import(job_id: str, scope: AccountsScope) -> Job:
        """Cancel an import; who was created stays."""
        return import_checks.cancel(job_id, scope)

    return bp


def _answers_csv(bp: Resource) -> Callable[[View], View]:
    documented: Callable[[View], View] = bp.alt_response(
        200, schema={"type": "string"}, content_type="text/csv", description="A line for each."
    )
    return documented


def _csv(results: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Numbers, codes and ids alone, none of which needs quotes."""
    yield "Line,Outcome,Code,Errors,User id\r\n"
    for one in results:
        found = sorted(one.get("errors", {}).items())
        errors = (f"{field}: {' '.join(codes)}" for field, codes in found)
        cells = one["outcome"], one.get("code", ""), "; ".join(errors), one.get("user_id", "")
        yield f"{one['line']},{','.join(cells)}\r\n"


def _fields(job: Job) -> dict[str, Any]:
    return {field.name: getattr(job, field.name) for field in fields_of(job)}
