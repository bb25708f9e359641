"""What of the protocol there is: for everyone, since it tells of no tenant (RFC 7644, section 4)."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from scim2_models import (
    ForbiddenException,
    Meta,
    NotFoundException,
    NotImplementedException,
    Resource,
)

from staffroll_accounts.scim import models
from staffroll_accounts.scim.answers import base_url
from staffroll_accounts.scim.resources import answer, answer_list


def service_provider_config() -> Response:
    return answer(_at("ServiceProviderConfig", models.config()))


def resource_types() -> Response:
    return _all("ResourceTypes", models.resource_types())


def resource_type(name: str) -> Response:
    return _one("ResourceTypes", name, models.resource_types())


def schemas() -> Response:
    return _all("Schemas", models.schemas())


def schema(name: str) -> Response:
    return _one("Schemas", name, models.schemas())


def not_there(**_: Any) -> Response:
    raise NotImplementedException


def _all(kind: str, found: Any) -> Response:
    if "filter" in request.args:
        raise ForbiddenException(detail="This is not filtered (RFC 7644, section 4).")
    resources = [_at(kind, one) for one in found]
    return answer_list(resources, total=len(resources))


def _one(kind: str, name: str, found: Any) -> Response:
    for one in found:
        if str(one.id).lower() == name.lower():
            return answer(_at(kind, one))
    raise NotFoundException


def _at(kind: str, resource: Resource[Any]) -> Resource[Any]:
    place = f"{base_url()}/{kind}"
    where = place if resource.id is None else f"{place}/{resource.id}"
    resource.meta = Meta(resource_type=kind.removesuffix("s"), location=where)
    return resource
