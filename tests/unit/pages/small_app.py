"""A service with a handful of pages and no database, and a browser that keeps its cookies."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Flask, Response
from flask.testing import FlaskClient
from jinja2 import DictLoader
from joserfc import jwt
from joserfc.jwk import OKPKey
from marshmallow import Schema, fields, validate
from werkzeug.test import TestResponse
from wtforms import PasswordField, StringField

from staffroll.errors import Conflict, FieldError
from staffroll.ids import new_id
from staffroll.settings import ServiceSettings
from staffroll.standing import Standing
from staffroll.web.guard import Guard
from staffroll.web.pages import (
    ConfirmForm,
    Form,
    PageGroup,
    Pages,
    Reader,
    gettext,
    go,
    notice,
    page,
)
from staffroll.web.resource import Resource
from staffroll.web.service_app import new_app
from staffroll.web.tokens import ALGORITHM, AUDIENCE, KeyRing

READ, EDIT = "people.profile:read", "people.profile:edit"
KEY = OKPKey.generate_key("Ed25519", parameters={"kid": "k", "use": "sig"})
USER = new_id()

TEMPLATES = {
    "small/drop.html": '{% extends "pages/confirm.html" %}{% block title %}Drop{% endblock %}',
    "small/list.html": '{% extends "pages/layout.html" %}{% block main %}<h1>Things</h1>{% endblock %}',
    "small/form.html": '{% extends "pages/layout.html" %}{% block main %}'
    "{{ kit.form_start(form) }}{{ kit.field(form.name) }}{{ kit.field(form.secret) }}"
    '{{ kit.submit("Save") }}{{ kit.form_end() }}{% endblock %}',
}


class ThingSchema(Schema):
    name = fields.String(required=True, validate=validate.Length(max=5))


class ThingForm(Form):
    name = StringField("Name")
    secret = PasswordField("Secret")


def small_app(done: list[str], also: Sequence[PageGroup] = ()) -> Flask:
    """People's app with pages at ``/things``, and its API at ``/v1/things``.

    Args:
        done: Every change that was made is noted here.
    """
    bp = PageGroup("thing_pages", __name__)
    api = Resource("things", __name__)

    @bp.get("/things")
    @bp.needs(READ)
    def show(scope: Any) -> Response:
        return page("small/list.html")

    @bp.form("/things/new")
    @bp.needs(READ)
    def create(scope: Any) -> Response:
        form = ThingForm()
        if form.is_good():
            with form.refusals(secret=Conflict):
                name = form.load(ThingSchema)["name"]
                if name == "taken":
                    raise Conflict(errors={"name": [FieldError("taken", Conflict.wording)]})
                if name == "hush":
                    raise Conflict
                done.append(name)
                notice(gettext("Account"))
                return go(".show")
        return page("small/form.html", form.status, form=form)

    @bp.does("/things/melt")
    @bp.needs(READ)
    def melt(scope: Any) -> Response:
        done.append("melted")
        return go(".show")

    @bp.form("/things/drop")
    @bp.needs(READ)
    def drop(scope: Any) -> Response:
        form = ConfirmForm("All things go.")
        if form.is_confirmed():
            done.append("dropped")
            return go(".show")
        return page("small/drop.html", form.status, form=form, act="Drop", cancel="/things")

    @bp.form("/things/careless")
    @bp.needs(READ)
    def careless(scope: Any) -> Response:
        return page("small/list.html")

    @bp.get("/things/fresh")
    @bp.needs(READ, fresh=True)
    def fresh(scope: Any) -> Response:
        return page("small/list.html")

    @bp.get("/things/for-few")
    @bp.needs(EDIT)
    def for_few(scope: Any) -> Response:
        return page("small/list.html")

    @bp.get("/things/broken")
    @bp.needs(READ)
    def broken(scope: Any) -> Response:
        raise RuntimeError("mongodb://user:hush@db/")

    @api.get("/things")
    @api.needs(READ)
    @api.answers(Schema)
    def things(scope: Any) -> dict[str, Any]:
        return {}

    def reader(tenant_id: str, user_id: str) -> Reader:
        return Reader("Bo <b>Berg</b>", "Acme", "de-CH", "Asia/Kathmandu")

    given = Standing(is_active=True, token_generation=1, permissions=frozenset({READ}))
    settings = ServiceSettings(mongodb_uri="mongodb://nowhere/")
    app = new_app(
        "people",
        title="People",
        guarded=Guard(
            KeyRing(lambda: [KEY.as_dict(private=False)]),
            lambda *_: given,
            lambda *_: None,
            lambda: True,
        ),
        resources=[api],
        ready={},
        pages=Pages(
            settings=settings, folder=Path(__file__).parent, reader=reader, groups=[bp, *also]
        ),
    )
    bp.jinja_loader = DictLoader(TEMPLATES)  # type: ignore[assignment]
    return app


def token(
    *, left: float = 500, life: float = 600, entered: float = 0, scope: str | None = None
) -> str:
    """An access token.

    Args:
        left: Seconds until it expires.
        entered: How many seconds ago the password was entered.
        scope: What it is narrowed to.
    """
    now = time.time()
    claims: dict[str, Any] = {
        "sub": USER,
        "tid": "acme",
        "perms": [READ],
        "gen": 1,
        "aud": AUDIENCE,
        "iat": now + left - life,
        "exp": now + left,
        "auth_time": now - entered,
    }
    if scope is not None:
        claims["scope"] = scope
    header = {"alg": ALGORITHM, "kid": "k", "typ": "at+jwt"}
    return jwt.encode(header, claims, KEY, algorithms=[ALGORITHM])


class Browser:
    """Somebody at the small app, signed in unless `signed_in` is None."""

    def __init__(self, app: Flask, signed_in: str | None = "") -> None:
        self.client: FlaskClient = app.test_client()
        if signed_in is not None:
            self.client.set_cookie("staffroll-access", signed_in or token())

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **options)

    def post(self, path: str, **sent: str) -> TestResponse:
        """As the page does, with the token of its form."""
        return self.client.post(path, data={"csrf_token": self.csrf_token(), **sent})

    def csrf_token(self) -> str:
        shown = self.get("/things/new")
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', shown.text)
        assert found, shown.text
        return found[1]
