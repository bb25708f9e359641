"""Deny by default: a route that names no permission does not start."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint, Flask
from marshmallow import Schema

from staffroll.web import guard
from staffroll.web.guard import Guard, OpenRoute, PermissionMissing
from staffroll.web.resource import Resource
from staffroll.web.service_app import new_app
from staffroll.web.tokens import KeyRing


def an_app(resource: Resource | None = None, blueprint: Blueprint | None = None) -> Flask:
    return new_app(
        "accounts",
        title="A",
        guarded=Guard(KeyRing(list), lambda *_: None, lambda *_: None, lambda: True),
        resources=[resource] if resource else [],
        blueprints=[blueprint] if blueprint else [],
        ready={},
    )


def test_a_resource_route_without_a_permission_stops_the_start() -> None:
    bp = Resource("things", __name__)

    @bp.get("/things")
    @bp.answers(Schema)
    def things() -> dict[str, Any]:
        return {}

    with pytest.raises(OpenRoute, match="/v1/things"):
        an_app(bp)


def test_a_plain_route_that_is_not_said_to_be_public_stops_the_start() -> None:
    bp = Blueprint("plain", __name__)
    bp.add_url_rule("/plain", view_func=lambda: "x", endpoint="plain")

    with pytest.raises(OpenRoute, match="/plain"):
        an_app(blueprint=bp)


def test_r71_a_route_whose_permission_no_role_could_give_stops_the_start() -> None:
    bp = Resource("things", __name__)

    @bp.get("/things")
    @bp.needs("accounts.things:read")
    @bp.answers(Schema)
    def things(scope: Any) -> dict[str, Any]:
        return {}

    with pytest.raises(PermissionMissing, match=r"accounts\.things:read"):
        an_app(bp)


def test_routes_with_a_permission_or_public_on_purpose_start() -> None:
    bp = Resource("things", __name__)
    plain = Blueprint("plain", __name__)

    @bp.get("/things")
    @bp.needs("accounts.users:read")
    @bp.answers(Schema)
    def things(scope: Any) -> dict[str, Any]:
        return {}

    @plain.get("/plain")
    @guard.public
    def shown() -> str:
        return "x"

    client = an_app(bp, plain).test_client()

    assert client.get("/plain").status_code == 200
    assert client.get("/v1/things").status_code == 401


def test_nothing_is_served_before_the_indexes_stand() -> None:
    bp = Resource("things", __name__)

    @bp.get("/things")
    @bp.needs("accounts.users:read")
    @bp.answers(Schema)
    def things(scope: Any) -> dict[str, Any]:
        return {}

    app = an_app(bp)
    guard.install(app, Guard(KeyRing(list), lambda *_: None, lambda *_: None, lambda: False))

    assert app.test_client().get("/v1/things").status_code == 503


def test_a_bug_is_answered_without_its_details() -> None:
    bp = Blueprint("broken", __name__)

    @bp.get("/broken")
    @guard.public
    def broken() -> str:
        raise RuntimeError("mongodb://user:hush@db/")

    response = an_app(blueprint=bp).test_client().get("/broken")

    assert response.status_code == 500
    assert response.content_type == "application/problem+json"
    assert response.json is not None
    assert response.json["code"] == "internal_error"
    assert "hush" not in response.text
