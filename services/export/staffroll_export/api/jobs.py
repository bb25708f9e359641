"""``/v1/exports``: large exports as jobs, with progress, downloaded in parts (R91, R92)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Final

from flask import Response, request
from marshmallow import ValidationError, fields, validates
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from staffroll.errors import NotFound, Unavailable
from staffroll.humans import characters_problem
from staffroll.idempotency import IdempotencyKeyReused, Once
from staffroll.jobs import FileGone, Job
from staffroll.search import TooManyTerms
from staffroll.web.fields import Instant
from staffroll.web.jobs import JobSchema, jobs_page
from staffroll.web.lists import CursorInvalid, PageQuerySchema, page_of
from staffroll.web.resource import Resource, View, stands_at
from staffroll_export.actions import ExportScope
from staffroll_export.actions import jobs as actions
from staffroll_export.actions.exports import Waits
from staffroll_export.actions.making import EXPORT
from staffroll_export.api.exports import WantedSchema
from staffroll_export.domain.errors import (
    CatchingUp,
    FormatMisconfigured,
    FormatMissing,
    FormatUnknown,
    NotMadeYet,
    TooManyDownloads,
    TooManyExports,
)
from staffroll_export.domain.formats import CSV
from staffroll_export.domain.wanted import Wanted
from staffroll_export.streaming import Downloads

_ONE: Final = "/exports/<id:export_id>"
_PARTIAL_CONTENT: Final = 206
_UNSATISFIABLE: Final = 416

_TYPED_SPACES: Final = str.maketrans("\t\r\n", "   ")

_HEADERS: Final = {
    "Accept-Ranges": {"description": "`bytes`", "schema": {"type": "string"}},
    "Content-Disposition": {"description": "The file's name.", "schema": {"type": "string"}},
    "ETag": {"description": "Names these very bytes.", "schema": {"type": "string"}},
}


def _asked(name: str, **kwargs: Any) -> fields.String:
    return fields.String(attribute=f"request.{name}", required=True, **kwargs)


def _made(field: type[fields.Field[Any]], name: str, description: str) -> fields.Field[Any]:
    return field(
        attribute=f"position.{name}",
        dump_default=None,
        allow_none=True,
        required=True,
        metadata={"description": description},
    )


class NewExportSchema(WantedSchema):
    """As `GET /v1/users/export` takes them; what is searched for is kept and shown."""

    @validates("q")
    def _check_characters(self, text: str, **_: object) -> None:
        problem = characters_problem(text.translate(_TYPED_SPACES))
        if problem is not None:
            raise ValidationError([problem])


class ExportSchema(JobSchema):
    """An export that is made as a job; `total` and `done` count rows."""

    format = _asked("format")
    status = _asked("status")
    q = _asked(
        "q",
        dump_default=None,
        allow_none=True,
        metadata={"description": "Null once a user was deleted, who may have been searched for."},
    )
    role = fields.List(fields.String(), attribute="request.role", required=True)
    as_of = _made(
        Instant,
        "as_of",
        "When accounts told the newest news that the file contains, by the clock of accounts; "
        "null until it is begun. News told later is not in it.",
    )
    filename = _made(fields.String, "filename", "Null until it is begun.")
    size_bytes = _made(fields.Integer, "size_bytes", "Of what is written so far.")
    expires_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "When file and export are gone; null until it is over."},
    )


def export_jobs(downloads: Downloads, waits: Waits) -> Resource:
    """The routes of ``/v1/exports``.

    Args:
        waits: See `actions.exports.export_users`.
    """
    bp = Resource("export jobs", __name__, description="Large exports: made once, then kept.")

    @bp.get("/exports")
    @bp.needs("export.users:read")
    @bp.asks(PageQuerySchema)
    @bp.answers(page_of(ExportSchema), refuses=[CursorInvalid])
    def list_exports(query: dict[str, Any], scope: ExportScope) -> dict[str, Any]:
        """List one's own exports, the newest first."""
        return jobs_page(scope.store.jobs, EXPORT, query, created_by=scope.actor.id)

    @bp.post("/exports")
    @bp.needs("export.users:read")
    @bp.once_only()
    @bp.accepts(NewExportSchema)
    @bp.answers(
        ExportSchema,
        202,
        refuses=[
            *(TooManyTerms, FormatUnknown, FormatMissing, FormatMisconfigured),
            *(CatchingUp, TooManyExports, IdempotencyKeyReused, Unavailable),
        ],
    )
    def start_export(body: dict[str, Any], scope: ExportScope, once: Once | None) -> Job:
        """Have a file made: the same bytes as `GET /v1/users/export` gives."""
        job = actions.start(Wanted.of(body), scope, waits, once)
        stands_at("get_export", export_id=job.id)
        return job

    @bp.get(_ONE)
    @bp.needs("export.users:read")
    @bp.answers(ExportSchema, refuses=[NotFound])
    def get_export(export_id: str, scope: ExportScope) -> Job:
        """See how far it is; for who started it, and admins."""
        return actions.get(export_id, scope)

    @bp.delete(_ONE)
    @bp.needs("export.users:read")
    @bp.answers(None, 204, refuses=[NotFound])
    def give_up_export(export_id: str, scope: ExportScope) -> None:
        """Cancel it before its next piece; of one that is done, erase the file."""
        actions.give_up(export_id, scope)

    @bp.get(f"{_ONE}/file")
    @bp.needs("export.users:read")
    @_answers_file(bp)
    @bp.answers(None, refuses=[NotFound, NotMadeYet, FileGone, TooManyDownloads])
    def get_file(export_id: str, scope: ExportScope) -> Response:
        """Download the file, or the rest of it: `Range` and `If-Range` are honoured."""
        return _served(actions.made_file(export_id, scope), downloads)

    return bp


def _served(file: actions.MadeFile, downloads: Downloads) -> Response:
    """The file, or the one part of it that is asked for (RFC 9110, section 14)."""
    start, stop = _wanted_part(file)
    give_back = downloads.take_place()
    try:
        parts = _begun(file.read(start, stop)) if stop > start else iter(())
    except BaseException:
        give_back()
        raise
    response = Response(parts, content_type=file.content_type)
    response.call_on_close(give_back)
    response.content_length = stop - start
    response.set_etag(file.etag)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Disposition"] = f'attachment; filename="{file.filename}"'
    if stop - start < file.size_bytes:
        response.status_code = _PARTIAL_CONTENT
        response.content_range.set(start, stop, file.size_bytes)
    return response


def _wanted_part(file: actions.MadeFile) -> tuple[int, int]:
    asked = request.range
    same = f'"{file.etag}"'
    # Several parts at once may be ignored, and would need another form of answer.
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return 0, file.size_bytes
    if request.headers.get("If-Range", same).strip() != same:
        return 0, file.size_bytes
    part = asked.range_for_length(file.size_bytes)
    if part is None:
        raise RequestedRangeNotSatisfiable(length=file.size_bytes)
    return part


def _begun(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The same, so that a file which is gone is found out before anything is answered."""
    return chain([next(parts)], parts)


def _answers_file(bp: Resource) -> Callable[[View], View]:
    binary = {"type": "string", "format": "binary"}

    def decorate(view: View) -> View:
        described = (
            (200, "The whole file, in the media type of its format."),
            (_PARTIAL_CONTENT, "The part of it that was asked for."),
        )
        for status, description in described:
            view = bp.alt_response(
                status,
                schema=binary,
                content_type=CSV.media_type,
                description=description,
                headers=_HEADERS,
            )(view)
        documented: View = bp.alt_response(
            _UNSATISFIABLE, description="The file has no such part."
        )(view)
        return documented

    return decorate
