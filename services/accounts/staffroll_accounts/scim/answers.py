"""What is answered: resources, lists and errors, as ``application/scim+json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, g, request
from pydantic import ValidationError
from scim2_models import (
    Context,
    Error,
    ListResponse,
    Resource,
    ResponseParameters,
    SCIMException,
)
from werkzeug.exceptions import HTTPException

from staffroll import errors
from staffroll.errors import StaffrollError
from staffroll.faults import log_fault
from staffroll.giving import RoleNotYours
from staffroll.mongo.client import AWAY
from staffroll.web import problems
from staffroll_accounts.domain.errors import AccountNotYours, EmailTaken, RoleNameTaken
from staffroll_accounts.scim.models import POLICY

PREFIX: Final = "/scim/v2"
MEDIA_TYPE: Final = "application/scim+json"
TAKEN: Final = (MEDIA_TYPE, "application/json")

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


def answer(
    resource: Resource[Any], parameters: ResponseParameters[Any] | None = None, status: int = 200
) -> Response:
    """A resource, with its version and its address where it has them."""
    response = _response(_dump(resource, parameters), status)
    meta = resource.meta
    if meta is not None and meta.location and status == HTTPStatus.CREATED:
        response.headers["Location"] = meta.location
    if meta is not None and meta.version:
        response.set_etag(meta.version.removeprefix("W/").strip('"'), weak=True)
        response.make_conditional(request)
    return response


def answer_list(
    resources: Sequence[Resource[Any]],
    *,
    total: int,
    start: int = 1,
    parameters: ResponseParameters[Any] | None = None,
) -> Response:
    """Resources as a page of a list."""
    document = {
        "schemas": [ListResponse.__schema__],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": [_dump(one, parameters) for one in resources],
    }
    return _response(document, HTTPStatus.OK)


def _dump(resource: Resource[Any], parameters: ResponseParameters[Any] | None) -> dict[str, Any]:
    return resource.model_dump(
        scim_ctx=Context.RESOURCE_QUERY_RESPONSE,
        response_parameters=parameters,
        scim_policy=POLICY,
    )


def _response(document: Mapping[str, Any], status: int) -> Response:
    return Response(
        json.dumps(document, ensure_ascii=False), status=status, content_type=MEDIA_TYPE
    )


def refusal(status: int, detail: str, scim_type: str | None = None) -> Response:
    """An error in the form of RFC 7644, section 3.12."""
    error = Error(status=status, scim_type=scim_type, detail=detail)
    return _response(error.model_dump(), status)


def answer_errors(bp: Blueprint) -> None:
    """Answer every error of the blueprint in the form of SCIM."""
    bp.register_error_handler(StaffrollError, _on_ours)
    bp.register_error_handler(SCIMException, _on_scim)
    bp.register_error_handler(ValidationError, _on_form)
    bp.register_error_handler(UnicodeEncodeError, _on_half_character)
    bp.register_error_handler(RecursionError, _on_depth)
    bp.register_error_handler(HTTPException, _on_http)
    for status in problems.HTTP_CODES:
        # Else a handler that the app has for one of them would come first.
        bp.register_error_handler(status, _on_http)
    bp.register_error_handler(Exception, _on_bug)
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


def _on_scim(error: SCIMException) -> Response:
    found = error.to_error()
    return refusal(found.status or HTTPStatus.BAD_REQUEST, error.detail, found.scim_type)


def _on_form(error: ValidationError) -> Response:
    found = Error.from_validation_errors(error.errors(include_input=False, include_url=False))
    said = " ".join(f"{one.detail}." for one in found)
    return refusal(found[0].status or HTTPStatus.BAD_REQUEST, said, found[0].scim_type)


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


def _on_bug(error: Exception) -> Response:
    log_fault("unexpected_error", error, request_id=g.get("request_id"))
    _, detail = problems.HTTP_CODES[HTTPStatus.INTERNAL_SERVER_ERROR]
    return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, detail)
