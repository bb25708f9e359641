"""What events carry, as JSON Schema under the address that they name."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from flask import Flask
from jsonschema_rs import validator_for

from staffroll.events import EVENTS, REQUESTS, Cause, UserErased
from staffroll.web import problems, schemas


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    problems.install(app)
    schemas.install(app)
    return app


@pytest.mark.parametrize("event_type", [*EVENTS, *REQUESTS])
def test_every_type_has_a_schema_that_is_one(app: Flask, event_type: str) -> None:
    response = app.test_client().get(f"/schemas/{event_type}.json")

    assert (response.status_code, response.mimetype) == (200, "application/schema+json")
    assert response.json is not None
    assert response.json["title"] == event_type
    validator_for(response.json)


def test_what_an_event_carries_fits_the_schema_it_names(app: Flask) -> None:
    cause = Cause("export", "acme", "system:export", datetime.now(UTC))
    document = json.loads(cause.event("user.erased", "u", 1, UserErased("export")).to_json())

    schema = app.test_client().get(document["dataschema"]).json

    assert validator_for(schema).is_valid(document["data"])
    assert not validator_for(schema).is_valid({})


def test_fields_about_a_person_are_marked_and_later_fields_allowed(app: Flask) -> None:
    schema = app.test_client().get("/schemas/user.created.json").json

    assert schema is not None
    assert schema["properties"]["email"]["x-personal"] is True
    assert "x-personal" not in schema["properties"]["status"]
    assert schema.get("additionalProperties", True) is True


def test_there_is_no_schema_of_what_nobody_says(app: Flask) -> None:
    assert app.test_client().get("/schemas/user.cloned.json").status_code == 404
