"""Errors on their way out: RFC 9457 problem documents.

The only place that knows which family of errors has which HTTP status.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from flask import Flask, Response, g
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException

from staffroll import errors
from staffroll.errors import FieldError, StaffrollError
from staffroll.faults import log_fault
from staffroll.mongo.client import AWAY

PROBLEM_JSON: Final = "application/problem+json"

STATUS: Final[Mapping[type[StaffrollError], HTTPStatus]] = {
    errors.Malformed: HTTPStatus.BAD_REQUEST,
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Stale: HTTPStatus.PRECONDITION_FAILED,
    errors.ConfirmationNeeded: HTTPStatus.PRECONDITION_REQUIRED,
    errors.Refused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

HTTP_CODES: Final[Mapping[int, tuple[str, str]]] = {
    400: ("bad_request", "The request could not be understood."),
    404: ("not_found", errors.NotFound.wording),
    405: ("method_not_allowed", "This address does not know that method."),
    406: ("not_acceptable", "There is no such form of this."),
    408: ("request_timeout", "The request took too long to arrive."),
    413: ("body_too_large", "The body is larger than is taken here: 1 MiB unless it says more."),
    414: ("address_too_long", "The address is too long."),
    431: ("headers_too_large", "The headers are too large."),
    500: (
        "internal_error",
        "Something went wrong on our side. The request id helps us to find out what.",
    ),
}
"""What is answered where no error of ours was raised."""

_log = structlog.get_logger()


class WrongContentType(errors.Malformed):
    code = "wrong_content_type"
    wording = "Send the body as {expected}."


class ProblemSchema(Schema):
    """An error, in the form of RFC 9457."""

    type = fields.String(required=True, metadata={"description": "Identifies the kind of problem."})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "Stable; for programs."})
    detail = fields.String(required=True, metadata={"description": "For people."})
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.Dict(keys=fields.String(), values=fields.String())),
        metadata={"description": "What is wrong, by field: a list of code and detail."},
    )
    request_id = fields.String(required=True)


def status_of(error: type[StaffrollError]) -> HTTPStatus:
    """The HTTP status of an error's family."""
    if issubclass(error, WrongContentType):
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    for family in error.__mro__:
        if family in STATUS:
            return STATUS[family]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def field_errors(found: Mapping[str, list[FieldError]]) -> dict[str, list[dict[str, str]]]:
    """Field errors in the form that travels."""
    return {
        name: [{"code": item.code, "detail": item.text()} for item in items]
        for name, items in found.items()
    }


def problem(error: StaffrollError) -> Response:
    """The error as a response."""
    response = _response(
        status_of(type(error)), error.code, error.detail, field_errors(error.errors)
    )
    retry_after = getattr(error, "retry_after_seconds", None)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    if isinstance(error, errors.Unauthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _response(
    status: HTTPStatus,
    code: str,
    detail: str,
    by_field: Mapping[str, Any] | None = None,
    **members: object,
) -> Response:
    document: dict[str, Any] = {
        "type": f"urn:staffroll:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
        "request_id": g.get("request_id", ""),
        **members,
    }
    if by_field:
        document["errors"] = by_field
    return Response(
        json.dumps(document, ensure_ascii=False), status=status.value, mimetype=PROBLEM_JSON
    )


def passed_on(
    family: type[StaffrollError],
    code: str,
    detail: str,
    by_field: Mapping[str, Any],
    **members: object,
) -> Response:
    """What another service refused with, as a response.

    Args:
        family: Says the status.
        by_field: As `field_errors` gives it.
        members: Extension members of the document (RFC 9457, section 3.2).
    """
    return _response(status_of(family), code, detail, by_field, **members)


def on_http_exception(error: HTTPException) -> Response:
    """What Flask itself refuses, as a response."""
    status = HTTPStatus(error.code or 500)
    if status.value < HTTPStatus.BAD_REQUEST:
        return Response(
            response=error.get_response().response,
            status=status.value,
            headers=[(name, value) for name, value in error.get_headers() if name == "Location"],
        )
    code, detail = HTTP_CODES.get(status.value, (status.name.lower(), f"{status.phrase}."))
    response = _response(status, code, detail)
    for name, value in error.get_headers():
        if name in ("Allow", "Content-Range", "Retry-After"):
            response.headers[name] = value
    return response


def _on_database_away(error: Exception) -> Response:
    _log.warning("database_away", error=type(error).__name__)
    return problem(errors.DatabaseAway())


def _on_bug(error: Exception) -> Response:
    log_fault("unexpected_error", error, request_id=g.get("request_id"))
    return _response(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        *HTTP_CODES[HTTPStatus.INTERNAL_SERVER_ERROR],
    )


def install(app: Flask) -> None:
    """Answer every error of `app` with a problem document."""
    app.register_error_handler(StaffrollError, problem)
    app.register_error_handler(HTTPException, on_http_exception)
    for away in AWAY:
        app.register_error_handler(away, _on_database_away)
    app.register_error_handler(Exception, _on_bug)
