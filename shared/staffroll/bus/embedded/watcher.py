"""Tells receivers at once that something was published, by one change stream."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog
from pymongo.database import Database
from pymongo.errors import PyMongoError

from staffroll.bus.embedded.storage import QUEUE_PREFIX

Document = dict[str, Any]

_INSERTS: Final[Sequence[Document]] = (
    {"$match": {"operationType": "insert", "ns.coll": {"$regex": r"^queue\."}}},
    {"$project": {"ns": 1}},
)
_AWAIT_MILLISECONDS: Final = 250
_PAUSE_SECONDS: Final = 0.5

log = structlog.get_logger()


class Watcher:
    """Calls who listens to a queue whenever a message arrives in it, from its own thread.

    It is a shortcut and no promise: receivers poll slowly as well, so a server without
    change streams (a standalone one) or a broken stream only makes them slower.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._listeners: dict[Callable[[Sequence[str]], None], Sequence[str]] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def listen(self, queues: Sequence[str], listener: Callable[[Sequence[str]], None]) -> None:
        """Call `listener` with the names of its queues that may hold something new."""
        with self._lock:
            self._listeners[listener] = tuple(queues)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="bus-watcher", daemon=True)
                self._thread.start()

    def forget(self, listener: Callable[[Sequence[str]], None]) -> None:
        with self._lock:
            self._listeners.pop(listener, None)

    def close(self, timeout_seconds: float = 5.0) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except PyMongoError as error:
                log.info("bus.watch_failed", error=type(error).__name__)
            self._stopping.wait(_PAUSE_SECONDS)

    def _follow(self) -> None:
        stream = self._database.watch(list(_INSERTS), max_await_time_ms=_AWAIT_MILLISECONDS)
        with stream:
            self._wake(None)
            while stream.alive and not self._stopping.is_set():
                change = stream.try_next()
                if change is not None:
                    self._wake(change["ns"]["coll"].removeprefix(QUEUE_PREFIX))

    def _wake(self, queue: str | None) -> None:
        with self._lock:
            listeners = list(self._listeners.items())
        for listener, queues in listeners:
            if queue is None:
                listener(queues)
            elif queue in queues:
                listener((queue,))
