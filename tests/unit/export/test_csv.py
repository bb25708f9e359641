"""The CSV format: exactly R90, whatever people are called."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll_export.domain.errors import FormatUnknown
from staffroll_export.domain.formats import CSV, OWN, find_format
from tests.unit.export.builders import a_row

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def written(*rows: tuple[str, str, str], settings: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    CSV.write((a_row(*row) for row in rows), out, settings or {})
    return out.getvalue()


def test_r90_header_columns_comma_and_crlf_are_exact() -> None:
    got = written(("Müller", "Anna", "anna@example.org"), ("李", "小龍", "li@example.org"))

    assert (
        got
        == (
            "Last name,First name,Email\r\n"
            "Müller,Anna,anna@example.org\r\n"
            "李,小龍,li@example.org\r\n"
        ).encode()
    )


def test_r90_an_empty_list_is_the_header_alone() -> None:
    assert written() == b"Last name,First name,Email\r\n"


def test_r90_there_is_no_byte_order_mark() -> None:
    assert not written(("Ünal", "Ece", "ece@example.org")).startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("Smith, Jr", '"Smith, Jr"'),
        ('Anna "Anni" Maria', '"Anna ""Anni"" Maria"'),
        ("two\nlines", '"two\nlines"'),
        ("two\r\nlines", '"two\r\nlines"'),
        ("carriage\rreturn", '"carriage\rreturn"'),
        ("O'Brien; the second", "O'Brien; the second"),
        ("taken before; =1 was refused", "taken before; =1 was refused"),
        (" spaces around ", " spaces around "),
        ("", ""),
    ],
)
def test_r90_a_cell_is_quoted_only_where_rfc_4180_needs_it(name: str, cell: str) -> None:
    got = written((name, "A", "a@example.org"))

    assert got.decode() == f"Last name,First name,Email\r\n{cell},A,a@example.org\r\n"


def test_r90_no_setting_changes_the_format() -> None:
    got = written(("Berg", "Bo", "bo@example.org"), settings={"delimiter": ";", "bom": "yes"})

    assert got == written(("Berg", "Bo", "bo@example.org"))


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=20))
def test_r90_whatever_was_written_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    text = written(*rows).decode()

    read = list(csv.reader(io.StringIO(text, newline=""), strict=True))

    assert read == [["Last name", "First name", "Email"], *map(list, rows)]


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=20))
def test_r90_every_line_outside_of_quotes_ends_with_crlf(rows: list[tuple[str, str, str]]) -> None:
    unquoted = "".join(written(*rows).decode().split('"')[::2])

    assert unquoted.count("\r\n") == len(rows) + 1
    assert unquoted.count("\r") == unquoted.count("\n") == len(rows) + 1


def test_a_format_is_found_by_its_name() -> None:
    assert find_format("csv", [OWN]) is OWN


@pytest.mark.parametrize("name", ["CSV", "xlsx", "csv ", "../csv"])
def test_an_unknown_format_is_refused_by_code_and_field(name: str) -> None:
    with pytest.raises(FormatUnknown) as refused:
        find_format(name, [OWN])

    assert refused.value.code == "format_unknown"
    assert "format" in refused.value.errors
