"""Days as clients send them: ISO 8601, within what moments can be reckoned with."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from staffroll_scheduling.domain.membership import FIRST_DAY, LAST_DAY


def day(description: str, **kwargs: Any) -> fields.Date:
    """A day of somebody's life or work, such as ``2026-11-30``."""
    return fields.Date(
        validate=validate.Range(min=FIRST_DAY, max=LAST_DAY),
        metadata={"description": description, "example": "2026-11-30"},
        **kwargs,
    )
