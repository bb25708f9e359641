"""Export formats: the one that is part of the product, and finding one by its name."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping, Sequence
from io import BufferedIOBase
from typing import Any, Final

from staffroll.plugins import ExportFormat, Row
from staffroll_export.domain.errors import FormatUnknown

HEADER: Final = ("Last name", "First name", "Email")


def _write_csv(rows: Iterator[Row], out: BufferedIOBase, _settings: Mapping[str, Any]) -> None:
    """RFC 4180, UTF-8 without BOM; no setting changes it. Source: R90."""
    writer = csv.writer(codecs.getwriter("utf-8")(out), lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows((row.last_name, row.first_name, row.email) for row in rows)


CSV: Final = ExportFormat(
    name="csv",
    title="CSV",
    media_type="text/csv",
    extension="csv",
    write=_write_csv,
)


def find_format(name: str, formats: Sequence[ExportFormat]) -> ExportFormat:
    """Raises `FormatUnknown`."""
    for one in formats:
        if one.name == name:
            return one
    raise FormatUnknown
