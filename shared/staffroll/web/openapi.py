"""OpenAPI 3.1, made from the routes' own decorators, and a page to try it, served locally."""

from __future__ import annotations

import importlib.metadata
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import flask_swagger_ui
from flask import Flask, Response, jsonify, render_template_string, request, send_from_directory
from flask_smorest import Api

from staffroll.ids import UUID_PATTERN
from staffroll.plugins.markers import PLUGIN_NAME
from staffroll.web import fields, guard
from staffroll.web.lists import SearchText
from staffroll.web.problems import ProblemSchema
from staffroll.web.resource import Resource

_DIST: Final = Path(flask_swagger_ui.__file__).parent / "dist"

# The viewer sets inline styles, so this one page is allowed them; scripts stay local files.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"
)

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{{ url_for('api_assets', filename='swagger-ui.css') }}">
</head>
<body>
<div id="swagger-ui" data-spec="{{ url_for('openapi_document') }}"></div>
<script src="{{ url_for('api_assets', filename='swagger-ui-bundle.js') }}"></script>
<script src="{{ url_for('api_start') }}"></script>
</body>
</html>
"""

_START: Final = """const place = document.getElementById("swagger-ui");
SwaggerUIBundle({url: place.dataset.spec, domNode: place, persistAuthorization: false});
"""


class _Api(Api):  # type: ignore[misc]
    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        """Errors are answered by `staffroll.web.problems`."""


def _id_schema(_: object) -> dict[str, Any]:
    return {"type": "string", "format": "uuid", "pattern": UUID_PATTERN.pattern}


def _bucket_schema(_: object) -> dict[str, Any]:
    return {"type": "string", "pattern": "^[0-9a-f]{2}$"}


def _plugin_schema(_: object) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{PLUGIN_NAME.pattern}$"}


def install(app: Flask, *, title: str, resources: Sequence[Resource]) -> None:
    """Serve `resources` under ``/v1``, ``/openapi.json``, and ``/api``, a page to try them."""
    app.config.update(
        API_TITLE=title,
        API_VERSION=importlib.metadata.version("staffroll"),
        OPENAPI_VERSION="3.1.0",
    )
    api = _Api(
        app,
        spec_kwargs={
            "components": {
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
                }
            }
        },
    )
    api.register_converter(app.url_map.converters["id"], _id_schema)
    api.register_converter(app.url_map.converters["bucket"], _bucket_schema)
    api.register_converter(app.url_map.converters["plugin"], _plugin_schema)
    for field in (
        fields.Name,
        fields.Line,
        fields.EmailAddress,
        fields.TimeZone,
        SearchText,
    ):
        api.register_field(field, "string", None)
    api.register_field(fields.Instant, "string", "date-time")
    for resource in resources:
        app.register_blueprint(resource, url_prefix="/v1")
    _serve(app, _Document(app, api, resources), title)


class _Document:
    """What describes the routes, made when it is first asked for: that takes as long as the rest
    of a start, and most processes are never asked."""

    def __init__(self, app: Flask, api: _Api, resources: Sequence[Resource]) -> None:
        self._app = app
        self._api = api
        self._resources = resources
        self._lock = threading.Lock()
        self._made: dict[str, Any] | None = None

    def get(self) -> Mapping[str, Any]:
        """All of it but ``servers``."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> dict[str, Any]:
        spec = self._api.spec
        for resource in self._resources:
            resource.register_views_in_doc(
                self._api, self._app, spec, name=resource.name, parameters=None
            )
            spec.tag({"name": resource.name, "description": resource.description})
        made: dict[str, Any] = spec.to_dict()
        return made


def _serve(app: Flask, document: _Document, title: str) -> None:
    @app.get("/openapi.json")
    @guard.public
    def openapi_document() -> Response:
        # Where this service is mounted under a path, the paths are relative to it.
        return jsonify({**document.get(), "servers": [{"url": _mount()}]})

    @app.get("/api")
    @guard.public
    def api_page() -> Response:
        response = Response(render_template_string(_PAGE, title=title))
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    @app.get("/api/start.js")
    @guard.public
    def api_start() -> Response:
        return Response(_START, mimetype="text/javascript")

    @app.get("/api/assets/<path:filename>")
    @guard.public
    def api_assets(filename: str) -> Response:
        return send_from_directory(_DIST, filename, max_age=86_400)


def _mount() -> str:
    return request.script_root or "/"
