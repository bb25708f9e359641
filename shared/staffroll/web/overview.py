"""A plain page at ``/`` that says what runs here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from flask import Flask, Response, g, render_template_string, request

from staffroll.ids import new_id
from staffroll.web import problems

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Staffroll</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{{ root }}/overview.css">
</head>
<body>
<main>
<h1>Staffroll</h1>
<p>One human, in step as user, employee and person.</p>
{% if sign_in %}<p><a class="begin" href="{{ root }}{{ sign_in }}/">Sign in</a></p>{% endif %}
<p>These services run here:</p>
<ul>
{% for service in services %}
<li><strong>{{ service.title }}</strong>
 · <a href="{{ root }}{{ service.mount }}/api">try its API</a>
 · <a href="{{ root }}{{ service.mount }}/openapi.json">OpenAPI document</a>
 · <a href="{{ root }}{{ service.mount }}/readyz">health</a></li>
{% endfor %}
</ul>
</main>
</body>
</html>
"""

_SIGN_IN = "/account"

_STYLE = """
:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.6 }
main { max-width: 42rem; margin: 3rem auto; padding: 0 1rem }
li { margin-block: .5rem }
.begin { display: inline-block; padding: .5rem 1.25rem; border-radius: .5rem; background: #0b6e6e; color: #fff; text-decoration: none }
"""


class Listed(Protocol):
    """What the page shows of a service."""

    @property
    def title(self) -> str: ...

    @property
    def mount(self) -> str: ...


def overview(services: Iterable[Listed]) -> Flask:
    """A small app with the page, for where several services share one port."""
    listed = list(services)
    sign_in = next((one.mount for one in listed if one.mount == _SIGN_IN), None)
    app = Flask("staffroll_overview", static_folder=None)
    problems.install(app)

    @app.before_request
    def begin() -> None:
        g.request_id = new_id()

    @app.get("/")
    def page() -> Response:
        response = Response(
            render_template_string(
                _PAGE, services=listed, sign_in=sign_in, root=request.script_root
            )
        )
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.get("/overview.css")
    def style() -> Response:
        return Response(_STYLE, mimetype="text/css", headers={"Cache-Control": "max-age=3600"})

    @app.get("/healthz")
    def healthz() -> dict[str, Any]:
        return {"status": "alive"}

    return app
