"""Days as clients send them: ISO 8601, within what moments can be reckoned with."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from marshmallow import ValidationError, fields

from staffroll.errors import FieldError
from staffroll_scheduling.domain.membership import FIRST_DAY, LAST_DAY

_NOT_A_DAY: Final = FieldError("not_a_day", "This is not a day, as 2026-11-30 is.")


def day(description: str, **kwargs: Any) -> fields.Date:
    """A day of somebody's life or work, such as ``2026-11-30``."""
    return fields.Date(
        validate=_check_reckonable,
        error_messages={"invalid": [_NOT_A_DAY]},
        metadata={"description": description, "example": "2026-11-30"},
        **kwargs,
    )


def _check_reckonable(value: date) -> None:
    if not FIRST_DAY <= value <= LAST_DAY:
        years = {"first": FIRST_DAY.year, "last": LAST_DAY.year}
        raise ValidationError(
            [FieldError("day_out_of_range", "Choose a day between {first} and {last}.", years)]
        )
