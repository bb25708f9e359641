"""Marshmallow fields for what humans are made of; the rules themselves are in `staffroll.humans`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

from staffroll import humans
from staffroll.errors import FieldError
from staffroll.ids import UUID_PATTERN


class Checked(fields.String):
    """Text that is tidied first and then judged by a rule."""

    def __init__(
        self,
        tidy: Callable[[str], str],
        problem: Callable[[str], FieldError | None],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._tidy = tidy
        self._problem = problem

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = self._tidy(super()._deserialize(value, attr, data, **kwargs))
        problem = self._problem(text)
        if problem is not None:
            # Marshmallow carries whatever stands in the list; `parsing` reads it back.
            raise ValidationError([problem])
        return text


class Name(Checked):
    """A person's name (R3)."""

    def __init__(self, *, may_be_empty: bool = False, **kwargs: Any) -> None:
        metadata = {
            "description": "Trimmed, 1-100 characters, no control characters, not beginning "
            "with = + - @",
            "maxLength": humans.NAME_MAX_CHARACTERS,
            "example": "Müller",
        }
        super().__init__(
            humans.tidy_name,
            lambda text: humans.name_problem(text, may_be_empty=may_be_empty),
            metadata=metadata,
            **kwargs,
        )


class Line(Checked):
    """One line of text that may be empty (R3's characters)."""

    def __init__(self, *, max_characters: int = humans.NAME_MAX_CHARACTERS, **kwargs: Any) -> None:
        metadata = {"maxLength": max_characters, **kwargs.pop("metadata", {})}
        super().__init__(
            humans.tidy_name,
            lambda text: humans.text_problem(text, max_characters=max_characters),
            metadata=metadata,
            **kwargs,
        )


class EmailAddress(Checked):
    """An e-mail address (R4): its syntax, never whether it is free."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {
            "description": "Syntax is checked; at most 254 characters",
            "maxLength": humans.EMAIL_MAX_CHARACTERS,
            "example": "anna.mueller@example.org",
        }
        super().__init__(humans.tidy_email, humans.email_problem, metadata=metadata, **kwargs)


class Flag(fields.Boolean):
    """True or false itself; to Python 1 and 1.0 would be as good as true."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Instant(fields.AwareDateTime):
    """A moment: RFC 3339 in UTC, with ``Z``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", default_timezone=UTC, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        moment: datetime = super()._deserialize(value, attr, data, **kwargs)
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from error

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        text: str = value.astimezone(UTC).isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z")


def language_tag(**kwargs: Any) -> fields.String:
    """A language tag; whether the tenant offers it is asked later (R5)."""
    return fields.String(
        validate=validate.Length(min=1, max=35),
        metadata={"description": "BCP 47, one that the tenant offers.", "example": "de"},
        **kwargs,
    )


def role_ids(**kwargs: Any) -> fields.List[str]:
    """Ids of roles."""
    return fields.List(
        fields.String(validate=validate.Regexp(UUID_PATTERN, error="This is not a role's id.")),
        validate=validate.Length(max=100),
        metadata={"description": "Ids of roles."},
        **kwargs,
    )


class TimeZone(Checked):
    """An IANA time zone name (R5)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            str.strip,
            humans.time_zone_problem,
            metadata={"example": "Europe/Berlin"},
            **kwargs,
        )
