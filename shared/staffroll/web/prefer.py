"""``Prefer: wait=N``: how long a client is ready to wait for an answer (RFC 7240)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

WAIT_MAX_SECONDS: Final = 30


def wait_seconds(headers: Iterable[str]) -> int | None:
    """The seconds of the first ``wait`` preference, at most 30; None without a usable one.

    Args:
        headers: The values of all ``Prefer`` headers.
    """
    for name, value in _preferences(headers):
        if name == "wait":
            # What cannot be understood is to be ignored (RFC 7240, section 2).
            is_number = value.isascii() and value.isdigit()
            return min(int(value[:10]), WAIT_MAX_SECONDS) if is_number else None
    return None


def _preferences(headers: Iterable[str]) -> Iterator[tuple[str, str]]:
    for header in headers:
        for preference in header.split(","):
            name, _, value = preference.partition(";")[0].partition("=")
            yield name.strip().lower(), value.strip().strip('"')
