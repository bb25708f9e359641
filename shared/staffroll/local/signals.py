"""Being asked to stop: once politely, twice in a hurry."""

from __future__ import annotations

import signal
import time
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
    raises `Hurried` wherever we are; further ones do nothing. The flag is a plain one: setting
    a `threading.Event` in a handler hangs when the signal comes while its lock is taken.
    """

    def __init__(self) -> None:
        self._is_asked = False
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
        return self._is_asked

    def wait(self, seconds: float) -> None:
        """Pause, then look whether we were asked meanwhile.

        Raises:
            Stopped: We were asked to stop.
        """
        self.check()
        time.sleep(seconds)
        self.check()

    def check(self) -> None:
        """Raises `Stopped` when we were asked to stop."""
        if self.is_asked:
            raise Stopped

    def _on_signal(self, *_: object) -> None:
        if not self._is_asked:
            self._is_asked = True
        elif not self._is_hurried:
            self._is_hurried = True
            raise Hurried
