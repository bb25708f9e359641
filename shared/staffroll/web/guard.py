"""Who may: from bearer token to scope. Deny by default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from flask import Flask, current_app, g, request

from staffroll import clock, permissions
from staffroll.errors import DatabaseAway, Forbidden, Unauthenticated
from staffroll.scope import Actor, Scope
from staffroll.standing import Standing
from staffroll.web.sharing import wait_for_turn
from staffroll.web.tokens import Claims, KeyRing, TokenRevoked, verify

PLATFORM_ACTOR: Final = "system:platform"
"""Subject of the short tokens that the platform team's commands use."""

ANY_NARROWED: Final = "*"
"""For `Guard.scope`: a narrowed token is good for this, whatever it is narrowed to."""

_EXTENSION: Final = "staffroll.guard"


class TokenNarrowed(Forbidden):
    code = "token_narrowed"
    wording = "This token is only good for: {allowed}."


class OpenRoute(Exception):
    """A route names neither a permission nor that it is public; the service does not start."""


class PermissionMissing(Exception):
    """A route needs a permission that is not in the catalogue; the service does not start."""


@dataclass(frozen=True, slots=True)
class Guard:
    """How a service tells who is asking.

    Attributes:
        ring: The public keys it knows.
        standing: A user of a tenant as this service last heard of them, or None.
        store: The store of a tenant, with no more in it than the actor reaches (R73).
        is_ready: Whether the database is prepared; until then nothing is served.
        is_open: Whether a tenant's users may be here: neither suspended nor deleted.
    """

    ring: KeyRing
    standing: Callable[[str, str], Standing | None]
    store: Callable[[str, Actor], Any]
    is_ready: Callable[[], bool]
    is_open: Callable[[str], bool] = lambda _: True

    def scope(
        self,
        permission: str | None,
        *,
        instead: str | None = None,
        shows: str | None = None,
        fresh: bool = False,
        narrowed_ok: str | None = None,
        token: str | None = None,
    ) -> Scope[Any]:
        """The scope of the current request.

        Args:
            permission: What is needed; None lets in whoever is signed in.
            instead: Another one that is as good for whoever lacks `permission`.
            shows: What is needed as well, to read what the answer shows; what this does not
                reach is not in the store either (R73).
            fresh: Password or code must have been entered lately.
            narrowed_ok: Where `permission` is None: the one permission to which a token may be
                narrowed all the same, or `ANY_NARROWED`.
            token: The access token; None: the request's bearer token. Only pages, which check
                where a form comes from, take it from a cookie.
        Raises:
            Unauthenticated: No token, or not a good one.
            Forbidden: A good one that does not allow this.
            TokenNarrowed: One that is narrowed to something else.
            StepUpNeeded: See `fresh`.
            TooManyAtOnce: Of the tenant; see `staffroll.web.sharing`.
        """
        if not self.is_ready():
            raise DatabaseAway
        claims = verify(_bearer() if token is None else token, self.ring)
        # Once it is sure whose it is, so that nobody takes another's turns, and before all that is dear.
        wait_for_turn(claims.tenant_id)
        actor = self._actor(claims, permission)
        if instead is not None and permission is not None and not actor.may(permission):
            with_other = self._actor(claims, instead)
            actor = with_other if with_other.may(instead) else actor
            permission = instead if with_other.may(instead) else permission
        g.tenant_id = claims.tenant_id
        if permission is not None and not actor.may(permission):
            raise Forbidden(permission=permission)
        if permission is None:
            _check_not_narrowed(claims, narrowed_ok)
        reading = actor if shows is None else self._reading(claims, actor, shows)
        scope: Scope[Any] = Scope(
            tenant_id=claims.tenant_id,
            actor=actor,
            store=self.store(claims.tenant_id, reading),
            now=clock.now(),
            correlation_id=g.request_id,
            address=request.remote_addr,
            language=asked_language(),
        )
        if fresh:
            scope.check_fresh()
        return scope

    def _reading(self, claims: Claims, actor: Actor, shows: str) -> Actor:
        """The actor where both what they do and `shows` reach."""
        if not actor.may(shows):
            raise Forbidden(permission=shows)
        units = self._actor(claims, shows).planning_units
        if units is None or actor.planning_units is None:
            return replace(actor, planning_units=actor.planning_units if units is None else units)
        return replace(actor, planning_units=actor.planning_units & units)

    def _actor(self, claims: Claims, permission: str | None) -> Actor:
        """Whoever the token names, with what they may now: roles and admin access work as
        this service has heard of them, not as they were when the token was issued."""
        if claims.subject == PLATFORM_ACTOR:
            return Actor(claims.subject, is_admin=True)
        standing = self.standing(claims.tenant_id, claims.subject)
        if (
            not self.is_open(claims.tenant_id)
            or standing is None
            or not standing.is_active
            or standing.token_generation > claims.generation
        ):
            raise TokenRevoked
        authenticated_at = _moment(claims.authenticated_at)
        planning_units = standing.planning_units(permission)
        if claims.narrowed_to is None:
            return Actor(
                claims.subject,
                standing.permissions,
                standing.is_admin,
                claims.session_id,
                authenticated_at,
                planning_units,
                standing.limits,
            )
        allowed = frozenset(
            permission
            for permission in claims.narrowed_to
            if standing.is_admin or permission in standing.permissions
        )
        return Actor(
            claims.subject,
            allowed,
            is_admin=False,
            session_id=claims.session_id,
            authenticated_at=authenticated_at,
            planning_units=planning_units,
            limits=standing.limits,
        )


def _check_not_narrowed(claims: Claims, narrowed_ok: str | None) -> None:
    narrowed_to = claims.narrowed_to
    if narrowed_to is None or narrowed_ok == ANY_NARROWED or narrowed_ok in narrowed_to:
        return
    raise TokenNarrowed(allowed=", ".join(sorted(narrowed_to)) or "nothing")


def _moment(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def asked_language() -> str:
    """The language that the client likes best (RFC 9110, `Accept-Language`)."""
    return request.accept_languages.best or "en"


def _bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated
    return token.strip()


def install(app: Flask, guard: Guard) -> None:
    app.extensions[_EXTENSION] = guard


def current() -> Guard:
    guard: Guard = current_app.extensions[_EXTENSION]
    return guard


def public(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view as open to everyone, on purpose."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def refuse_open_routes(app: Flask) -> None:
    """Whether every route names its permission or says that it is public.

    Raises:
        OpenRoute: One does neither.
        PermissionMissing: It names one that no role could give.
    """
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if not (hasattr(view, "permission") or hasattr(view, "is_public")):
            raise OpenRoute(f"{rule.endpoint} ({rule.rule}) names no permission")
        for needed in ("permission", "shows"):
            permission = getattr(view, needed, None)
            if permission is not None and permission not in permissions.NAMES:
                raise PermissionMissing(f"{permission} of {rule.rule} is not in the catalogue")
