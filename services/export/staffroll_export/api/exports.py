"""``/v1/formats`` and ``/v1/users/export``: the user list as a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from flask import Response
from marshmallow import Schema, fields, validate

from staffroll.ids import UUID_PATTERN
from staffroll.plugins.errors import PluginFailed
from staffroll.plugins.facts import in_language
from staffroll.search import TooManyTerms
from staffroll.web.guard import asked_language
from staffroll.web.lists import SearchText
from staffroll.web.resource import Resource, View
from staffroll_export.actions import ExportScope
from staffroll_export.actions import exports as actions
from staffroll_export.domain.errors import (
    CatchingUp,
    FormatMisconfigured,
    FormatMissing,
    FormatUnknown,
    TooManyDownloads,
)
from staffroll_export.domain.formats import CSV
from staffroll_export.domain.wanted import Wanted
from staffroll_export.streaming import Downloads

AS_OF: Final = "X-Staffroll-As-Of"

_HEADERS: Final = {
    "Content-Disposition": {
        "description": "The file's name, with the date in the tenant's time zone.",
        "schema": {"type": "string"},
        "example": 'attachment; filename="users-acme-2026-11-24.csv"',
    },
    AS_OF: {
        "description": "When accounts told the newest news that the file contains, by the clock "
        "of accounts. News told later is on its way.",
        "schema": {"type": "string", "format": "date-time"},
    },
}


def _format(name: str, description: str) -> fields.String:
    return fields.String(
        attribute=f"format.{name}", required=True, metadata={"description": description}
    )


class FormatSchema(Schema):
    """A form in which the user list can be downloaded."""

    name = _format("name", "For `?format=`.")
    title = fields.Function(
        lambda choice: in_language(choice.format.title, asked_language()),
        required=True,
        metadata={
            "type": "string",
            "description": "For people, in the language of `Accept-Language`.",
        },
    )
    media_type = _format("media_type", "Of the file.")
    extension = _format("extension", "Of the file's name, without the dot.")
    plugin = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Whose it is; null for what is part of the product."},
    )


class FormatsSchema(Schema):
    """All formats that this tenant may choose from: `csv`, then those of its plugins."""

    items = fields.List(fields.Nested(FormatSchema), required=True)


class WantedSchema(Schema):
    """The parameters of the user list, without its pages; they combine with *and* (R13, R14)."""

    format = fields.String(
        load_default=CSV.name,
        validate=validate.Length(min=1, max=100),
        metadata={"description": "A name of `/v1/formats`."},
    )
    status = fields.String(
        load_default="billed",
        validate=validate.OneOf(["billed", "unbilled"]),
        metadata={"description": "`billed`: active users. `unbilled`: deactivated ones."},
    )
    q = SearchText(load_default="")
    role = fields.List(
        fields.String(validate=validate.Regexp(UUID_PATTERN)),
        load_default=list,
        validate=validate.Length(max=100),
        metadata={"description": "Repeatable: users with at least one of these roles."},
    )


def exports(downloads: Downloads, waits: Callable[[], str | None]) -> Resource:
    """The routes of exporting.

    Args:
        waits: See `actions.exports.export_users`.
    """
    bp = Resource("exports", __name__, description="User lists as files.")

    @bp.get("/formats")
    @bp.needs("export.users:read")
    @bp.answers(FormatsSchema)
    def list_formats(scope: ExportScope) -> dict[str, Any]:
        """List the formats."""
        return {"items": actions.formats(scope)}

    @bp.get("/users/export")
    @bp.needs("export.users:read")
    @bp.asks(WantedSchema)
    @_answers_file(bp)
    @bp.answers(
        None,
        refuses=[
            *(TooManyTerms, FormatUnknown, FormatMissing, FormatMisconfigured),
            *(CatchingUp, TooManyDownloads, PluginFailed),
        ],
    )
    def export_users(query: dict[str, Any], scope: ExportScope) -> Response:
        """Download the user list: the same rows in the same order as in accounts."""
        export = actions.export_users(Wanted.of(query), scope, downloads, waits)
        response = Response(export.download, content_type=export.content_type)
        response.headers["Content-Disposition"] = f'attachment; filename="{export.filename}"'
        if export.as_of is not None:
            response.headers[AS_OF] = _rfc3339(export.as_of)
        return response

    return bp


def _answers_file(bp: Resource) -> Callable[[View], View]:
    documented: Callable[[View], View] = bp.alt_response(
        200,
        schema={"type": "string", "format": "binary"},
        content_type=CSV.media_type,
        description="The file in the media type of its format, in chunks. One that ends without "
        "the last chunk is incomplete.",
        headers=_HEADERS,
    )
    return documented


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
