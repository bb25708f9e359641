"""Reading tables that people made in spreadsheets: encoding, separator, header, rows. Pure.

Nothing is guessed that could be wrong in silence: the encoding is said by a byte-order mark,
or by being the only one that fits; the separator by the one that makes the header line right.
"""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from staffroll.errors import FieldError, Invalid

SEPARATORS: Final = (",", ";", "\t")
CELL_MAX_CHARACTERS: Final = 1_000
"""No cell of ours is so long; longer ones are refused without being kept."""

LINE_MAX_CHARACTERS: Final = 20_000
"""No row of ours is so long; a longer line is not taken apart, since it may hold millions of
cells."""

_SHOWN_CHARACTERS: Final = 40
_SHOWN_COLUMNS: Final = 100
"""How many columns of a wrong header are told of."""

_STEP_BYTES: Final = 65_536
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITHOUT_MARK: Final = ("utf-8", "windows-1252")


class FileUnreadable(Invalid):
    code = "file_unreadable"
    wording = "This is not text in UTF-8, UTF-16 with a byte-order mark, or Windows-1252."


class ColumnsWrong(Invalid):
    code = "columns_wrong"
    wording = "The first line must name the columns, each once, and all that are needed."


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a table.

    Attributes:
        columns: Names of fields, in the order of the columns.
    """

    separator: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row below the header.

    Attributes:
        line: Of the file, counted from 1.
        cells: As many as there are columns; none where there is a problem.
        problem: A stable code: ``row_unreadable`` (its quotes or its length), ``row_ragged`` (too few or too
            many cells), ``cell_too_long``.
    """

    line: int
    cells: tuple[str, ...]
    problem: str | None = None


def encoding_of(data: bytes) -> str:
    """The name of the encoding.

    Raises:
        FileUnreadable: It is none of those that are read.
    """
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    for name in (marked,) if marked else _WITHOUT_MARK:
        if _is_in(data, name):
            return name
    raise FileUnreadable


def lines_of(data: bytes, encoding: str) -> Iterator[str]:
    """The lines, whatever ends them (LF, CR LF or CR), without a byte-order mark."""
    with io.TextIOWrapper(io.BytesIO(data), encoding, newline="") as text:
        for number, line in enumerate(text):
            yield line.removeprefix("\ufeff") if number == 0 else line


def read(
    lines: Iterator[str], known: Mapping[str, str], needed: Collection[str]
) -> tuple[Header, Iterator[Row]]:
    """The header, and the rows below it; empty ones are left out.

    Args:
        known: Fields by the names of their columns, in lower case.
        needed: Fields without which there is nothing to do.
    Raises:
        ColumnsWrong: Says which are unknown, missing, or there twice.
    """
    number, first = next(
        ((number, line) for number, line in enumerate(lines, 1) if line.strip()), (0, "")
    )
    header = _header(first, known, needed)
    return header, _rows(lines, header.separator, len(header.columns), number)


def _is_in(data: bytes, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    view = memoryview(data)
    try:
        for start in range(0, len(data), _STEP_BYTES):
            decoder.decode(view[start : start + _STEP_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _header(line: str, known: Mapping[str, str], needed: Collection[str]) -> Header:
    problems: dict[str, dict[str, list[FieldError]]] = {}
    for separator in SEPARATORS:
        names = _names(line, separator)
        found = _problems(names, known, needed)
        if not found:
            return Header(separator, tuple(known[name] for name in names))
        problems[separator] = found
    # Of the separators that do not make it right, what is said is about the likeliest.
    likeliest = max(SEPARATORS, key=lambda one: sum(n in known for n in _names(line, one)))
    raise ColumnsWrong(errors=problems[likeliest])


def _names(line: str, separator: str) -> list[str]:
    if len(line) > LINE_MAX_CHARACTERS:
        return []
    try:
        cells = next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return []
    plain = (unicodedata.normalize("NFC", cell).replace("_", " ") for cell in cells)
    return [" ".join(name.split()).lower() for name in plain]


def _problems(
    names: list[str], known: Mapping[str, str], needed: Collection[str]
) -> dict[str, list[FieldError]]:
    found: dict[str, list[FieldError]] = {}
    for number, name in enumerate(names[:_SHOWN_COLUMNS], 1):
        shown = {"name": "".join(filter(str.isprintable, name[:_SHOWN_CHARACTERS]))}
        if name not in known:
            problem = FieldError("column_unknown", "There is no column {name}.", shown)
            found.setdefault(f"columns.{number}", []).append(problem)
        elif names.index(name) < number - 1:
            problem = FieldError("column_twice", "The column {name} is there twice.", shown)
            found.setdefault(f"columns.{number}", []).append(problem)
    missing = set(needed) - {known[name] for name in names if name in known}
    for field in sorted(missing):
        found[field] = [FieldError("column_missing", "There is no such column.")]
    return found


def _rows(lines: Iterator[str], separator: str, columns: int, line: int) -> Iterator[Row]:
    for number, text in enumerate(lines, line + 1):
        # Line by line: nothing that is read here may hold a line feed, and a quote that is
        # never closed must not swallow all that follows.
        if len(text) > LINE_MAX_CHARACTERS:
            yield Row(number, (), "row_unreadable")
            continue
        try:
            cells = next(csv.reader([text], delimiter=separator, strict=True), [])
        except csv.Error:
            yield Row(number, (), "row_unreadable")
            continue
        if any(cell.strip() for cell in cells):
            yield _row(number, tuple(cells), columns)


def _row(line: int, cells: tuple[str, ...], columns: int) -> Row:
    if len(cells) != columns:
        return Row(line, (), "row_ragged")
    if any(len(cell) > CELL_MAX_CHARACTERS for cell in cells):
        return Row(line, (), "cell_too_long")
    return Row(line, cells)
