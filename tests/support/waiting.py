"""Waiting for what will happen soon, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.01


def eventually(check: Callable[[], T], timeout: float = 10.0) -> T:
    """Ask `check` until it answers something true, and return that.

    An `AssertionError` of `check` counts as not yet; after `timeout` seconds the last
    one is raised, or one that shows the last answer.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            answer = check()
        except AssertionError:
            if time.monotonic() >= deadline:
                raise
        else:
            if answer:
                return answer
            if time.monotonic() >= deadline:
                raise AssertionError(f"not within {timeout} s; the last answer was {answer!r}")
        time.sleep(_POLL_SECONDS)
