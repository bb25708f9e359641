"""``/scim/v2``, put together.

What answers is loaded when it is first asked for: with the library of SCIM, a process would take
nearly twice as long to start, and most are never asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any, Final

from flask import Blueprint, Response, request
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from staffroll.web import guard
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.scim.access import DELETE_USERS, EDIT_ROLES, EDIT_USERS, Access, View
from staffroll_accounts.scim.answers import PREFIX, answer_errors
from staffroll_accounts.scim.at_hand import AtHand

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_USER: Final = "/Users/<id:user_id>"
_GROUP: Final = "/Groups/<id:group_id>"


@dataclass(frozen=True, slots=True)
class Route:
    """What is answered by a function that is loaded when it is first asked for.

    Attributes:
        module: Where the function is.
        view: The function's name, and the endpoint's.
        also: What is needed besides the permission for SCIM.
        is_public: Nothing is needed, and the view gets no scope.
        takes_at_hand: The view gets what is at hand as well.
    """

    method: str
    rule: str
    module: str
    view: str
    also: tuple[str, ...] = ()
    is_public: bool = False
    takes_at_hand: bool = False


ROUTES: Final = (
    Route("GET", "/ServiceProviderConfig", "discovery", "service_provider_config", is_public=True),
    Route("GET", "/ResourceTypes", "discovery", "resource_types", is_public=True),
    Route("GET", "/ResourceTypes/<name>", "discovery", "resource_type", is_public=True),
    Route("GET", "/Schemas", "discovery", "schemas", is_public=True),
    Route("GET", "/Schemas/<name>", "discovery", "schema", is_public=True),
    *(Route(method, "/Me", "discovery", "not_there") for method in _METHODS),
    Route("POST", "/Bulk", "discovery", "not_there"),
    Route("POST", "/.search", "discovery", "not_there"),
    Route("GET", "/Users", "users", "list_users"),
    Route("POST", "/Users/.search", "users", "search_users"),
    Route("POST", "/Users", "users", "create_user", also=(EDIT_USERS,), takes_at_hand=True),
    Route("GET", _USER, "users", "get_user"),
    Route("PUT", _USER, "users", "replace_user", also=(EDIT_USERS,), takes_at_hand=True),
    Route("PATCH", _USER, "users", "patch_user", also=(EDIT_USERS,), takes_at_hand=True),
    Route("DELETE", _USER, "users", "delete_user", also=(DELETE_USERS,)),
    Route("GET", "/Groups", "groups", "list_groups"),
    Route("POST", "/Groups/.search", "groups", "search_groups"),
    Route("POST", "/Groups", "groups", "create_group", also=(EDIT_ROLES,)),
    Route("GET", _GROUP, "groups", "get_group"),
    Route("PUT", _GROUP, "groups", "replace_group"),
    Route("PATCH", _GROUP, "groups", "patch_group"),
    Route("DELETE", _GROUP, "groups", "delete_group", also=(EDIT_ROLES,)),
)


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
    access, at_hand = Access(anonymous, limiter), AtHand(passwords, pause)
    answer_errors(bp)
    views = {route.view: _guarded(route, access, at_hand) for route in ROUTES}
    for route in ROUTES:
        bp.add_url_rule(route.rule, route.view, views[route.view], methods=[route.method])
    _add_rest(bp)
    return bp


def _guarded(route: Route, access: Access, at_hand: AtHand) -> View:
    """The view of the route: whoever is refused never has it loaded."""
    view = _late(route, {"at_hand": at_hand} if route.takes_at_hand else {})
    return guard.public(view) if route.is_public else access.needs(*route.also)(view)


def _late(route: Route, given: dict[str, Any]) -> View:
    def answer(**asked: Any) -> Any:
        view = getattr(import_module(f"{__package__}.{route.module}"), route.view)
        return view(**asked, **given)

    return answer


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
