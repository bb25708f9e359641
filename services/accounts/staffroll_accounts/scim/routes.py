"""``/scim/v2``, put together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from flask import Blueprint, Response, request
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from staffroll.web import guard
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.scim.access import Access
from staffroll_accounts.scim.answers import PREFIX, answer_errors
from staffroll_accounts.scim.discovery import add_discovery
from staffroll_accounts.scim.groups import add_groups
from staffroll_accounts.scim.users import add_users

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def scim(
    anonymous: Callable[[str], AccountsScope],
    passwords: Passwords,
    limiter: Limiter,
    pause: timedelta,
) -> Blueprint:
    """All routes of SCIM.

    Args:
        anonymous: The scope of a tenant for somebody who is not signed in yet.
        pause: After which scheduling is asked again about a membership.
    """
    bp = Blueprint("scim", __name__, url_prefix=PREFIX)
    access = Access(anonymous, limiter)
    answer_errors(bp)
    add_discovery(bp, access)
    add_users(bp, access, passwords, pause)
    add_groups(bp, access)
    _add_rest(bp)
    return bp


def _add_rest(bp: Blueprint) -> None:
    """What fits no other route is refused here: elsewhere, it would not be in the form of SCIM."""

    @bp.route("", methods=_METHODS)
    @bp.route("/<path:rest>", methods=_METHODS)
    @guard.public
    def nothing_here(rest: str = "") -> Response:  # noqa: ARG001 (of the route)
        if allowed := [method for method in _METHODS if _fits(method)]:
            raise MethodNotAllowed(valid_methods=allowed)
        raise NotFound


def _fits(method: str) -> bool:
    """Whether another route takes the method at this address."""
    adapter = request_ctx.url_adapter
    try:
        found = adapter.match(request.path, method) if adapter else ("", {})
    except HTTPException:
        return False
    return found[0] != request.endpoint
