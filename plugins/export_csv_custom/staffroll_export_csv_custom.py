"""The user list as CSV with separator, encoding and columns of the organisation's choice."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping
from io import BufferedIOBase
from typing import Any, Final

from marshmallow import Schema, fields, validate

from staffroll.plugins import Description, ExportFormat, Row, Text, hookimpl

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
_DEFAULT: Final = (("last_name", "Last name"), ("first_name", "First name"), ("email", "Email"))

_DELIMITERS: Final[Mapping[str, Text]] = {
    ",": {"en": "comma ,", "de": "Komma ,"},
    ";": {"en": "semicolon ;", "de": "Semikolon ;"},
    "\t": {"en": "tab", "de": "Tabulator"},
    "|": {"en": "bar |", "de": "Strich |"},
}
_ENCODINGS: Final[Mapping[str, Text]] = {
    "utf-8": "UTF-8",
    "utf-8-sig": {"en": "UTF-8 with a mark, for Excel", "de": "UTF-8 mit Markierung, für Excel"},
    "utf-16": "UTF-16",
    "windows-1252": "Windows-1252",
}


class ColumnSchema(Schema):
    """One column."""

    field = fields.String(required=True, validate=validate.OneOf(Row._fields))
    title = fields.String(required=True, validate=validate.Length(1, 100))


class Settings(Schema):
    """The form of the file."""

    delimiter = fields.String(
        load_default=";",
        validate=validate.OneOf(list(_DELIMITERS)),
        metadata={"title": {"en": "Separator", "de": "Trennzeichen"}, "labels": _DELIMITERS},
    )
    encoding = fields.String(
        load_default="utf-8-sig",
        validate=validate.OneOf(list(_ENCODINGS)),
        metadata={
            "title": {"en": "Encoding", "de": "Kodierung"},
            "description": {
                "en": "In windows-1252, what it cannot hold becomes a question mark.",
                "de": "In windows-1252 wird zum Fragezeichen, was es dort nicht gibt.",
            },
            "labels": _ENCODINGS,
        },
    )
    columns = fields.List(
        fields.Nested(ColumnSchema),
        validate=validate.Length(min=1),
        load_default=lambda: [{"field": name, "title": title} for name, title in _DEFAULT],
        metadata={
            "title": {"en": "Columns", "de": "Spalten"},
            "description": {
                "en": "Fields in order, each with its title.",
                "de": "Felder der Reihe nach, jedes mit seiner Überschrift.",
            },
        },
    )


@hookimpl
def describe_plugin() -> Description:
    return Description(
        title={"de": "CSV nach Wunsch"},
        summary={
            "de": "Die Benutzerliste als CSV mit eigenem Trennzeichen, eigener Kodierung und eigenen Spalten"
        },
    )


@hookimpl
def settings_schema() -> type[Schema]:
    return Settings


@hookimpl
def export_formats() -> list[ExportFormat]:
    return [
        ExportFormat(
            name="csv-custom",
            title={
                "en": "CSV, as your organisation has set it",
                "de": "CSV, wie Ihre Organisation es eingestellt hat",
            },
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
