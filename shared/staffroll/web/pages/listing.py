"""Lists whose whole state is in the address: search, filters, page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from flask import request
from marshmallow import EXCLUDE, Schema, ValidationError

from staffroll.errors import Invalid, StaffrollError
from staffroll.schema_errors import invalid
from staffroll.web.pages import said

PAGE: Final = ("cursor", "from")
"""Where a page begins; forgotten when anything else changes."""


def asked_for(schema: type[Schema]) -> dict[str, Any]:
    """What the present address asks for, for a file or a change, where nobody would see that it
    was about the whole list instead.

    Raises:
        Invalid.
    """
    reader = schema(unknown=EXCLUDE)
    names = {field.data_key or name for name, field in reader.fields.items()}
    sent = {name: texts for name, texts in request.args.lists() if name in names}
    lists = {name for name in sent if hasattr(reader.fields[name], "inner")}
    given = {name: texts if name in lists else texts[-1] for name, texts in sent.items()}
    try:
        found: dict[str, Any] = reader.load(given)
    except ValidationError as error:
        raise invalid(error.messages_dict) from error
    return found


class Listing:
    """The list that the present address asks for.

    Attributes:
        query: What was asked for, read by the API's schema of the same list.
        problems: What of it could not be read; then `query` is the whole list.
    """

    def __init__(self, schema: type[Schema]) -> None:
        self.problems: list[str] = []
        self.args = request.args
        try:
            self.query = asked_for(schema)
        except Invalid as error:
            self.refuse(error)
            self.query = schema().load({})

    def refuse(self, error: StaffrollError) -> None:
        """Say above the list what is wrong with what was asked for."""
        self.problems += said.of_all(error)

    @property
    def first_row(self) -> int:
        """The number of the page's first row, counted from 1."""
        text = self.args.get("from", "1")
        is_number = text.isascii() and text.isdigit() and len(text) < 10
        return max(1, int(text)) if is_number and self.args.get("cursor") else 1

    @property
    def is_narrowed(self) -> bool:
        """Whether something is searched or filtered for."""
        return any(self.args.get(name) for name in self.args if name not in (*PAGE, "status"))

    def url(self, **changes: Any) -> str:
        """The address of the same list with `changes`; None takes something away.

        A change other than of the page begins at the first page again.
        """
        kept: dict[str, Any] = dict(self.args.lists())
        if not set(changes) <= set(PAGE):
            kept = {name: value for name, value in kept.items() if name not in PAGE}
        kept.update(changes)
        return f"{request.script_root}{request.path}{_query(kept)}"

    def next_url(self, cursor: str, shown: int) -> str:
        """The address of the page after this one, which shows so many rows."""
        return self.url(**{"cursor": cursor, "from": str(self.first_row + shown)})

    def export_query(self, *names: str) -> str:
        """The named parts of the state as a query, for an address of another service."""
        return _query({name: self.args.getlist(name) for name in names})

    def hidden(self, *without: str) -> list[tuple[str, str]]:
        """What a search form sends along besides its own fields, so that they add up."""
        left_out = {*without, *PAGE}
        return [(k, v) for k, values in self.args.lists() if k not in left_out for v in values if v]


def _query(parts: Mapping[str, Any]) -> str:
    pairs = [
        (name, text)
        for name, value in parts.items()
        for text in (value if isinstance(value, list | tuple) else [value])
        if text not in (None, "")
    ]
    return f"?{urlencode(pairs)}" if pairs else ""
