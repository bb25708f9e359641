"""R95: tables as spreadsheets write them, and as nobody should: rows, or an error that says why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll_accounts.domain import tables
from staffroll_accounts.domain.imports import COLUMNS, NEEDED
from staffroll_accounts.domain.tables import ColumnsWrong, FileUnreadable, Header, Row

HEAD = "Last name,First name,Email\n"
UMLAUTS = f"{HEAD}Müller,Jürgen,jm@x.example\n"


def read(data: bytes | str) -> tuple[Header, list[Row]]:
    raw = data.encode() if isinstance(data, str) else data
    lines = tables.lines_of(raw, tables.encoding_of(raw))
    header, rows = tables.read(lines, COLUMNS, NEEDED)
    return header, list(rows)


def codes(error: ColumnsWrong) -> dict[str, list[str]]:
    return {name: [one.code for one in found] for name, found in error.errors.items()}


@pytest.mark.parametrize(
    "encoding, named",
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("windows-1252", "windows-1252"),
    ],
)
def test_r95_every_encoding_gives_the_same_rows(encoding: str, named: str) -> None:
    raw = UMLAUTS.encode(encoding)

    assert tables.encoding_of(raw) == named
    assert read(raw) == read(UMLAUTS)


def test_r95_utf_16_with_the_other_byte_order_is_read_too() -> None:
    raw = b"\xfe\xff" + UMLAUTS.encode("utf-16-be")

    assert tables.encoding_of(raw) == "utf-16-be"
    assert read(raw) == read(UMLAUTS)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x81\x8d",
        b"\xef\xbb\xbf\xff",
        b"\xff\xfeL\x00\x00",
        b"\xff\xfe\x00\xd8",
        b"\x90" * 200_000,
    ],
)
def test_r95_what_is_no_text_is_refused(raw: bytes) -> None:
    with pytest.raises(FileUnreadable):
        tables.encoding_of(raw)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_r95_the_separator_is_the_one_that_makes_the_header_right(separator: str, end: str) -> None:
    lines = ["EMAIL|last_name|First  Name", "a@x.example|Müller|Anna", ""]

    header, rows = read(end.join(lines).replace("|", separator))

    assert header == Header(separator, ("email", "last_name", "first_name"))
    assert rows == [Row(2, ("a@x.example", "Müller", "Anna"))]


def test_r95_the_export_s_own_format_is_read() -> None:
    _, rows = read('Last name,First name,Email\r\n"Smith, jr","Jo ""J""",jo@x.example\r\n')

    assert rows == [Row(2, ("Smith, jr", 'Jo "J"', "jo@x.example"))]


def test_r95_empty_lines_are_left_out_and_counted() -> None:
    _, rows = read(f"\n  \n{HEAD}\n,,\na,b,c\n , ,\t\nd,e,f\n")

    assert rows == [Row(6, ("a", "b", "c")), Row(8, ("d", "e", "f"))]


def test_r95_a_header_alone_has_no_rows() -> None:
    assert read(HEAD.strip())[1] == []


@pytest.mark.parametrize(
    "row, problem",
    [
        ("a,b", "row_ragged"),
        ("a,b,c,d", "row_ragged"),
        ("a", "row_ragged"),
        ('a,"b,c', "row_unreadable"),
        ('a,"b"x,c', "row_unreadable"),
        ('"a\nb",c,d', "row_unreadable"),
        (f"a,{'x' * 1_001},c", "cell_too_long"),
        (f"a,{'x' * 10_000_000},c", "row_unreadable"),
        (f'a,"{"x" * 10_000_000},c', "row_unreadable"),
    ],
)
def test_r95_a_bad_row_is_named_and_spoils_no_other(row: str, problem: str) -> None:
    _, rows = read(f"{HEAD}first,one,1\n{row}\nlast,one,2\n")

    assert rows[0] == Row(2, ("first", "one", "1"))
    assert rows[1] == Row(3, (), problem)
    assert rows[-1].cells == ("last", "one", "2")


@pytest.mark.parametrize("line", ["," * 15_000, "x," * 500_000, "," * 5_000 + "email," * 500_000])
def test_r95_a_header_of_very_many_columns_is_refused_in_few_words(line: str) -> None:
    with pytest.raises(ColumnsWrong) as refusal:
        read(line)

    assert 0 < len(refusal.value.errors) <= 110


def test_r95_a_line_longer_than_any_row_can_be_is_not_taken_apart() -> None:
    _, rows = read(f"{HEAD}{',' * 100_000}\nMüller,Anna,a@x.example\n")

    assert rows == [Row(2, (), "row_unreadable"), Row(3, ("Müller", "Anna", "a@x.example"))]


def test_r95_nul_bytes_are_kept_for_the_rules_to_refuse() -> None:
    assert read(f"{HEAD}a\0,b,c\n")[1] == [Row(2, ("a\0", "b", "c"))]


@pytest.mark.parametrize(
    "head, wrong",
    [
        ("Last name,First name", {"email": ["column_missing"]}),
        ("Last name,First name,Email,Personnel number", {"columns.4": ["column_unknown"]}),
        ("Last name,First name,Email,EMAIL", {"columns.4": ["column_twice"]}),
        ("Last name,First name,Email,", {"columns.4": ["column_unknown"]}),
        ("Müller;Anna;Email", {"columns.1": ["column_unknown"], "columns.2": ["column_unknown"],
                               "last_name": ["column_missing"], "first_name": ["column_missing"]}),
        ("Last name|First name|Email", {"columns.1": ["column_unknown"],
                                        "last_name": ["column_missing"],
                                        "first_name": ["column_missing"],
                                        "email": ["column_missing"]}),
    ],
)  # fmt: skip
def test_r95_a_wrong_header_says_what_is_wrong(head: str, wrong: dict[str, list[str]]) -> None:
    with pytest.raises(ColumnsWrong) as caught:
        read(f"{head}\na,b,c\n")

    assert codes(caught.value) == wrong
    for found in caught.value.errors.values():
        assert all(one.text().isprintable() for one in found)


@pytest.mark.parametrize("raw", [b"", b"\n \r\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_r95_an_empty_file_lacks_all_columns(raw: bytes) -> None:
    with pytest.raises(ColumnsWrong) as caught:
        read(raw)

    assert caught.value.errors.keys() == {"last_name", "first_name", "email"}


@given(st.binary(max_size=300))
def test_r95_whatever_bytes_come_they_are_read_or_refused(raw: bytes) -> None:
    for data in (raw, HEAD.encode() + raw, b"\xff\xfe" + HEAD.encode("utf-16-le") + raw):
        try:
            _, rows = read(data)
        except (FileUnreadable, ColumnsWrong):
            continue
        assert all(len(row.cells) == 3 or row.problem for row in rows)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"))))
def test_r95_what_was_quoted_comes_back(cells: list[str]) -> None:
    quoted = ['"{}"'.format(cell.replace('"', '""')) for cell in cells]

    _, rows = read(HEAD + "".join(f"x,y,{cell}\n" for cell in quoted))

    assert [row.cells[2] for row in rows] == cells
