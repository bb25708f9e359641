"""Looking on without asking the services: when a document appears, and what processes use."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final, Self

from pymongo import MongoClient

from tests.load.population import COLLECTIONS
from tests.support.apart import Apart

FOLLOWERS: Final = ("scheduling", "people", "export")


class Arrivals(AbstractContextManager["Arrivals"]):
    """When each new human appeared in the database of each follower, by a change stream."""

    def __init__(self, suite: Apart) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(suite.mongodb_uri)
        self._services = {f"{suite.prefix}{name}": name for name in FOLLOWERS}
        self._seen: dict[str, dict[str, float]] = {}
        self._is_over = threading.Event()
        names = [
            {"db": database, "coll": COLLECTIONS[name]} for database, name in self._services.items()
        ]
        self._pipeline = [
            {"$match": {"operationType": "insert", "ns": {"$in": names}}},
            {"$project": {"ns": 1, "documentKey": 1}},
        ]
        self._watching = threading.Thread(target=self._watch, daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._watching.start()
        assert self._ready.wait(30)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._watching.join()
        self._client.close()

    def seen_everywhere(self, ids: Sequence[str]) -> bool:
        return all(len(self._seen.get(id_, ())) == len(FOLLOWERS) for id_ in ids)

    def delays(self, sent: Mapping[str, float]) -> list[float]:
        """Seconds from the moment of each (`time.perf_counter`) until all followers had them."""
        return [max(self._seen[id_].values()) - at for id_, at in sent.items()]

    def _watch(self) -> None:
        with self._client.watch(self._pipeline, max_await_time_ms=200) as stream:
            self._ready.set()
            while not self._is_over.is_set():
                change = stream.try_next()
                if change is not None:
                    service = self._services[change["ns"]["db"]]
                    places = self._seen.setdefault(change["documentKey"]["_id"], {})
                    places.setdefault(service, time.perf_counter())
