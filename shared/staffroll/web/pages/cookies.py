"""The cookies of the pages. All of them are out of reach of scripts and of other sites.

Services share them: cookies know no ports, and no path but the refresh token's. Where services
stand on subdomains of their own, the setting `cookie_domain` names the domain above.
"""

from __future__ import annotations

from typing import Final

from flask import Response, current_app, request

from staffroll.web.pages import places

ACCESS: Final = "staffroll-access"
"""The access token, which every service verifies by itself."""
REFRESH: Final = "staffroll-refresh"
"""The refresh token; goes to the pages of accounts that need it, and nowhere else."""
REFRESHED: Final = "staffroll-refreshed"
"""There for seconds after tokens were renewed: who is still not let in waits, and goes in no
circles."""
CSRF: Final = "staffroll-csrf"
NOTICES: Final = "staffroll-notices"

_DOMAIN: Final = "STAFFROLL_COOKIE_DOMAIN"


def get(name: str, path: str = "/") -> str:
    """What the browser sent, or nothing."""
    return request.cookies.get(_full_name(name, path), "")


def put(
    response: Response, name: str, value: str, *, path: str = "/", seconds: int | None = None
) -> None:
    """Have the browser keep `value`; without `seconds`, until it is closed."""
    response.set_cookie(
        _full_name(name, path),
        value,
        max_age=seconds,
        path=path,
        domain=_domain(),
        secure=places.current().is_secure,
        httponly=True,
        samesite="Lax",
    )


def drop(response: Response, name: str, *, path: str = "/") -> None:
    """Have the browser forget it."""
    put(response, name, "", path=path, seconds=0)


def _domain() -> str | None:
    return current_app.config[_DOMAIN] or None


def _full_name(name: str, path: str) -> str:
    """With the prefix that keeps neighbours from planting it (RFC 6265bis, 4.1.3)."""
    if not places.current().is_secure:
        return name
    is_host_only = path == "/" and _domain() is None
    return f"__Host-{name}" if is_host_only else f"__Secure-{name}"


def install(app: object, domain: str) -> None:
    app.config[_DOMAIN] = domain  # type: ignore[attr-defined]
