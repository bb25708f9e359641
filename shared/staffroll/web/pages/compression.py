"""Pages and their files are sent compressed: Bootstrap's styles alone weigh more than all else.

A secret that is compressed together with what an attacker may choose can be guessed by the
length (BREACH). A form's token begins with a new salt each time, and the cookies go with no request
that another site makes but opening the page, so there is nothing to measure in a series.
"""

from __future__ import annotations

import gzip
from typing import Final

from flask import Flask, Response, request

_KINDS: Final = frozenset({"text/html", "text/css", "text/javascript", "image/svg+xml"})
_LEAST_BYTES: Final = 1_000
"""What fits into one packet becomes no faster."""
_FAST: Final = 5
_SMALL: Final = 9


def install(app: Flask) -> None:
    app.after_request(_compressed)


def is_wished(response: Response) -> bool:
    """Whether the answer is of a kind that is sent compressed, to who can read that."""
    if response.mimetype not in _KINDS or response.status_code in (204, 206, 304):
        return False
    response.vary.add("Accept-Encoding")
    return bool(request.accept_encodings["gzip"])


def smallest(whole: bytes) -> bytes | None:
    """For what is compressed once and sent often; None for what is small as it is."""
    return gzip.compress(whole, _SMALL, mtime=0) if len(whole) >= _LEAST_BYTES else None


def send(response: Response, packed: bytes) -> None:
    """Send this instead of what the response had."""
    response.set_data(packed)
    response.headers["Content-Encoding"] = "gzip"
    etag, _ = response.get_etag()
    if etag:
        # Other bytes, the same meaning (RFC 9110, 8.8.1).
        response.set_etag(etag, weak=True)


def _compressed(response: Response) -> Response:
    if not is_wished(response) or response.is_streamed or "Content-Encoding" in response.headers:
        return response
    whole = response.get_data()
    if len(whole) >= _LEAST_BYTES:
        send(response, gzip.compress(whole, _FAST, mtime=0))
    return response
