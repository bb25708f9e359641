"""The user list as an Excel workbook, written in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase
from tempfile import TemporaryFile
from typing import Any, Final

import xlsxwriter

from staffroll.plugins import Description, ExportFormat, Row, hookimpl

_COLUMNS: Final = (
    ("Last name", "last_name", 24),
    ("First name", "first_name", 24),
    ("Email", "email", 36),
    ("Language", "language", 10),
    ("Time zone", "time_zone", 20),
    ("Admin access", "is_admin", 14),
    ("Status", "status", 12),
)
_MOST_ROWS: Final = 1_048_575
_CHUNK_BYTES: Final = 1 << 16


class TooManyRows(Exception):
    """A sheet of Excel has no room for them."""


@hookimpl
def describe_plugin() -> Description:
    return Description(
        title={"de": "Export nach Excel"},
        summary={"de": "Die Benutzerliste als Excel-Arbeitsmappe"},
    )


@hookimpl
def export_formats() -> list[ExportFormat]:
    return [
        ExportFormat(
            name="xlsx",
            title="Excel",
            media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            extension="xlsx",
            write=write,
        )
    ]


def write(rows: Iterator[Row], out: BufferedIOBase, _settings: Any) -> None:
    """Through a file on disk: a workbook's directory stands at its end and is written back to.

    Raises:
        TooManyRows: More than a sheet can hold.
    """
    with TemporaryFile() as file:
        _write_workbook(rows, file)
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            out.write(chunk)


def _write_workbook(rows: Iterator[Row], file: Any) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as workbook:
        sheet = workbook.add_worksheet("Users")
        bold = workbook.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for place, (title, _, width) in enumerate(_COLUMNS):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, title, bold)
        last = 0
        for last, row in enumerate(rows, start=1):
            if last > _MOST_ROWS:
                raise TooManyRows
            for place, (_, name, _) in enumerate(_COLUMNS):
                value = getattr(row, name)
                if isinstance(value, bool):
                    sheet.write_boolean(last, place, value)
                else:
                    sheet.write_string(last, place, value)
        sheet.autofilter(0, 0, last, len(_COLUMNS) - 1)
