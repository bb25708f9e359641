"""The user list as JSON lines: one object a line, all public fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BufferedIOBase
from typing import Any

from staffroll.plugins import Description, ExportFormat, Row, hookimpl


@hookimpl
def describe_plugin() -> Description:
    return Description(
        title={"de": "Export als JSON-Zeilen"}, summary={"de": "Die Benutzerliste als JSON-Zeilen"}
    )


@hookimpl
def export_formats() -> list[ExportFormat]:
    return [
        ExportFormat(
            name="jsonl",
            title={"en": "JSON lines", "de": "JSON-Zeilen"},
            media_type="application/jsonl",
            extension="jsonl",
            write=write,
        )
    ]


def write(rows: Iterator[Row], out: BufferedIOBase, _settings: Any) -> None:
    for row in rows:
        line = json.dumps(row._asdict(), ensure_ascii=False, separators=(",", ":"))
        out.write(line.encode() + b"\n")
