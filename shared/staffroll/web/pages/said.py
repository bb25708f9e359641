"""What an error says, in the reader's language."""

from __future__ import annotations

import re
from typing import Any, Final

from staffroll.errors import FieldError, StaffrollError
from staffroll.web.pages.words import gettext, lazy_gettext

_OWN: Final[dict[str, Any]] = {
    "Not a valid integer.": lazy_gettext("This is not a whole number."),
    "Not a valid number.": lazy_gettext("This is not a number."),
    "Not a valid email address.": lazy_gettext("This is not an e-mail address."),
    "Not a valid URL.": lazy_gettext("This is not an address such as https://example.org."),
    "Not a valid date.": lazy_gettext("This is not a date such as 2026-12-31."),
}
"""marshmallow's own sentences, which know one language."""

_NUMBER: Final = r"(-?\d+(?:\.\d+)?)"
_OWN_WITH_NUMBERS: Final[tuple[tuple[re.Pattern[str], Any], ...]] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (
            rf"Longer than maximum length {_NUMBER}\.",
            lazy_gettext("This is too long: {0} is the most."),
        ),
        (
            rf"Shorter than minimum length {_NUMBER}\.",
            lazy_gettext("This is too short: {0} is the least."),
        ),
        (
            rf"Length must be between {_NUMBER} and {_NUMBER}\.",
            lazy_gettext("The length must be between {0} and {1}."),
        ),
        (rf"Length must be {_NUMBER}\.", lazy_gettext("The length must be {0}.")),
        (rf"Must be greater than {_NUMBER}\.", lazy_gettext("This must be more than {0}.")),
        (rf"Must be less than {_NUMBER}\.", lazy_gettext("This must be less than {0}.")),
        (
            rf"Must be greater than or equal to {_NUMBER}\.",
            lazy_gettext("This must be at least {0}."),
        ),
        (
            rf"Must be less than or equal to {_NUMBER}\.",
            lazy_gettext("This must be at most {0}."),
        ),
        (
            rf"Must be greater than or equal to {_NUMBER} and less than or equal to {_NUMBER}\.",
            lazy_gettext("This must be between {0} and {1}."),
        ),
    )
)
"""The same, with what they were filled with."""


def of_error(error: StaffrollError) -> str:
    """The sentence for the reader."""
    return gettext(error.wording).format(**error.data)


def of_all(error: StaffrollError) -> list[str]:
    """Each thing that is wrong, of errors about fields."""
    found = [of_field(item) for items in error.errors.values() for item in items]
    return list(dict.fromkeys(found)) or [of_error(error)]


def of_field(problem: FieldError) -> str:
    """What is wrong with one field, for the reader."""
    if problem.code == "required":
        return gettext("Please fill this in.")
    if (known := _OWN.get(problem.wording)) is not None:
        return str(known)
    return _filled(problem.wording) or gettext(problem.wording).format(**(problem.data or {}))


def _filled(wording: str) -> str | None:
    for pattern, text in _OWN_WITH_NUMBERS:
        if found := pattern.fullmatch(wording):
            return str(text).format(*found.groups())
    return None
