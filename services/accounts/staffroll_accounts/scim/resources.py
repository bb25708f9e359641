"""Answers made with the library of SCIM: resources, lists of them, and what it refuses itself."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Response, request
from pydantic import ValidationError
from scim2_models import (
    Context,
    Error,
    ListResponse,
    Resource,
    ResponseParameters,
    SCIMException,
)

from staffroll_accounts.scim.answers import in_form, refusal
from staffroll_accounts.scim.models import POLICY


def answer(
    resource: Resource[Any], parameters: ResponseParameters[Any] | None = None, status: int = 200
) -> Response:
    """A resource, with its version and its address where it has them."""
    response = in_form(_dump(resource, parameters), status)
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
    return in_form(document, HTTPStatus.OK)


def _dump(resource: Resource[Any], parameters: ResponseParameters[Any] | None) -> dict[str, Any]:
    return resource.model_dump(
        scim_ctx=Context.RESOURCE_QUERY_RESPONSE,
        response_parameters=parameters,
        scim_policy=POLICY,
    )


def refusal_of(error: Exception) -> Response | None:
    """What the library refuses, as a response; None for an error that is none of its own."""
    if isinstance(error, SCIMException):
        found = error.to_error()
        return refusal(found.status or HTTPStatus.BAD_REQUEST, error.detail, found.scim_type)
    if isinstance(error, ValidationError):
        return _on_form(error)
    return None


def _on_form(error: ValidationError) -> Response:
    found = Error.from_validation_errors(error.errors(include_input=False, include_url=False))
    said = " ".join(f"{one.detail}." for one in found)
    return refusal(found[0].status or HTTPStatus.BAD_REQUEST, said, found[0].scim_type)
