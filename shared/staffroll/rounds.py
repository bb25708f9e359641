"""Chores do the same for many: one that fails must not stop the others, nor stand before them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from typing import Final, Generic, TypeVar

from staffroll.bus.applying import growing_pause
from staffroll.faults import log_fault
from staffroll.mongo import AWAY

OneT = TypeVar("OneT")

LONGEST_PAUSE_SECONDS: Final = 60.0
LEFT_OUT_MAX: Final = 10_000
"""So many are left out of what is looked for; the rest is found, and not done."""


class Rounds(Generic[OneT]):
    """Does what is due, some at a time, round after round, in one process.

    Whatever fails, or cannot be done now, is left out of the next rounds for a growing pause, so
    that what is due after it has its turn however few are found at once.

    Args:
        find: What is due but these ids, some of it, the longest due first.
        id_of: The id of what was found.
        do: Does it; False where it has to wait.
        failed: The event that is logged of each that fails.
        not_now: What says that one has to wait, too; not logged.
    """

    def __init__(
        self,
        find: Callable[[Collection[str]], Iterable[OneT]],
        id_of: Callable[[OneT], str],
        do: Callable[[OneT], object],
        failed: str,
        not_now: tuple[type[Exception], ...] = (),
    ) -> None:
        self._find = find
        self._id_of = id_of
        self._do = do
        self._failed = failed
        self._not_now = not_now
        self._waiting: dict[str, tuple[int, float]] = {}

    def run(self) -> int:
        """One round; how many were done.

        Raises:
            Whatever says that the database is away: then none can be done.
        """
        now = time.monotonic()
        left_out = {id_ for id_, (_, until) in self._waiting.items() if until > now}
        found = [
            one
            for one in self._find(sorted(left_out)[:LEFT_OUT_MAX])
            if self._id_of(one) not in left_out
        ]
        # Whoever waited long enough and is not due any more is done, by somebody.
        due = {self._id_of(one) for one in found}
        self._waiting = {
            id_: waited for id_, waited in self._waiting.items() if id_ in left_out or id_ in due
        }
        return sum(self._is_done(one) for one in found)

    def _is_done(self, one: OneT) -> bool:
        id_ = self._id_of(one)
        try:
            is_done = self._do(one) is not False
        except AWAY:
            raise
        except self._not_now:
            is_done = False
        except Exception as error:  # noqa: BLE001 - one that fails must not stop the others
            log_fault(self._failed, error, id=id_)
            is_done = False
        if is_done:
            self._waiting.pop(id_, None)
        else:
            times = self._waiting.get(id_, (0, 0.0))[0] + 1
            until = time.monotonic() + growing_pause(times, LONGEST_PAUSE_SECONDS)
            self._waiting[id_] = times, until
        return is_done
