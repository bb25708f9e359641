"""What an error says, in the reader's language."""

from __future__ import annotations

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
    known = _OWN.get(problem.wording)
    return gettext(problem.wording).format(**(problem.data or {})) if known is None else str(known)
