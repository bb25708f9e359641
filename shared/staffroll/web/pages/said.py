"""What an error says, in the reader's language."""

from __future__ import annotations

from staffroll.errors import FieldError, StaffrollError
from staffroll.web.pages.words import gettext


def of_error(error: StaffrollError) -> str:
    """The sentence for the reader."""
    return gettext(error.wording).format(**error.data)


def of_field(problem: FieldError) -> str:
    """What is wrong with one field, for the reader."""
    if problem.code == "required":
        return gettext("Please fill this in.")
    return gettext(problem.wording).format(**(problem.data or {}))
