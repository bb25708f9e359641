"""R3, R4, R5: what names, e-mails, languages and zones may look like, everywhere alike."""

from __future__ import annotations

import re
import unicodedata
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll.humans import (
    EMAIL_MAX_CHARACTERS,
    FORMULA_SIGNS,
    NAME_MAX_CHARACTERS,
    email_problem,
    language_problem,
    name_problem,
    text_problem,
    tidy_email,
    tidy_name,
    time_zone_problem,
)

_ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=120)


@pytest.mark.parametrize(
    "name", ["Müller", "O’Brien", "van der Berg", "李", "Ng", "Łukasz", "नेहा", "مريم", "d'Arc", "X"]
)
def test_r3_names_of_people_everywhere_are_taken_as_typed(name: str) -> None:
    assert name_problem(tidy_name(name)) is None
    assert tidy_name(name) == unicodedata.normalize("NFC", name)


@given(_ANY_TEXT)
def test_r3_tidying_twice_is_tidying_once(text: str) -> None:
    assert tidy_name(tidy_name(text)) == tidy_name(text)


@given(_ANY_TEXT)
def test_r3_what_is_accepted_is_safe_to_show_and_to_export(text: str) -> None:
    name = tidy_name(text)

    if name_problem(name) is None:
        assert 1 <= len(name) <= NAME_MAX_CHARACTERS
        assert not name.startswith(FORMULA_SIGNS)
        assert not {unicodedata.category(character) for character in name} & {"Cc", "Cs", "Zl"}
        assert not {unicodedata.bidirectional(character) for character in name} & {
            "LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI",
        }  # fmt: skip
        name.encode()


def test_r3_a_name_is_trimmed_and_composed() -> None:
    assert tidy_name("  Mu\u0308ller\u00a0 ") == "Müller"


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_r3_a_name_cannot_begin_like_a_formula(start: str) -> None:
    problem = name_problem(f"{start}cmd")

    assert problem is not None
    assert problem.code == "formula_start"


