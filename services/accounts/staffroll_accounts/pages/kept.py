"""What somebody typed before they had to sign in, or say their password, goes on afterwards.

Only what carried a good token of a form, so that nobody's form is sent in another's name; and
no passwords. A form that may hold other secrets is begun anew: going on without them would save
what nobody wanted.
"""

from __future__ import annotations

import json
from typing import Final

from flask import Response, request

from staffroll.web.pages import csrf, page
from staffroll.web.pages.rendering import go_to

FIELD: Final = "kept"

NOT_KEPT: Final = "not_kept"
"""A field by which a form says that nothing of it is to be kept."""

_SECRET: Final = frozenset({"password", "current_password", "otp", "code"})
_MAX_CHARACTERS: Final = 200_000


def from_other_form() -> str:
    """The fields of another page's form that was sent here on its way, for `FIELD`."""
    if request.method != "POST" or not csrf.is_good(request.form.get(csrf.FIELD)):
        return ""
    if NOT_KEPT in request.form:
        return ""
    fields = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name != csrf.FIELD and name not in _SECRET
    ]
    text = json.dumps(fields, ensure_ascii=False)
    return text if len(text) <= _MAX_CHARACTERS else ""


def go_on(target: str, kept: str) -> Response:
    """To where somebody wanted to go, with what they had typed for it."""
    fields = _read(kept)
    if not fields:
        return go_to(target)
    return page("signing_in/go_on.html", target=target, fields=fields)


def _read(kept: str) -> list[tuple[str, str]]:
    try:
        return [(str(name), str(value)) for name, value in json.loads(kept)] if kept else []
    except (ValueError, TypeError):
        return []
