"""Export formats: what one is, and the one that is part of the product."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Any, Final

from staffroll_export.domain.errors import FormatUnknown
from staffroll_export.domain.rows import Row

Write = Callable[[Iterator[Row], BufferedIOBase, Mapping[str, Any]], None]
"""Writes all rows to a binary stream that cannot be read or rewound, by the tenant's settings."""


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One form in which a user list can be downloaded.

    Attributes:
        name: Stable, as in ``?format=csv``.
        title: For people.
        extension: Of the file's name, without the dot.
        write: Must not collect the rows: there may be a million. What it raises aborts the
            download, so that nobody takes a part for the whole.
    """

    name: str
    title: str
    media_type: str
    extension: str
    write: Write


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
