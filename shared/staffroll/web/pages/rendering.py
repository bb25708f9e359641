"""Pages on their way out, and the headers that all of them have."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, g, make_response, redirect, render_template, url_for

from staffroll.web.pages import csrf, notices, places

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
)


def page(template: str, status: int = 200, /, **values: Any) -> Response:
    """A whole page."""
    return make_response(render_template(template, **values), status)


def go(endpoint: str, **values: Any) -> Response:
    """Show another page of this service: the answer to every form that was good."""
    return go_to(url_for(endpoint, **values))


def go_to(address: str) -> Response:
    """The same, for an address; one that came from outside goes through `Places.safe` before."""
    answer = redirect(address, 303)
    assert isinstance(answer, Response)
    return answer


def secure(response: Response) -> Response:
    """What every page tells the browser, and has it keep."""
    # Browsers look at where a form leads in the end: signing in may lead to another service.
    targets = " ".join(["'self'", *sorted(places.current().origins())])
    response.headers["Content-Security-Policy"] = f"{_POLICY}form-action {targets}"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    if "retry_after" in g:
        response.headers["Retry-After"] = str(g.retry_after)
    return notices.keep(csrf.keep_secret(response))
