"""``/schemas/<type>.json``: what events carry, as JSON Schema; their ``dataschema`` points here."""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask import Flask, Response, jsonify
from marshmallow import Schema

from staffroll.errors import NotFound
from staffroll.events import EVENTS, REQUESTS
from staffroll.web import guard

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(event_type: str, payload: Schema) -> dict[str, Any]:
    """The payload of an event type as JSON Schema; personal fields have ``x-personal``."""
    found = _converted(payload)
    for name, field in payload.fields.items():
        if field.metadata.get("personal"):
            found["properties"][field.data_key or name]["x-personal"] = True
    return {"$schema": _DIALECT, "title": event_type, **found}


def settings_schema(schema: type[Schema]) -> dict[str, Any]:
    """The settings of a plugin as JSON Schema; secret ones are ``writeOnly``."""
    settings = schema()
    found = _converted(settings)
    for name, field in settings.fields.items():
        if field.metadata.get("secret"):
            found["properties"][field.data_key or name]["writeOnly"] = True
    return {"$schema": _DIALECT, **found}


def _converted(schema: Schema) -> dict[str, Any]:
    converter: Any = OpenAPIConverter(
        "3.1.0", schema_name_resolver=lambda _schema: None, spec=APISpec("", "", "3.1.0")
    )
    found: dict[str, Any] = converter.schema2jsonschema(schema)
    return found


def install(app: Flask) -> None:
    """Serve the schemas of all events and requests, which are no secret."""

    @app.get("/schemas/<event_type>.json")
    @guard.public
    def event_schema(event_type: str) -> Response:
        payload = {**EVENTS, **REQUESTS}.get(event_type)
        if payload is None:
            raise NotFound
        response = jsonify(json_schema(event_type, payload))
        response.headers["Cache-Control"] = "public, max-age=3600"
        response.mimetype = "application/schema+json"
        return response
