"""Lists in pages: query, cursor, answer; the same in every service."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from marshmallow import Schema, ValidationError, fields, validate

from staffroll.errors import FieldError, Invalid

T = TypeVar("T")

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 200


class CursorInvalid(Invalid):
    code = "cursor_invalid"
    wording = "This cursor does not come from this list."


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ends: the sort key and id of its last row."""

    sort: str
    id: str

    def to_cursor(self) -> str:
        raw = json.dumps([self.sort, self.id], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")

    @classmethod
    def from_cursor(cls, cursor: str) -> Position:
        """Raises `CursorInvalid`."""
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (ValueError, RecursionError) as error:
            raise CursorInvalid from error
        match found:
            case [str(sort), str(id_)] if (sort + id_).isprintable() or _is_unicode(sort + id_):
                return cls(sort, id_)
            case _:
                raise CursorInvalid


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        total: How many there are in all pages together.
        next_cursor: Where the next page begins; None on the last.
    """

    items: Sequence[T]
    total: int
    next_cursor: str | None


class SearchText(fields.String):
    """What people type into the search field (R11)."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {
            "description": "Terms separated by commas; any of them must match. A term matches when "
            "each of its words is part of last name, first name or e-mail; quotes keep a comma in it: "
            '`mueller, "smith, jr"`.',
            "maxLength": 2000,
        }
        super().__init__(validate=validate.Length(max=2000), metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if any(ord(character) < ord(" ") and character not in "\t\r\n" for character in text):
            problem = FieldError("control_characters", "No control characters.")
            raise ValidationError([problem])
        return text


class PageQuerySchema(Schema):
    """What every list understands."""

    limit = fields.Integer(
        load_default=LIMIT_DEFAULT,
        validate=validate.Range(min=1, max=LIMIT_MAX),
        metadata={"description": "Rows on a page."},
    )
    cursor = fields.String(
        load_default=None,
        validate=validate.Length(max=2000),
        metadata={"description": "`next_cursor` of the page before."},
    )


def page_of(schema: type[Schema]) -> type[Schema]:
    """The schema of a page of what `schema` describes."""
    name = schema.__name__.removesuffix("Schema")
    return type(
        f"{name}PageSchema",
        (Schema,),
        {
            "__doc__": f"A page of {name}.",
            "items": fields.List(fields.Nested(schema), required=True),
            "total": fields.Integer(required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
        },
    )