@pytest.mark.parametrize("start", ["\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_r3_a_name_cannot_begin_like_a_formula_in_full_width(start: str) -> None:
    problem = name_problem(f"{start}cmd")

    assert problem is not None
    assert problem.code == "formula_start"


@pytest.mark.parametrize("separator", [";", ",", "|"])
@pytest.mark.parametrize("between", ["", " ", "\u00a0 ", '"'])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_r3_a_name_has_no_formula_where_a_spreadsheet_would_split_it(
    separator: str, between: str, sign: str
) -> None:
    problem = name_problem(f"x{separator}{between}{sign}cmd|'/C calc'!A1")

    assert problem is not None
    assert problem.code == "formula_start"


@given(_ANY_TEXT, st.sampled_from(";,|"), st.sampled_from("=+-@\uff1d\uff0b\uff0d\uff20"))
def test_r3_an_accepted_name_has_no_formula_in_any_of_its_cells(
    text: str, separator: str, sign: str
) -> None:
    names = [text, f"{text[:40]}{separator}{text[40:]}", f"{text[:40]}{separator}{sign}"]

    for name in map(tidy_name, names):
        if name_problem(name) is None:
            cells = re.split("[;,|\t]", name)
            assert not any(cell.strip().startswith(FORMULA_SIGNS) for cell in cells)


@pytest.mark.parametrize(
    "name",
    [
        "Meyer-Schmidt=+@",
        "Smith, Jr.",
        "O'Neil-Smith",
        "Müller; geb. Tal",
        "Anna-Lena",
        "von Berg - Tal",
        "Tal;",
        "Ng|李",
        'Anna "Lena" Tal',
    ],
)
def test_r3_the_same_characters_are_fine_inside_a_name(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize("character", ["\0", "\x07", "\n", "\x7f", "\x85", "\u2028", "\ud800"])
def test_r3_a_name_has_no_control_characters(character: str) -> None:
    problem = name_problem(f"Mü{character}ller")

    assert problem is not None
    assert problem.code == "control_characters"


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200f", "\u061c"])
def test_r3_a_name_does_not_turn_the_writing_direction(character: str) -> None:
    problem = name_problem(f"Mü{character}ller")

    assert problem is not None
    assert problem.code == "direction_override"


def test_r3_a_name_has_at_most_a_hundred_characters() -> None:
    assert name_problem("ü" * 100) is None

    problem = name_problem("ü" * 101)

    assert problem is not None
    assert problem.code == "too_long"
    assert "100" in problem.text()


@pytest.mark.parametrize("name", ["", "\u200b", "\u200d\ufeff\u00ad"])
def test_r3_a_name_that_nobody_can_see_is_no_name(name: str) -> None:
    problem = name_problem(tidy_name(name))

    assert problem is not None
    assert problem.code == "required"


def test_r3_a_first_name_may_be_empty_where_that_is_allowed() -> None:
    assert name_problem("", may_be_empty=True) is None


def test_r3_a_line_of_text_has_its_own_length() -> None:
    assert text_problem("x" * 20, max_characters=20) is None
    assert text_problem("x" * 21, max_characters=20) is not None


@pytest.mark.parametrize(
    "email",
    [
        "anna@x.example",
        "Anna.Mueller+wfm@mail.x.example",
        "o'brien@x.example",
        "josé@x.example",
        "user@müller.example",
        "user@xn--mller-kva.example",
        "用户@例子.example",
    ],
)
def test_r4_addresses_in_use_today_are_accepted(email: str) -> None:
    assert email_problem(tidy_email(email)) is None


@pytest.mark.parametrize(
    "email",
    [
        "anna", "anna@", "@x.example", "a b@x.example", "anna@x", "anna@x..example",
        "anna@-x.example", "an\0na@x.example", "anna@x.example\n", "a\u202eb@x.example",
        "anna@[127.0.0.1]", '"a b"@x.example', "Anna <anna@x.example>", "a@x.example,b@x.example",
        "\ud800@x.example", "anna@\ud800.example",
    ],
)  # fmt: skip
def test_r4_what_is_no_address_is_refused(email: str) -> None:
    problem = email_problem(email)

    assert problem is not None
    assert problem.code in {"email_invalid", "formula_start"}


@pytest.mark.parametrize("start", ["=", "+", "-", "\uff1d", "a|=", "a|-"])
def test_r4_an_address_cannot_begin_like_a_formula(start: str) -> None:
    problem = email_problem(f"{start}anna@x.example")

    assert problem is not None
    assert problem.code == "formula_start"


def test_r4_an_address_has_at_most_254_characters() -> None:
    problem = email_problem(f"anna@{'x' * 60}.{'y' * 60}.{'z' * 60}.{'w' * 60}.{'v' * 60}.example")

    assert problem is not None
    assert problem.code == "too_long"


def test_r4_an_empty_address_is_missing() -> None:
    problem = email_problem(tidy_email("  "))

    assert problem is not None
    assert problem.code == "required"


@given(_ANY_TEXT)
def test_r4_whatever_is_typed_is_judged_and_what_is_accepted_is_unicode(text: str) -> None:
    email = tidy_email(text)

    if email_problem(email) is None:
        assert len(email) <= EMAIL_MAX_CHARACTERS
        assert email.isprintable()
        email.encode()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Kiritimati", "Asia/Kathmandu", "UTC"])
def test_r5_iana_zones_are_known(zone: str) -> None:
    assert time_zone_problem(zone) is None


@given(_ANY_TEXT | st.sampled_from(["Europe/Atlantis", "../etc/passwd", "/etc/localtime", ""]))
def test_r5_anything_else_is_no_zone(name: str) -> None:
    problem = time_zone_problem(name)

    assert (problem is None) == (name in zoneinfo.available_timezones())


def test_r5_a_zone_that_is_another_on_each_machine_is_none() -> None:
    assert time_zone_problem("localtime") is not None


def test_r5_a_language_is_one_that_the_tenant_offers() -> None:
    assert language_problem("de", ("en", "de")) is None

    problem = language_problem("fr", ("en", "de"))

    assert problem is not None
    assert "en, de" in problem.text()
