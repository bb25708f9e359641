"""Being asked to stop: once politely, twice in a hurry."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_ASKING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """We were asked to stop and do so."""


class Hurried(BaseException):
    """We were asked a second time: end everything at once."""


class StopRequest:
    """What the terminal or the system asked of us so far.

    The first signal only sets a flag, which is looked at where it is safe to stop: an
    exception at any point could lose a child that was just being started. The second
    raises `Hurried` wherever we are; further ones do nothing.
    """

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._is_hurried = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._on_signal) for number in _ASKING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @property
    def is_asked(self) -> bool:
        return self._asked.is_set()

    def wait(self, seconds: float) -> None:
        """Pause, unless and until asked.

        Raises:
            Stopped: We were asked to stop.
        """
        if self._asked.wait(seconds):
            raise Stopped

    def check(self) -> None:
        """Raises `Stopped` when we were asked to stop."""
        if self.is_asked:
            raise Stopped

    def _on_signal(self, *_: object) -> None:
        if not self._asked.is_set():
            self._asked.set()
        elif not self._is_hurried:
            self._is_hurried = True
            raise Hurried
