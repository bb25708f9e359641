"""Forms are only taken from our own pages.

A random secret lies in a cookie that scripts and other sites cannot read; each form carries an
HMAC by it. So no service needs a key for it, none keeps anything, any replica can check, and a
form stays good while the browser is open. What a browser says comes from another site is
refused before.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from flask import Response, g, request
from wtforms import Field, ValidationError
from wtforms.csrf.core import CSRF

from staffroll.errors import Forbidden
from staffroll.web.pages import cookies
from staffroll.web.pages.words import gettext, lazy_gettext

FIELD: Final = "csrf_token"
TOO_OLD: Final = lazy_gettext(
    "For your safety, please send this once more: the page was open for too long, or your "
    "browser keeps no cookies. Nothing was changed."
)
_SECRET_MIN_CHARACTERS: Final = 32


class FromElsewhere(Forbidden):
    code = "from_elsewhere"
    wording = "This was not sent from one of our pages, so nothing was changed."


def token() -> str:
    """A new token for a form."""
    salt = secrets.token_urlsafe(9)
    return f"{salt}.{_mac(_secret(), salt)}"


def is_good(given: str | None) -> bool:
    """Whether `given` was made for this browser."""
    g.csrf_checked = True
    salt, _, mac = (given or "").partition(".")
    secret = cookies.get(cookies.CSRF)
    if len(secret) < _SECRET_MIN_CHARACTERS:
        return False
    return hmac.compare_digest(_mac(secret, salt).encode(), mac.encode())


def check_site() -> None:
    """Raises `FromElsewhere` where the browser says that another site sent the form."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise FromElsewhere


def check() -> None:
    """Raises `FromElsewhere` unless the form that was sent carries a good token."""
    if not is_good(request.form.get(FIELD)):
        raise FromElsewhere


def keep_secret(response: Response) -> Response:
    """Hand a new secret to the browser, where one was made."""
    if "csrf_secret" in g:
        cookies.put(response, cookies.CSRF, g.csrf_secret)
    return response


class TokenOfForm(CSRF):
    """The token as a field of a form."""

    def generate_csrf_token(self, csrf_token_field: Field) -> str:
        return token()

    def validate_csrf_token(self, form: object, field: Field) -> None:
        if not is_good(field.data):
            raise ValidationError(gettext(str(TOO_OLD)))


def _secret() -> str:
    known = cookies.get(cookies.CSRF)
    if len(known) >= _SECRET_MIN_CHARACTERS:
        return known
    if "csrf_secret" not in g:
        g.csrf_secret = secrets.token_urlsafe(_SECRET_MIN_CHARACTERS)
    made: str = g.csrf_secret
    return made


def _mac(secret: str, salt: str) -> str:
    return hmac.new(secret.encode(), f"staffroll form {salt}".encode(), hashlib.sha256).hexdigest()
