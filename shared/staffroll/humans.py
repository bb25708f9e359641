"""What a human's names, e-mail, language and time zone may look like (R3, R4, R5).

The same rules in every place where a human can be created or edited; whether an
e-mail is still free only accounts knows.
"""

from __future__ import annotations

import re
import unicodedata
import zoneinfo
from functools import cache
from typing import Final

from staffroll.errors import FieldError

NAME_MAX_CHARACTERS: Final = 100
EMAIL_MAX_CHARACTERS: Final = 254
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t")
"""Spreadsheets run cells that begin so, some in full width too (OWASP, CSV injection)."""

_SIGNS: Final = "".join(FORMULA_SIGNS).replace("-", r"\-")
# A spreadsheet whose list separator is not the file's comma splits a text there as well, and
# drops spaces and a quotation mark where a cell begins.
_FORMULA: Final = re.compile(rf'\A[{_SIGNS}]|[;,|\t][\s"]*[{_SIGNS}]')

_BIDI_OVERRIDES: Final = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
)


def tidy_name(text: str) -> str:
    """Trimmed and in Unicode NFC; case and script as typed."""
    return unicodedata.normalize("NFC", text).strip()


def text_problem(text: str, *, max_characters: int = NAME_MAX_CHARACTERS) -> FieldError | None:
    """What is wrong with one line of tidied text, or None.

    Source: R3, for names and whatever else ends up in lists.
    """
    if len(text) > max_characters:
        return FieldError("too_long", "At most {max} characters.", {"max": max_characters})
    return characters_problem(text) or formula_problem(text)


def formula_problem(text: str) -> FieldError | None:
    """Where a spreadsheet would take part of a tidied text for a formula, or None. Source: R3."""
    if _FORMULA.search(text) is None:
        return None
    return FieldError(
        "formula_start",
        "Must not begin with = + - @ or a tab, nor have these right after a ; or another separator.",
    )


def characters_problem(text: str) -> FieldError | None:
    """What of a text cannot be seen and would deceive or break something, or None. Source: R3."""
    if any(unicodedata.category(c) in ("Cc", "Cs", "Cn", "Zl", "Zp") for c in text):
        return FieldError("control_characters", "No control characters.")
    if any(c in _BIDI_OVERRIDES for c in text):
        return FieldError("direction_override", "No characters that change the writing direction.")
    return None


def name_problem(text: str, *, may_be_empty: bool = False) -> FieldError | None:
    """What is wrong with a tidied name, or None. Source: R3."""
    if not text:
        return None if may_be_empty else FieldError("required", "Must not be empty.")
    problem = text_problem(text)
    if problem is None and all(unicodedata.category(c) == "Cf" for c in text):
        # Zero-width characters alone: nobody could see or click such a name.
        return FieldError("required", "Must not be empty.")
    return problem


def tidy_email(text: str) -> str:
    """Trimmed and in Unicode NFC; otherwise as typed (R4)."""
    return unicodedata.normalize("NFC", text).strip()


def email_problem(text: str) -> FieldError | None:
    """What is wrong with a tidied e-mail address, or None; asks no name server. Source: R4."""
    from email_validator import EmailNotValidError, validate_email

    if not text:
        return FieldError("required", "Must not be empty.")
    if len(text) > EMAIL_MAX_CHARACTERS:
        return FieldError("too_long", "At most {max} characters.", {"max": EMAIL_MAX_CHARACTERS})
    problem = formula_problem(text)
    if problem is not None:
        return problem
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return FieldError("email_invalid", "This is not an e-mail address.")
    return None


@cache
def _zones() -> frozenset[str]:
    # "localtime" is whatever this machine is set to, and means something else on another.
    return frozenset(zoneinfo.available_timezones() - {"localtime"})


def time_zone_problem(name: str) -> FieldError | None:
    """What is wrong with the name of a time zone, or None. Source: R5."""
    if name in _zones():
        return None
    return FieldError(
        "time_zone_unknown", "This is not the name of a time zone, as Europe/Berlin is."
    )


def language_tag_problem(tag: str) -> FieldError | None:
    """What is wrong with a tag that a tenant wants to offer, or None. Source: R5, BCP 47."""
    from langcodes import tag_is_valid

    if "_" not in tag and tag_is_valid(tag):
        return None
    return FieldError(
        "language_unknown", "{tag} is not the tag of a language, as de and pt-BR are.", {"tag": tag}
    )


def language_problem(tag: str, offered: tuple[str, ...]) -> FieldError | None:
    """What is wrong with a language tag, or None. Source: R5, BCP 47."""
    if tag in offered:
        return None
    return FieldError(
        "language_not_offered", "Choose one of: {offered}.", {"offered": ", ".join(offered)}
    )
