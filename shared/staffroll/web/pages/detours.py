"""Ways by a page of accounts and back, such as for new tokens.

A form that was sent is not lost: 307 has the browser send it again, first to accounts, which
leaves it unread, and from there to where it belongs.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from flask import Response, redirect, request

from staffroll.web.pages import places

REFRESH: Final = "session/refresh"
"""New tokens, or signing in."""
STEP_UP: Final = "step-up"
"""Password or code once more."""
FIRST_STEPS: Final = "first-steps"
"""What must be done before anything else: a password of one's own, a second factor."""

_AGAIN: Final = 307
_ELSEWHERE: Final = 302


def by(way: str) -> Response:
    """Send the reader there, and back to here."""
    here = places.current().here()
    target = f"{places.current().url('accounts')}/{way}?{urlencode({'next': here}, safe='/')}"
    answer = redirect(target, _AGAIN if request.method == "POST" else _ELSEWHERE)
    assert isinstance(answer, Response)
    return answer
