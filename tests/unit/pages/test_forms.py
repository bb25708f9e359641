"""Where in a form an error stands."""

from __future__ import annotations

from typing import Any

import pytest
from flask.ctx import RequestContext
from wtforms import StringField

from staffroll.errors import FieldError, Invalid
from staffroll.web.pages import Form
from tests.unit.pages.small_app import small_app


class Parted(Form):
    """Fields of parts, and one that is called by its whole path."""

    address = StringField()
    address_city = StringField()
    roles = StringField()

    def located(self, name: str, below: str, text: str) -> str:
        return f"{below}: {text}" if below else text


Named: Any = type("Named", (Parted,), {"settings.mail": StringField()})


@pytest.fixture
def in_request() -> RequestContext:
    return small_app([]).test_request_context()


@pytest.mark.parametrize(
    ("path", "field", "text"),
    [
        ("roles", "roles", "Wrong."),
        ("roles.0", "roles", "0: Wrong."),
        ("address.city", "address_city", "Wrong."),
        ("address.city.0.name", "address_city", "0.name: Wrong."),
        ("address.street", "address", "street: Wrong."),
        ("settings.mail", "settings.mail", "Wrong."),
        ("settings.mail.to.1", "settings.mail", "to.1: Wrong."),
    ],
)
def test_an_error_stands_at_the_nearest_field_above_it(
    in_request: RequestContext, path: str, field: str, text: str
) -> None:
    with in_request:
        form = Named()
        form.refuse(Invalid(errors={path: [FieldError("wrong", "Wrong.")]}))

        assert {one.name: list(one.errors) for one in form if one.errors} == {field: [text]}
        assert form.problems == []


@pytest.mark.parametrize("path", ["settings.other", "setting", "city", "_schema", ""])
def test_an_error_of_no_field_is_said_of_the_whole_form(
    in_request: RequestContext, path: str
) -> None:
    with in_request:
        form = Named()
        form.refuse(Invalid(errors={path: [FieldError("wrong", "Wrong.")]}))

        assert form.problems == ["Wrong."]
        assert not any(one.errors for one in form)
