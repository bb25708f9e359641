"""Export formats: the one that is part of the product, beside those of plugins."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Choice:
    """A format that a tenant may choose.

    Attributes:
        plugin: Whose it is; None for what is part of the product.
        write: Writes all rows.
    """

    format: ExportFormat
    plugin: str | None
    write: Callable[[Iterator[Row], BufferedIOBase], None]

    @property
    def content_type(self) -> str:
        """Of the file; only a plugin knows the encoding of its own."""
        media_type = self.format.media_type
        return media_type if self.plugin else f"{media_type}; charset=utf-8"


OWN: Final = Choice(CSV, None, lambda rows, out: CSV.write(rows, out, {}))


def find_format(name: str, choices: Sequence[Choice]) -> Choice:
    """Raises `FormatUnknown`."""
    for one in choices:
        if one.format.name == name:
            return one
    raise FormatUnknown
