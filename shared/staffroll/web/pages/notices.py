"""One sentence on the next page about what was just done.

It travels in a cookie that lives for a minute and is shown as text, never as markup.
"""

from __future__ import annotations

import base64
import json
from typing import Final, Literal

from flask import Response, g

from staffroll.web.pages import cookies

Kind = Literal["success", "info", "warning"]

_KINDS: Final = ("success", "info", "warning")
_SECONDS: Final = 60
_MAX: Final = 5


def notice(text: str, kind: Kind = "success") -> None:
    """Say this on the next page that is shown, which may be another service's."""
    g.setdefault("notices_to_keep", []).append((kind, text))


def take() -> list[tuple[str, str]]:
    """What is to be said on this page: kind and text; said once."""
    g.notices_taken = True
    return [*_sent(), *g.pop("notices_to_keep", [])]


def keep(response: Response) -> Response:
    """Hand to the browser what the next page is to say."""
    left = g.pop("notices_to_keep", [])
    if left:
        known = [] if g.get("notices_taken") else _sent()
        raw = json.dumps([*known, *left][-_MAX:], ensure_ascii=False).encode()
        text = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        cookies.put(response, cookies.NOTICES, text, seconds=_SECONDS)
    elif g.get("notices_taken") and cookies.get(cookies.NOTICES):
        cookies.drop(response, cookies.NOTICES)
    return response


def _sent() -> list[tuple[str, str]]:
    text = cookies.get(cookies.NOTICES)
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return [(kind, str(said)) for kind, said in found[:_MAX] if kind in _KINDS]
    except (ValueError, TypeError):
        return []
