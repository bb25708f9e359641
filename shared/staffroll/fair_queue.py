"""Fair queueing: one tenant's flood waits for itself, and not before the others.

::

    tenant A ──▶ ▢▢▢▢▢▢ ─┐               in turn: one of A, one of B, …
    tenant B ──▶ ▢      ─┴─▶ worked on: `at_once`, of one tenant `per_tenant`

In memory, for the threads of one process: no request asks anybody else whether it may.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from staffroll.errors import TooMany

PATIENCE_SECONDS: Final = 2.0

_RETRY_AFTER_SECONDS: Final = 1


class TooManyAtOnce(TooMany):
    code = "too_many_at_once"
    wording = (
        "Your organisation has too many requests under way. Try again in {retry_after_seconds} s."
    )


class FairQueue:
    """Lets so many be worked on at once, and of those who wait each tenant in turn.

    Args:
        at_once: In all.
        per_tenant: Of one tenant; so something is free for the next tenant who comes.
        waiting: Of one tenant, besides those that are worked on; more are refused at once.
        patience_seconds: So long one waits, then it is refused.
    """

    def __init__(
        self,
        at_once: int,
        per_tenant: int,
        waiting: int,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._at_once = at_once
        self._per_tenant = per_tenant
        self._may_wait = waiting
        self._patience = patience_seconds
        self._lock = threading.Lock()
        self._total = 0
        self._working: Counter[str] = Counter()
        # Whose turn is next stands first; who waits for nothing is not in it.
        self._waiting: dict[str, deque[threading.Event]] = {}

    def enter(self, tenant_id: str) -> None:
        """Wait for one's turn; each that comes back from here calls `leave` once.

        Raises:
            TooManyAtOnce: Too many of the tenant wait already, or it took too long.
        """
        with self._lock:
            if self._total < self._at_once and self._working[tenant_id] < self._per_tenant:
                self._begin(tenant_id)
                return
            line = self._waiting.setdefault(tenant_id, deque())
            if len(line) >= self._may_wait:
                if not line:
                    del self._waiting[tenant_id]
                raise TooManyAtOnce(_RETRY_AFTER_SECONDS)
            called = threading.Event()
            line.append(called)
        if not called.wait(self._patience) and not self._was_called(tenant_id, called):
            raise TooManyAtOnce(_RETRY_AFTER_SECONDS)

    def leave(self, tenant_id: str) -> None:
        """Make room for the next."""
        with self._lock:
            self._end(tenant_id)
            while self._total < self._at_once and self._call_next():
                pass

    def enter_again(self, tenant_id: str) -> None:
        """Go on with what was begun: without waiting, though there may be no room."""
        with self._lock:
            self._begin(tenant_id)

    def _begin(self, tenant_id: str) -> None:
        self._total += 1
        self._working[tenant_id] += 1

    def _end(self, tenant_id: str) -> None:
        self._total -= 1
        self._working[tenant_id] -= 1
        if not self._working[tenant_id]:
            del self._working[tenant_id]

    def _call_next(self) -> bool:
        for tenant_id, line in self._waiting.items():
            if self._working[tenant_id] < self._per_tenant:
                called = line.popleft()
                del self._waiting[tenant_id]
                if line:
                    self._waiting[tenant_id] = line  # behind the others
                self._begin(tenant_id)
                called.set()
                return True
        return False

    def _was_called(self, tenant_id: str, called: threading.Event) -> bool:
        """Whether its turn came in the very moment in which its patience ended."""
        with self._lock:
            if called.is_set():
                return True
            line = self._waiting[tenant_id]
            line.remove(called)
            if not line:
                del self._waiting[tenant_id]
            return False


_ours: ContextVar[tuple[FairQueue, str] | None] = ContextVar("fair_queue", default=None)


def enter(queue: FairQueue, tenant_id: str) -> None:
    """`FairQueue.enter`, remembered for this thread until `leave`."""
    queue.enter(tenant_id)
    _ours.set((queue, tenant_id))


def leave() -> None:
    """`FairQueue.leave`, where this thread has entered one."""
    ours = _ours.get()
    if ours is not None:
        _ours.set(None)
        ours[0].leave(ours[1])


def leave_later() -> Callable[[], None]:
    """Take the turn of this thread along: it ends when what is returned is called, from any."""
    ours = _ours.get()
    _ours.set(None)
    left = [ours] if ours is not None else []

    def leave_now() -> None:
        if left:
            queue, tenant_id = left.pop()
            queue.leave(tenant_id)

    return leave_now


@contextmanager
def stepping_aside() -> Iterator[None]:
    """For who only waits for something: others are worked on meanwhile."""
    ours = _ours.get()
    if ours is None:
        yield
        return
    queue, tenant_id = ours
    queue.leave(tenant_id)
    try:
        yield
    finally:
        queue.enter_again(tenant_id)
