"""Reading what clients send: form only, never the database. Bad input is always 4xx."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

from flask import Request
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser

from staffroll.errors import FieldError, Invalid, Malformed
from staffroll.web.problems import WrongContentType

JSON_TYPES: Final = ("application/json", "application/merge-patch+json")


def read_json(request: Request) -> Any:
    """The body as JSON.

    Raises:
        WrongContentType: It is declared as something else, or not at all.
        Malformed: It is not JSON in UTF-8 (RFC 8259), or too deep.
    """
    if request.mimetype not in JSON_TYPES:
        raise WrongContentType(expected="application/json")
    raw = request.get_data()
    try:
        # Decoded here, since `json` would guess UTF-16 and let half characters pass.
        body = json.loads(raw.decode(), parse_constant=_refuse_constant)
        if b"\\u" in raw:
            json.dumps(body, ensure_ascii=False).encode()
    except RecursionError as error:
        raise Malformed(reason="it is nested too deeply") from error
    except UnicodeError as error:
        raise Malformed(reason="it is not text in UTF-8") from error
    except ValueError as error:
        raise Malformed(reason="it is not JSON") from error
    if not isinstance(body, dict):
        raise Malformed(reason="it is not a JSON object")
    return body


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


class Parser(FlaskParser):
    """Webargs with our errors, and strict about unknown fields everywhere."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 (as the library declares it)
        "json": RAISE,
        "query": RAISE,
        "headers": None,
    }

    def load_json(self, req: Request, schema: Schema) -> Any:
        return read_json(req)

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        raise invalid(error.messages_dict) from error


def invalid(messages: Mapping[str, Any]) -> Invalid:
    """Marshmallow's messages as our error, by field path."""
    inner = messages
    if set(messages) <= {"json", "query", "form"}:
        inner = next(iter(messages.values()))
    found: dict[str, list[FieldError]] = {}
    for path, message in _flatten(inner):
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
