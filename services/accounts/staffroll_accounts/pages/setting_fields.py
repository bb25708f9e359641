"""Fields of a form whose values are JSON: settings as plugins take them.

Each is filled in from what is kept, and gives with `as_set()` what is to be kept, or `missing`
where nothing was filled in. Whether it is right is judged by the plugin's schema, so that what
cannot be read as a number is handed on as it was typed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from marshmallow import missing
from wtforms import (
    BooleanField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
)

from staffroll.web.pages import gettext
from staffroll.web.pages.boxes import BoxesField

Read = Callable[[str], Any]
"""One line, as a value."""


class SettingField(Protocol):
    """What all of them can do."""

    def as_set(self) -> Any:
        """What was filled in, as JSON; `missing` for nothing."""


def text(typed: str) -> str:
    """Itself."""
    return typed


def whole(typed: str) -> int | str:
    """A whole number, where it is one."""
    try:
        return int(typed)
    except ValueError:
        return typed


def decimal(typed: str) -> float | str:
    """A number, where it is one that JSON has."""
    try:
        number = float(typed)
    except ValueError:
        return typed
    return number if math.isfinite(number) else typed


class LineField(StringField):
    """A text, or what is written as one, such as a day."""

    def __init__(self, label: str, *, read: Read = text, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self._read = read

    def process_data(self, value: Any) -> None:
        self.data = line(value)

    def as_set(self) -> Any:
        return self._read(self.data) if self.data else missing


class SecretField(PasswordField):
    """Never shown; what is left empty stays as it was."""

    def process_data(self, value: Any) -> None:
        self.data = ""

    def as_set(self) -> Any:
        return self.data or missing


class FlagField(BooleanField):
    def as_set(self) -> Any:
        return bool(self.data)


class LinesField(TextAreaField):
    """A list with a value on each line."""

    def __init__(self, label: str, *, read: Read = text, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self._read = read

    def process_data(self, value: Any) -> None:
        self.data = "\n".join(map(line, value if isinstance(value, list) else []))
        self.render_kw = _with_room(self)

    def as_set(self) -> Any:
        typed = (one.strip() for one in (self.data or "").splitlines())
        return [self._read(one) for one in typed if one]


class ChoiceField(SelectField):
    """One of several values, which need be no texts.

    Args:
        labels: By value, as JSON.
        can_be_none: Whether a choice can be taken back.
    """

    def __init__(
        self, label: str, *, labels: Mapping[str, str], can_be_none: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(label, choices=dict(labels), validate_choice=False, **kwargs)
        self._labels = labels
        self._can_be_none = can_be_none

    def process_data(self, value: Any) -> None:
        chosen = written(value)
        # Nothing is chosen for people, not even the first.
        self.data = chosen if chosen in self._labels else ""
        if self._can_be_none or not self.data:
            self.choices = {"": "–", **self._labels}

    def as_set(self) -> Any:
        return _chosen(self.data) if self.data else missing


class ChoicesField(BoxesField):
    """Any of several values.

    Args:
        labels: By value, as JSON.
    """

    def __init__(self, label: str, *, labels: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(label, choices=dict(labels), **kwargs)

    def process_data(self, value: Any) -> None:
        self.data = list(map(written, value if isinstance(value, list) else []))

    def as_set(self) -> Any:
        return [_chosen(one) for one in self.data or ()]


class JsonField(TextAreaField):
    """Whatever else there is."""

    value: Any = missing

    def process_data(self, value: Any) -> None:
        self.data = "" if value is None else written(value, indent=2)
        self.render_kw = _with_room(self)

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata(valuelist)
        if (self.data or "").strip():
            self.value = _parsed(self.data or "")

    def as_set(self) -> Any:
        return self.value


def written(value: Any, indent: int | None = None) -> str:
    """As JSON; also with half of a character in it, which no page could show as it is."""
    said = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return said if _can_be_sent(said) else json.dumps(value, indent=indent, default=str)


def line(value: Any) -> str:
    """As people write it; empty for nothing."""
    if value is None or value is missing:
        return ""
    is_plain = isinstance(value, str) and _can_be_sent(value)
    return str(value) if is_plain else written(value)


def _with_room(area: TextAreaField) -> dict[str, Any]:
    """Attributes of the area, high enough for what is in it at first and a little more."""
    rows = (area.data or "").count("\n") + 2
    return {**(area.render_kw or {}), "rows": min(max(rows, 3), 14)}


def _can_be_sent(said: str) -> bool:
    try:
        said.encode()
    except UnicodeEncodeError:
        return False
    return True


def _chosen(key: str) -> Any:
    try:
        return json.loads(key)
    except ValueError:
        # No choice of ours; the schema refuses it.
        return key


def _parsed(typed: str) -> Any:
    try:
        return json.loads(typed, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ValueError(
            gettext(
                "This is not JSON: look at line %(line)s, column %(column)s.",
                line=error.lineno,
                column=error.colno,
            )
        ) from error
    except (ValueError, RecursionError) as error:
        raise ValueError(gettext("This is not JSON that can be kept.")) from error


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
