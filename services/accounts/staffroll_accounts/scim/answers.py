"""The form of what is answered, ``application/scim+json``, and errors in it.

Made without the library of SCIM, so that nobody who is refused has it loaded (see `routes`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import HTTPException

from staffroll import errors
from staffroll.errors import StaffrollError
from staffroll.faults import log_fault
from staffroll.giving import RoleNotYours
from staffroll.mongo.client import AWAY
from staffroll.web import problems
from staffroll_accounts.domain.errors import AccountNotYours, EmailTaken, RoleNameTaken

PREFIX: Final = "/scim/v2"
MEDIA_TYPE: Final = "application/scim+json"
TAKEN: Final = (MEDIA_TYPE, "application/json")

_ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"

_NAMES: Final[Mapping[str, str]] = {
    "email": "userName",
    "first_name": "name.givenName",
    "last_name": "name.familyName",
    "language": "preferredLanguage",
    "time_zone": "timezone",
    "name": "displayName",
}
"""What our fields are called there."""


def base_url() -> str:
    """Where this service stands for whoever is asking."""
    return f"{request.root_url.rstrip('/')}{PREFIX}"


def etag_of(version: int) -> str:
    """A version as an entity tag: weak, since names of groups are shown as well."""
    return f'W/"{version}"'


def expected_version() -> int | None:
    """The version that the client asks for with ``If-Match``; None for any."""
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return None
    text = header.removeprefix("W/").strip('"')
    # What is no version of ours matches none.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


def in_form(document: Mapping[str, Any], status: int) -> Response:
    """A document as a response."""
    return Response(
        json.dumps(document, ensure_ascii=False), status=status, content_type=MEDIA_TYPE
    )


def refusal(status: int, detail: str, scim_type: str | None = None) -> Response:
    """An error in the form of RFC 7644, section 3.12."""
    document: dict[str, Any] = {"schemas": [_ERROR], "status": str(int(status))}
    if scim_type is not None:
        document["scimType"] = scim_type
    return in_form({**document, "detail": detail}, status)


def answer_errors(bp: Blueprint) -> None:
    """Answer every error of the blueprint in the form of SCIM."""
    bp.register_error_handler(StaffrollError, _on_ours)
    bp.register_error_handler(UnicodeEncodeError, _on_half_character)
    bp.register_error_handler(RecursionError, _on_depth)
    bp.register_error_handler(HTTPException, _on_http)
    for status in problems.HTTP_CODES:
        # Else a handler that the app has for one of them would come first.
        bp.register_error_handler(status, _on_http)
    bp.register_error_handler(Exception, _on_other)
    for away in AWAY:
        bp.register_error_handler(away, _on_database_away)


def _on_ours(error: StaffrollError) -> Response:
    status, scim_type = _meaning(error)
    said = [
        f"{_NAMES.get(name, name)}: {item.text()}"
        for name, items in error.errors.items()
        for item in items
    ]
    response = refusal(status, " ".join(said) or error.detail, scim_type)
    headers = problems.problem(error).headers
    for name in ("Retry-After", "WWW-Authenticate"):
        if name in headers:
            response.headers[name] = headers[name]
    return response


def _meaning(error: StaffrollError) -> tuple[int, str | None]:
    """The status and ``scimType`` of an error of ours."""
    if isinstance(error, EmailTaken | RoleNameTaken):
        return HTTPStatus.CONFLICT, "uniqueness"
    if isinstance(error, RoleNotYours | AccountNotYours):
        return HTTPStatus.FORBIDDEN, None
    if isinstance(error, errors.Refused):
        return HTTPStatus.BAD_REQUEST, "mutability"
    if isinstance(error, errors.Malformed):
        return problems.status_of(type(error)), "invalidSyntax"
    if isinstance(error, errors.Invalid):
        return HTTPStatus.BAD_REQUEST, "invalidValue"
    return problems.status_of(type(error)), None


def _on_half_character(_: UnicodeEncodeError) -> Response:
    detail = "Half a character (a lone surrogate) is no text."
    return refusal(HTTPStatus.BAD_REQUEST, detail, "invalidValue")


def _on_depth(_: RecursionError) -> Response:
    return refusal(HTTPStatus.BAD_REQUEST, "This is nested too deeply.", "invalidSyntax")


def _on_http(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or 500)
    _, detail = problems.HTTP_CODES.get(status.value, ("", f"{status.phrase}."))
    response = refusal(status, detail)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _on_database_away(error: Exception) -> Response:
    del error
    return _on_ours(errors.DatabaseAway())


def _on_other(error: Exception) -> Response:
    """The library's own errors have no handlers by class, since that would load it."""
    from staffroll_accounts.scim.resources import refusal_of

    return refusal_of(error) or _on_bug(error)


def _on_bug(error: Exception) -> Response:
    log_fault("unexpected_error", error, request_id=g.get("request_id"))
    _, detail = problems.HTTP_CODES[HTTPStatus.INTERNAL_SERVER_ERROR]
    return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, detail)
