"""Pages and their files are sent compressed: Bootstrap's styles alone weigh more than all else.

A secret that is compressed together with what an attacker may choose can be guessed by the
length (BREACH). A form's token begins with a new salt each time, and the cookies go with no request
that another site makes but opening the page, so there is nothing to measure in a series.
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import Final

from flask import Flask, Response, request

_KINDS: Final = frozenset({"text/html", "text/css", "text/javascript", "image/svg+xml"})
_LEAST_BYTES: Final = 1_000
"""What fits into one packet becomes no faster."""
_FAST: Final = 5
_SMALL: Final = 9


def install(app: Flask) -> None:
    app.after_request(_compressed)


def _compressed(response: Response) -> Response:
    if response.mimetype not in _KINDS or response.status_code in (204, 304):
        return response
    response.vary.add("Accept-Encoding")
    if "Content-Encoding" in response.headers or not request.accept_encodings["gzip"]:
        return response
    if response.is_streamed and not response.direct_passthrough:
        return response
    response.direct_passthrough = False
    whole = response.get_data()
    if len(whole) < _LEAST_BYTES or response.status_code == 206:
        return response
    is_file = "immutable" in response.headers.get("Cache-Control", "")
    response.set_data(_once(whole) if is_file else gzip.compress(whole, _FAST, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    etag, _ = response.get_etag()
    if etag:
        # Other bytes, the same meaning (RFC 9110, 8.8.1).
        response.set_etag(etag, weak=True)
    return response


@lru_cache(maxsize=16)
def _once(whole: bytes) -> bytes:
    return gzip.compress(whole, _SMALL, mtime=0)
