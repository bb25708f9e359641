"""What was worked out a moment ago, for whoever pages through it; in this process alone."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """The newest few of large results; who comes later, or to another process, works it out anew.

    Args:
        most: How many are kept.
        seconds: How long each is.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._known: OrderedDict[Hashable, tuple[float, T]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> T | None:
        with self._lock:
            self._forget_old()
            found = self._known.get(key)
        return None if found is None else found[1]

    def keep(self, key: Hashable, result: T) -> None:
        with self._lock:
            self._known.pop(key, None)
            self._known[key] = (time.monotonic(), result)
            self._forget_old()
            while len(self._known) > self._most:
                self._known.popitem(last=False)

    def _forget_old(self) -> None:
        long_ago = time.monotonic() - self._seconds
        for key in [key for key, (kept_at, _) in self._known.items() if kept_at < long_ago]:
            del self._known[key]
