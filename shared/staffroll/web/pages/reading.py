"""Who reads the page: from the cookie to the scope, and to the name at the top."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from flask import Flask, current_app, g, request

from staffroll.errors import Forbidden, Unauthenticated
from staffroll.scope import Scope
from staffroll.web import guard
from staffroll.web.guard import ANY_NARROWED, TokenNarrowed
from staffroll.web.pages import cookies
from staffroll.web.pages.reader import Reader
from staffroll.web.tokens import Claims, TokenExpired, verify

FindReader = Callable[[str, str], Reader | None]
"""Of a tenant, the user of this id; None where this service has not heard of them yet."""

_RENEWED_AT_LEFT: Final = 0.2
"""Of an access token's life: with less left, a page that is opened fetches a new one before."""

_EXTENSION: Final = "staffroll.readers"


def scope(
    permission: str | None,
    *,
    instead: str | None = None,
    shows: str | None = None,
    fresh: bool = False,
    narrowed_ok: str | None = None,
) -> Scope[Any]:
    """The scope of whoever opened the page, by the access token in the cookie.

    Args: As `PageGroup.needs` and `needs_sign_in`.
    Raises:
        Unauthenticated, Forbidden, TokenNarrowed, StepUpNeeded: As `Guard.scope`.
    """
    token = cookies.get(cookies.ACCESS)
    if not token:
        raise Unauthenticated
    claims = verify(token, guard.current().ring)
    if request.method == "GET" and _is_soon_over(claims):
        raise TokenExpired
    g.narrowed_to = known = claims.narrowed_to
    if known is not None and narrowed_ok != ANY_NARROWED and narrowed_ok not in known:
        raise TokenNarrowed(allowed=", ".join(sorted(known)))
    try:
        found = guard.current().scope(
            permission,
            instead=instead,
            shows=shows,
            fresh=fresh,
            narrowed_ok=narrowed_ok,
            token=token,
        )
    except Forbidden:
        # So that the refusal, too, is told in the reader's language.
        _read_by(guard.current().scope(None, narrowed_ok=ANY_NARROWED, token=token))
        raise
    return _read_by(found)


def narrowed_to() -> frozenset[str]:
    """What the reader's session is narrowed to, since it must be done first; mostly nothing."""
    found: frozenset[str] | None = g.get("narrowed_to")
    return found or frozenset()


def read_again() -> None:
    """The reader's language or time zone has changed: what follows is told by the new one."""
    g.pop("words", None)
    _read_by(g.reading)


def _read_by(found: Scope[Any]) -> Scope[Any]:
    find: FindReader = current_app.extensions[_EXTENSION]
    reader = find(found.tenant_id, found.actor.id)
    if reader is not None:
        g.reader = reader
        found = replace(found, language=reader.language)
    g.reading = found
    return found


def _is_soon_over(claims: Claims) -> bool:
    life = claims.expires_at - claims.issued_at
    return claims.expires_at - time.time() < _RENEWED_AT_LEFT * life


def install(app: Flask, find: FindReader) -> None:
    app.extensions[_EXTENSION] = find
