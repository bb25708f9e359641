"""The user list as CSV with separator, encoding and columns of the organisation's choice."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from io import BufferedIOBase
from typing import Any, Final

from marshmallow import Schema, fields, validate

from staffroll.plugins import ExportFormat, Row, hookimpl

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
_DEFAULT: Final = (("last_name", "Last name"), ("first_name", "First name"), ("email", "Email"))


class ColumnSchema(Schema):
    """One column."""

    field = fields.String(required=True, validate=validate.OneOf(Row._fields))
    title = fields.String(required=True, validate=validate.Length(1, 100))


class Settings(Schema):
    """The form of the file."""

    delimiter = fields.String(
        load_default=";",
        validate=validate.OneOf(
            [",", ";", "\t", "|"], labels=["comma ,", "semicolon ;", "tab", "bar |"]
        ),
        metadata={"title": "Separator"},
    )
    encoding = fields.String(
        load_default="utf-8-sig",
        validate=validate.OneOf(
            ["utf-8", "utf-8-sig", "utf-16", "windows-1252"],
            labels=["UTF-8", "UTF-8 with a mark, for Excel", "UTF-16", "Windows-1252"],
        ),
        metadata={
            "title": "Encoding",
            "description": "In windows-1252, what it cannot hold becomes a question mark.",
        },
    )
    columns = fields.List(
        fields.Nested(ColumnSchema),
        validate=validate.Length(min=1),
        load_default=lambda: [{"field": name, "title": title} for name, title in _DEFAULT],
        metadata={"title": "Columns", "description": "Fields in order, each with its title."},
    )


@hookimpl
def settings_schema() -> type[Schema]:
    return Settings


@hookimpl
def export_formats() -> list[ExportFormat]:
    return [
        ExportFormat(
            name="csv-custom",
            title="CSV, as your organisation has set it",
            media_type="text/csv",
            extension="csv",
            write=write,
        )
    ]


def write(rows: Iterator[Row], out: BufferedIOBase, settings: Any) -> None:
    encoded = codecs.getwriter(settings["encoding"])(out, "replace")
    writer = csv.writer(encoded, delimiter=settings["delimiter"], lineterminator="\r\n")
    columns = settings["columns"]
    writer.writerow([_safe(column["title"]) for column in columns])
    for row in rows:
        writer.writerow([_cell(getattr(row, column["field"])) for column in columns])


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(value)
    return _safe(str(value))


def _safe(text: str) -> str:
    """Not run as a formula where the file is opened (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULAS) else text
