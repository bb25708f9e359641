"""Marshmallow fields for contact data; the rules themselves are in `domain.contact`."""

from __future__ import annotations

from typing import Any

from staffroll.web.fields import Checked
from staffroll_people.domain import contact


class PhoneNumber(Checked):
    """A phone number with its country's code; loads in E.164, or empty."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {
            "description": "With the country's code; kept in E.164.",
            "maxLength": contact.PHONE_MAX_CHARACTERS,
            "example": "+49 30 901820",
        }
        super().__init__(contact.tidy_phone, contact.phone_problem, metadata=metadata, **kwargs)


class Country(Checked):
    """A country's code of two letters, or empty."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"description": "ISO 3166-1 alpha-2.", "example": "DE"}
        super().__init__(contact.tidy_country, contact.country_problem, metadata=metadata, **kwargs)


class Notes(Checked):
    """Text of several lines."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {
            "description": "Lines end with a line feed; no other control characters.",
            "maxLength": contact.NOTES_MAX_CHARACTERS,
        }
        super().__init__(contact.tidy_notes, contact.notes_problem, metadata=metadata, **kwargs)
