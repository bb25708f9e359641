import pytest

from staffroll_people.domain.contact import (
    country_problem,
    notes_problem,
    phone_problem,
    readable_phone,
    tidy_country,
    tidy_notes,
    tidy_phone,
)


@pytest.mark.parametrize(
    "typed, kept",
    [
        ("+49 30 901820", "+4930901820"),
        (" +49 (0) 30/90 18-20 ", "+4930901820"),
        ("+1 (202) 456-1111", "+12024561111"),
        ("+44 20 7946 0018", "+442079460018"),
        ("", ""),
    ],
)
def test_r85_phone_numbers_are_kept_in_e_164(typed: str, kept: str) -> None:
    assert tidy_phone(typed) == kept
    assert phone_problem(kept) is None


@pytest.mark.parametrize(
    "kept, shown",
    [("+4930901820", "+49 30 901820"), ("as it was typed once", "as it was typed once"), ("", "")],
)
def test_r85_phone_numbers_are_shown_in_groups(kept: str, shown: str) -> None:
    assert readable_phone(kept) == shown


@pytest.mark.parametrize(
    "typed",
    [
        "030 901820",
        "112",
        "+",
        "+0",
        "+49 30 1",
        "+999 123456789",
        "+1 555 0100",
        "+49 30 901820 ext. 12",
        "+49 30 901820;ext=12",
        "+49 30 901820\0",
        "+49 30 \u202e901820",
        "=49 30 901820",
        "tel:+4930901820",
        "anna",
        "٠٣٠",
    ],
)
def test_r85_what_is_no_phone_number_is_refused(typed: str) -> None:
    problem = phone_problem(tidy_phone(typed))

    assert problem is not None
    assert problem.code == "phone_invalid"


def test_r85_a_long_text_is_not_even_parsed() -> None:
    problem = phone_problem(tidy_phone("+" + "4" * 20_000))

    assert problem is not None
    assert problem.code == "too_long"


@pytest.mark.parametrize("typed", ["DE", "de", " at ", "GB", "US", "TW", "XX"])
def test_r85_countries_are_those_of_iso_3166(typed: str) -> None:
    assert (country_problem(tidy_country(typed)) is None) == (typed != "XX")


@pytest.mark.parametrize("code", ["", "D", "DEU", "UK", "EU", "ZZ", "276", "D\0", "#", "{"])
def test_r85_what_is_no_country_is_refused(code: str) -> None:
    problem = country_problem(code)

    assert problem is not None
    assert problem.code == "country_unknown"


def test_r85_notes_have_lines() -> None:
    tidied = tidy_notes("  First\r\nsecond\rthird\n- fourth\n ")

    assert tidied == "First\nsecond\nthird\n- fourth"
    assert notes_problem(tidied) is None


@pytest.mark.parametrize("character", ["\0", "\t", "\x0b", "\x1b", "\u2028", "\u202e", "\ufffe"])
def test_r85_notes_have_no_control_characters_but_line_ends(character: str) -> None:
    assert notes_problem(tidy_notes(f"a{character}b")) is not None


def test_r85_notes_have_2000_characters_at_most() -> None:
    assert notes_problem("x" * 2_000) is None
    too_long = notes_problem("x" * 2_001)

    assert too_long is not None
    assert too_long.code == "too_long"
