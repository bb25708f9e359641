"""Deleting for ever: what has to be confirmed, and what would be lost, in numbers (R60)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from flask import Response
from marshmallow import Schema, fields

from staffroll.errors import ConfirmationNeeded
from staffroll.web.problems import passed_on

STATEMENT: Final = (
    "I understand that the user record and all scheduling data for {name} will be deleted."
)
"""What is confirmed, word for word."""


class ConfirmQuerySchema(Schema):
    """The confirmation of a deletion. Query strings are never logged."""

    confirm = fields.String(
        load_default=None,
        metadata={
            "description": "The id that is in the path, once more: *I understand that the user "
            "record and all scheduling data for this person will be deleted.*"
        },
    )


def confirmation_needed(
    id_: str,
    name: str,
    lost: Mapping[str, int],
    as_of: Mapping[str, datetime | None],
) -> Response:
    """428: what would be lost, and how it is confirmed.

    Args:
        lost: How many there are, by what it is.
        as_of: When the numbers that come from elsewhere were told; None: never yet.
    """
    return passed_on(
        ConfirmationNeeded,
        ConfirmationNeeded.code,
        f"This cannot be undone. To confirm it, repeat the request with confirm={id_}.",
        {},
        statement=STATEMENT.format(name=name),
        name=name,
        confirm=id_,
        would_lose=dict(lost),
        as_of={what: _text(moment) for what, moment in as_of.items()},
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
