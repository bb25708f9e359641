"""The frame of every service's app: request ids, errors, health, metrics, log, OpenAPI."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import structlog
from flask import Blueprint, Flask, Response, g, jsonify, request
from structlog.contextvars import bind_contextvars, clear_contextvars
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from staffroll.ids import new_id
from staffroll.mongo.client import AWAY
from staffroll.observing import metrics
from staffroll.plugins.markers import PLUGIN_NAME
from staffroll.web import guard, openapi, problems, schemas
from staffroll.web.guard import Guard
from staffroll.web.pages.install import Pages, install_pages
from staffroll.web.resource import Resource

MAX_BODY_BYTES: Final = 1024 * 1024

BROKER_CHECK: Final = "broker"

ReadyCheck = Callable[[], str | None]
"""None when all is well; else what is being waited for, in a few words."""

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")

_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})

_log = structlog.get_logger()


class IdConverter(BaseConverter):
    """A UUID in a path; anything else is no such address."""

    regex = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class BucketConverter(BaseConverter):
    """Two hex digits."""

    regex = "[0-9a-f]{2}"


class PluginConverter(BaseConverter):
    """The name of a plugin."""

    regex = PLUGIN_NAME.pattern


def new_app(
    service: str,
    *,
    title: str,
    guarded: Guard,
    resources: Sequence[Resource],
    ready: Mapping[str, ReadyCheck],
    notes: Mapping[str, ReadyCheck] = MappingProxyType({}),
    blueprints: Sequence[Blueprint] = (),
    pages: Pages | None = None,
    trusted_proxies: int = 0,
) -> Flask:
    """An app that serves `resources` under ``/v1`` and everything that all services have.

    Args:
        ready: What the service cannot do without.
        notes: What ``readyz`` tells besides; the service is ready all the same.
        pages: What it shows to people; None where it shows nothing.
        trusted_proxies: How many proxies of ours stand before it; so many entries of
            ``X-Forwarded-For``, from the end, are believed.
    Raises:
        OpenRoute: A route names neither a permission nor that it is public.
    """
    app = Flask(f"staffroll_{service}", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.converters["id"] = IdConverter
    app.url_map.converters["bucket"] = BucketConverter
    app.url_map.converters["plugin"] = PluginConverter
    app.url_map.strict_slashes = False
    if trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=trusted_proxies, x_proto=trusted_proxies
        )
    guard.install(app, guarded)
    problems.install(app)
    _install_request_log(app, service)
    _install_health(app, ready, notes)
    schemas.install(app)
    openapi.install(app, title=title, resources=resources)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    if pages is not None:
        install_pages(app, service, pages)
    guard.refuse_open_routes(app)
    return app


def _install_request_log(app: Flask, service: str) -> None:
    @app.before_request
    def begin() -> None:
        asked = request.headers.get("X-Request-Id", "")
        g.request_id = asked if _REQUEST_ID.match(asked) else new_id()
        g.began = time.perf_counter()
        clear_contextvars()
        bind_contextvars(service=service, request_id=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Cache-Control", "no-store")
        seconds = time.perf_counter() - g.began
        route = request.url_rule.rule if request.url_rule else "unknown"
        # Strangers may invent methods, and each label is kept for ever.
        method = request.method if request.method in _METHODS else "other"
        metrics.REQUESTS.labels(service, method, route, response.status_code).inc()
        metrics.DURATION.labels(service, method, route).observe(seconds)
        # The route, not the address: queries and ids may be personal.
        _log.info(
            "request",
            method=request.method,
            route=route,
            status=response.status_code,
            milliseconds=round(seconds * 1000, 1),
            tenant=g.get("tenant_id"),
        )
        return response


def _ask(check: ReadyCheck) -> str:
    try:
        return check() or "ok"
    except AWAY:
        return "the database does not answer"


def _install_health(
    app: Flask, ready: Mapping[str, ReadyCheck], notes: Mapping[str, ReadyCheck]
) -> None:
    @app.get("/healthz")
    @guard.public
    def healthz() -> Response:
        return jsonify({"status": "alive"})

    @app.get("/readyz")
    @guard.public
    def readyz() -> tuple[Response, int]:
        checks: dict[str, Any] = {name: _ask(check) for name, check in ready.items()}
        # A broker that is away is said, but takes no replica out of service: changes are
        # accepted meanwhile, and sent later.
        is_ready = all(checks[name] == "ok" for name in checks if name != BROKER_CHECK)
        if is_ready:
            # Otherwise the database may be away, which each note would wait for once more.
            checks |= {name: _ask(note) for name, note in notes.items()}
        status = "ready" if is_ready else "waiting"
        return jsonify({"status": status, "checks": checks}), 200 if is_ready else 503

    @app.get("/metrics")
    @guard.public
    def exposition() -> Response:
        body, content_type = metrics.exposition()
        return Response(body, content_type=content_type)
