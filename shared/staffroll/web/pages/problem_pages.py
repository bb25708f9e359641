"""Errors as pages: what happened, what to do, and the request's id."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from staffroll import errors
from staffroll.errors import Forbidden, StaffrollError, Unauthenticated
from staffroll.faults import log_fault
from staffroll.scope import StepUpNeeded
from staffroll.web.guard import TokenNarrowed
from staffroll.web.pages import cookies, detours, said
from staffroll.web.pages.rendering import page, secure
from staffroll.web.pages.words import gettext, lazy_gettext
from staffroll.web.problems import HTTP_CODES, status_of

_TITLES = {
    HTTPStatus.FORBIDDEN: lazy_gettext("You may not do this"),
    HTTPStatus.NOT_FOUND: lazy_gettext("There is nothing here"),
    HTTPStatus.TOO_MANY_REQUESTS: lazy_gettext("Too often"),
    HTTPStatus.SERVICE_UNAVAILABLE: lazy_gettext("Not at the moment"),
    HTTPStatus.INTERNAL_SERVER_ERROR: lazy_gettext("That was our fault"),
}
_OTHER = lazy_gettext("This did not work")
_WAIT_SECONDS = 2

_log = structlog.get_logger()


def on_refusal(error: StaffrollError) -> Response:
    """Whoever only has to sign in, or say their password, goes there; others are told."""
    if isinstance(error, Unauthenticated):
        is_in_circles = request.method != "POST" and bool(cookies.get(cookies.REFRESHED))
        return _wait() if is_in_circles else detours.by(detours.REFRESH)
    if isinstance(error, TokenNarrowed):
        return detours.by(detours.FIRST_STEPS)
    if isinstance(error, StepUpNeeded):
        return detours.by(detours.STEP_UP)
    if isinstance(error, Forbidden) and type(error) is Forbidden:
        text = gettext("Ask an admin of your organisation for a role that allows it.")
        missing = str(error.data.get("permission", ""))
        return problem_page(HTTPStatus.FORBIDDEN, text, missing=missing)
    retry_after = getattr(error, "retry_after_seconds", None)
    text = " ".join(said.of_all(error))
    return problem_page(status_of(type(error)), text, retry_after=retry_after)


def on_http_error(error: HTTPException) -> Response:
    """What Flask itself refuses."""
    if error.response is not None:
        assert isinstance(error.response, Response)
        return error.response
    status = HTTPStatus(error.code or 500)
    if status < HTTPStatus.BAD_REQUEST:
        return Response(status=status.value, headers=dict(error.get_headers()))
    text = HTTP_CODES.get(status.value, ("", f"{status.phrase}."))[1]
    return problem_page(status, gettext(text))


def on_database_away(error: Exception) -> Response:
    """The same page as for everything that cannot be done right now."""
    _log.warning("database_away", error=type(error).__name__)
    return on_refusal(errors.DatabaseAway())


def on_bug(error: Exception) -> Response:
    """The reader gets an id that leads to the fault in the log."""
    log_fault("unexpected_error", error, request_id=g.get("request_id"))
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return problem_page(status, gettext(HTTP_CODES[status.value][1]))


def problem_page(
    status: HTTPStatus, text: str, *, missing: str = "", retry_after: int | None = None
) -> Response:
    """The page for an answer with an error's status."""
    if retry_after is not None:
        g.retry_after = retry_after
    title = _TITLES.get(status, _OTHER)
    shown = page("pages/problem.html", status.value, title=title, text=text, missing=missing)
    return secure(shown)


def wants_page() -> bool:
    """Whether whoever asks is a browser: it names HTML, which programs do not."""
    return request.accept_mimetypes.quality("text/html") > request.accept_mimetypes.quality(
        "application/json"
    )


def _wait() -> Response:
    """New tokens were given seconds ago, and this service does not know them yet.

    It hears of users, keys and sessions by events, which take a moment.
    """
    g.retry_after = _WAIT_SECONDS
    answer = secure(page("pages/wait.html", HTTPStatus.SERVICE_UNAVAILABLE.value))
    answer.headers["Refresh"] = str(_WAIT_SECONDS)
    return answer
