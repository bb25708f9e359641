"""Counts of many documents, kept for some seconds: the dearest part of a page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

from pymongo.errors import PyMongoError

from staffroll.search import COUNTED

KEPT_SECONDS: Final = 5.0
"""Counts are exact up to `COUNTED`; beyond, at most so old, unless counting is dear."""

_KEPT_TIMES: Final = 10
"""So many times as long as counting takes it is kept at least: in a tenant of a million, a letter
takes seconds, and a core would do nothing but count it again."""

_RENEWED_AT: Final = 0.5
"""Who asks after this share of that time has it counted anew, and is answered with what is known."""

_RENEWED_AT_ONCE: Final = 2
_MOST: Final = 1000
_LOCKS: Final = 64


@dataclass(frozen=True, slots=True)
class _Kept:
    """Attributes: `seconds` is how old it may become."""

    total: int
    counted_at: float
    seconds: float
    exact: Callable[[], int]


def _in_a_thread(act: Callable[[], None]) -> None:
    threading.Thread(target=act, name="counts", daemon=True).start()


class KeptCounts:
    """Counts by key. Whoever asks for one that will soon be too old has it renewed, so that where
    many ask, hardly anybody waits; what nobody asks for costs nothing.

    Args:
        clock: Seconds.
        begin: Starts what is done while others go on.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        begin: Callable[[Callable[[], None]], None] = _in_a_thread,
    ) -> None:
        self._clock = clock
        self._begin = begin
        self._kept: dict[Hashable, _Kept] = {}
        self._renewed: set[Hashable] = set()
        self._lock = threading.Lock()
        # Of many who ask for the same at one moment, one counts.
        self._turns = [threading.Lock() for _ in range(_LOCKS)]

    def known(self, key: Hashable) -> int | None:
        """What is kept and not too old."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            age = self._clock() - kept.counted_at
            if age >= kept.seconds:
                return None
            renews = (
                age >= _RENEWED_AT * kept.seconds
                and key not in self._renewed
                and len(self._renewed) < _RENEWED_AT_ONCE
            )
            if renews:
                self._renewed.add(key)
        if renews:
            self._begin(lambda: self._renew(key, kept))
        return kept.total

    def count(self, key: Hashable, exact: Callable[[], int]) -> int:
        """What is known, or else what `exact` counts; kept where it is more than `COUNTED`."""
        if (known := self.known(key)) is not None:
            return known
        with self._turn(key):
            if (known := self.known(key)) is not None:
                return known
            return self._count(key, exact)

    def _renew(self, key: Hashable, kept: _Kept) -> None:
        try:
            with self._turn(key):
                self._count(key, kept.exact)
        except PyMongoError:
            # Whoever asks next is told what is wrong.
            with self._lock:
                self._kept.pop(key, None)
        finally:
            with self._lock:
                self._renewed.discard(key)

    def _turn(self, key: Hashable) -> threading.Lock:
        return self._turns[hash(key) % _LOCKS]

    def _count(self, key: Hashable, exact: Callable[[], int]) -> int:
        began = self._clock()
        total = exact()
        with self._lock:
            if total <= COUNTED:
                self._kept.pop(key, None)
                return total
            if key not in self._kept and len(self._kept) >= _MOST:
                self._kept.clear()
            seconds = max(KEPT_SECONDS, _KEPT_TIMES * (self._clock() - began))
            self._kept[key] = _Kept(total, began, seconds, exact)
        return total


KEPT: Final = KeptCounts()
"""Those of this process."""
