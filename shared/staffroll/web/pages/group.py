"""Pages as a table: path, who may. Deny by default, and no form from elsewhere.

::

    users = PageGroup("users", __name__)

    @users.get("/users")
    @users.needs("accounts.users:read")
    def show_list(scope: AccountsScope) -> Response: ...

    @users.form("/users/new")
    @users.needs("accounts.users:edit")
    def create(scope: AccountsScope) -> Response: ...
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, g, request
from werkzeug.exceptions import HTTPException

from staffroll.errors import StaffrollError
from staffroll.mongo.client import AWAY
from staffroll.web import guard
from staffroll.web.pages import csrf, problem_pages, reading, rendering

View = Callable[..., Any]


class FormUnchecked(Exception):
    """A view answered a form without asking `Form.is_good`, so anybody could have sent it."""


class PageGroup(Blueprint):
    """Some pages that belong together, with their templates in ``templates/`` beside the module."""

    def __init__(self, name: str, import_name: str) -> None:
        super().__init__(name, import_name, template_folder="templates")
        self.before_request(csrf.check_site)
        self.after_request(rendering.secure)
        self.register_error_handler(StaffrollError, problem_pages.on_refusal)
        self.register_error_handler(HTTPException, problem_pages.on_http_error)
        for away in AWAY:
            self.register_error_handler(away, problem_pages.on_database_away)
        self.register_error_handler(Exception, problem_pages.on_bug)

    def form(self, rule: str) -> Callable[[View], View]:
        """A page with a form that is sent to itself; the view asks `Form.is_good` first."""

        def decorate(view: View) -> View:
            @wraps(view)
            def checked(*args: Any, **kwargs: Any) -> Any:
                answer = view(*args, **kwargs)
                if request.method == "POST" and not g.get("csrf_checked"):
                    raise FormUnchecked(self.name, view.__name__)
                return answer

            return self.route(rule, methods=["GET", "POST"])(checked)

        return decorate

    def does(self, rule: str) -> Callable[[View], View]:
        """What a button does that has no fields; answers with `go` to a page."""

        def decorate(view: View) -> View:
            @wraps(view)
            def checked(*args: Any, **kwargs: Any) -> Any:
                csrf.check()
                return view(*args, **kwargs)

            return self.route(rule, methods=["POST"])(checked)

        return decorate

    def needs(
        self,
        permission: str,
        *,
        instead: str | None = None,
        shows: str | None = None,
        fresh: bool = False,
    ) -> Callable[[View], View]:
        """Only for who has `permission`; the view gets its ``scope``.

        Args:
            instead: Lets in as well; the view asks for what.
            shows: For who may read this as well, and where they may: what else the page is about
                is not there, as it is not in the API. For forms about what is there already.
            fresh: And who entered password or code within the last ten minutes; others are
                asked for it, and come back.
        """
        return _guarded(permission, instead=instead, shows=shows, fresh=fresh)

    def needs_sign_in(
        self, *, fresh: bool = False, narrowed_ok: str | None = None
    ) -> Callable[[View], View]:
        """For whoever is signed in, about themselves; the view gets its ``scope``.

        Args:
            fresh: As in `needs`.
            narrowed_ok: As in `Resource.needs_sign_in`.
        """
        return _guarded(None, fresh=fresh, narrowed_ok=narrowed_ok)

    def is_public(self) -> Callable[[View], View]:
        """For everyone, on purpose; the view gets no scope."""
        return guard.public


def _guarded(
    permission: str | None,
    *,
    instead: str | None = None,
    shows: str | None = None,
    fresh: bool = False,
    narrowed_ok: str | None = None,
) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            scope = reading.scope(
                permission, instead=instead, shows=shows, fresh=fresh, narrowed_ok=narrowed_ok
            )
            return view(*args, scope=scope, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        guarded.shows = shows  # type: ignore[attr-defined]
        return guarded

    return decorate
