"""What of the protocol there is: for everyone, since it tells of no tenant (RFC 7644, section 4)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from scim2_models import (
    ForbiddenException,
    Meta,
    NotFoundException,
    NotImplementedException,
    Resource,
)

from staffroll.web import guard
from staffroll_accounts.scim import models
from staffroll_accounts.scim.access import Access
from staffroll_accounts.scim.answers import answer, answer_list, base_url


def add_discovery(bp: Blueprint, access: Access) -> None:
    """The routes of discovery, and of what there is not."""

    @bp.get("/ServiceProviderConfig")
    @guard.public
    def service_provider_config() -> Response:
        return answer(_at("ServiceProviderConfig", models.config()))

    @bp.get("/ResourceTypes")
    @guard.public
    def resource_types() -> Response:
        return _all("ResourceTypes", models.resource_types())

    @bp.get("/ResourceTypes/<name>")
    @guard.public
    def resource_type(name: str) -> Response:
        return _one("ResourceTypes", name, models.resource_types())

    @bp.get("/Schemas")
    @guard.public
    def schemas() -> Response:
        return _all("Schemas", models.schemas())

    @bp.get("/Schemas/<name>")
    @guard.public
    def schema(name: str) -> Response:
        return _one("Schemas", name, models.schemas())

    @bp.route("/Me", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    @bp.post("/Bulk")
    @bp.post("/.search")
    @access.needs()
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
