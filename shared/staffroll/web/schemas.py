"""``/schemas/<type>.json``: what events carry, as JSON Schema; their ``dataschema`` points here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apispec import APISpec
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask import Flask, Response, jsonify
from marshmallow import Schema

from staffroll.errors import NotFound
from staffroll.events import EVENTS, REQUESTS
from staffroll.plugins.facts import in_language
from staffroll.web import guard

_TEXTS: Final = ("title", "description")
_INNER: Final = ("items", "additionalProperties")
"""Keywords under which a schema stands within another, of those that fields are converted to."""
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(event_type: str, payload: Schema) -> dict[str, Any]:
    """The payload of an event type as JSON Schema; personal fields have ``x-personal``."""
    found = _converted(payload)
    for name, field in payload.fields.items():
        if field.metadata.get("personal"):
            found["properties"][field.data_key or name]["x-personal"] = True
    return {"$schema": _DIALECT, "title": event_type, **found}


def settings_schema(schema: type[Schema], language: str) -> dict[str, Any]:
    """The settings of a plugin as JSON Schema, for who reads this language (BCP 47).

    Secret ones are ``writeOnly``.
    """
    settings = schema()
    found = _spoken(_converted(settings), language)
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


def _spoken(found: dict[str, Any], language: str) -> dict[str, Any]:
    """The schema with titles and descriptions as they are in this language."""

    def one(keyword: str, value: Any) -> Any:
        if keyword in _TEXTS and isinstance(value, Mapping):
            return in_language(value, language)
        if keyword == "properties":
            return {name: _spoken(inner, language) for name, inner in value.items()}
        return _spoken(value, language) if keyword in _INNER and isinstance(value, dict) else value

    return {keyword: one(keyword, value) for keyword, value in found.items()}


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
