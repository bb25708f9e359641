"""What contact data may look like: phone numbers, countries, notes. Source: R85."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib import resources
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from staffroll import humans
from staffroll.errors import FieldError

PHONE_MAX_CHARACTERS: Final = 50
NOTES_MAX_CHARACTERS: Final = 2_000


def tidy_phone(text: str) -> str:
    """In E.164 where it is a number, such as ``+4930901820``; else as typed."""
    text = text.strip()
    number = _number(text)
    return text if number is None else phonenumbers.format_number(number, PhoneNumberFormat.E164)


def phone_problem(text: str) -> FieldError | None:
    """What is wrong with a tidied phone number, or None; it may be empty."""
    if len(text) > PHONE_MAX_CHARACTERS:
        return FieldError("too_long", "At most {max} characters.", {"max": PHONE_MAX_CHARACTERS})
    number = _number(text)
    if not text or (number is not None and phonenumbers.is_valid_number(number)):
        return None
    return FieldError(
        "phone_invalid",
        "This is not a phone number with its country's code, as +49 30 901820 is.",
    )


def readable_phone(text: str) -> str:
    """In groups, such as ``+49 30 901820``; as it is where it is no number."""
    number = _number(text)
    return (
        text
        if number is None
        else phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    )


def _number(text: str) -> PhoneNumber | None:
    if not text.startswith("+") or len(text) > PHONE_MAX_CHARACTERS:
        return None
    if humans.characters_problem(text) is not None:
        return None
    try:
        number = phonenumbers.parse(text)
    except NumberParseException:
        return None
    # E.164 has no place for an extension; to drop what was typed would be worse than to refuse.
    return None if number.extension else number


def tidy_country(text: str) -> str:
    return text.strip().upper()


def country_problem(code: str) -> FieldError | None:
    """What is wrong with a country's code, or None."""
    if code in countries():
        return None
    return FieldError(
        "country_unknown", "This is not a country's code of two letters (ISO 3166), as DE is."
    )


@cache
def countries() -> frozenset[str]:
    """The alpha-2 codes of ISO 3166-1, as the time zone database lists them."""
    table = resources.files("tzdata").joinpath("zoneinfo", "iso3166.tab")
    lines = table.read_text("utf-8").splitlines()
    return frozenset(line.split("\t")[0] for line in lines if line and not line.startswith("#"))


def tidy_notes(text: str) -> str:
    """Trimmed, in Unicode NFC, lines ended by a line feed."""
    text = unicodedata.normalize("NFC", text)
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def notes_problem(text: str) -> FieldError | None:
    """What is wrong with tidied notes, or None."""
    if len(text) > NOTES_MAX_CHARACTERS:
        return FieldError("too_long", "At most {max} characters.", {"max": NOTES_MAX_CHARACTERS})
    return humans.characters_problem(text.replace("\n", ""))
