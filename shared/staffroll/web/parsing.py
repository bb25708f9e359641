"""Reading what clients send: form only, never the database. Bad input is always 4xx."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from flask import Request
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser

from staffroll.errors import Malformed
from staffroll.schema_errors import invalid
from staffroll.web.problems import WrongContentType

JSON_TYPES: Final = ("application/json", "application/merge-patch+json")


def read_json(request: Request, media_types: Sequence[str] = JSON_TYPES) -> Any:
    """The body as JSON.

    Args:
        media_types: What it may be declared as; the first is named where it is not.
    Raises:
        WrongContentType: It is declared as something else, or not at all.
        Malformed: It is not JSON in UTF-8 (RFC 8259), or too deep.
    """
    if request.mimetype not in media_types:
        raise WrongContentType(expected=media_types[0])
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
        raise invalid(_of_location(error.messages_dict)) from error


def _of_location(messages: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without the part of the request that webargs names around them."""
    if set(messages) <= {"json", "query", "form"}:
        inner: Mapping[str, Any] = next(iter(messages.values()))
        return inner
    return messages
