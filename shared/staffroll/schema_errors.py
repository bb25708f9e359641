"""What marshmallow says of bad input, as our error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from staffroll.errors import FieldError, Invalid


def invalid(messages: Mapping[str, Any], under: str = "") -> Invalid:
    """Marshmallow's messages as our error, by field path.

    Args:
        under: The path of what was loaded.
    """
    found: dict[str, list[FieldError]] = {}
    for path, message in _flatten(messages, under):
        found.setdefault(path, []).append(message)
    return Invalid(errors=found)


CODES: Final = {
    "Missing data for required field.": "required",
    "Unknown field.": "unknown_field",
    "Field may not be null.": "required",
}


def _flatten(messages: Any, path: str = "") -> Iterator[tuple[str, FieldError]]:
    if isinstance(messages, Mapping):
        for key, value in messages.items():
            yield from _flatten(value, f"{path}.{key}" if path else str(key))
    elif isinstance(messages, list | tuple):
        for value in messages:
            yield from _flatten(value, path)
    elif isinstance(messages, FieldError):
        yield path, messages
    else:
        text = str(messages)
        # A template is filled later, so braces that came with the text are doubled.
        yield (
            path,
            FieldError(CODES.get(text, "invalid"), text.replace("{", "{{").replace("}", "}}")),
        )
