"""Waiting for what will happen soon, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.01
_PATIENCE = 4
"""Times what is asked for: machines that tests run on are shared, and at times as much slower."""


def eventually(check: Callable[[], T], timeout: float = 10.0) -> T:
    """Ask `check` until it answers something true, and return that.

    An `AssertionError` of `check` counts as not yet; in the end the last one is raised, or one
    that shows the last answer.

    Args:
        timeout: Seconds that it may take on a machine that does nothing else.
    """
    patience = timeout * _PATIENCE
    deadline = time.monotonic() + patience
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
                raise AssertionError(f"not within {patience} s; the last answer was {answer!r}")
        time.sleep(_POLL_SECONDS)
