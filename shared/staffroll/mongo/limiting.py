"""A moving window that all processes of a service share, in the service's own database."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from limits import RateLimitItemPerSecond
from limits.storage import MongoDBStorage
from limits.strategies import MovingWindowRateLimiter
from pymongo import UpdateOne, WriteConcern
from pymongo.errors import BulkWriteError

from staffroll.mongo.client import Document
from staffroll.mongo.indexes import Index
from staffroll.mongo.scoped import Platform

COLLECTION: Final = "limit_windows"

_COUNTERS: Final = "limit_counters"
_DUPLICATE_KEY: Final = 11000
_TRIES: Final = 3

# Not journaled: a count lost in a crash of the server gives a few tries more, once.
_QUICK: Final = WriteConcern(w=1, j=False)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many of one key.

    Attributes:
        most: Within the window.
    """

    key: str
    most: int


LIMIT_INDEXES: Final = (
    # Named as the library names it, who makes it, too, but only where the database is there at
    # the first try.
    Index(COLLECTION, ["expireAt"], "expireAt_1", every_tenant=True, expire_seconds=0),
)


def network_of(address: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 of an IPv6 one, which one host
    mostly has whole."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


class _OwnStorage(MongoDBStorage):
    """The library's storage, on the client that the service has anyway."""

    def __init__(self, platform: Platform) -> None:
        self._client: Any = platform.database.client
        super().__init__(
            "mongodb://",
            database_name=platform.database.name,
            counter_collection_name=_COUNTERS,
            window_collection_name=COLLECTION,
        )

    def _init_mongo_client(self, uri: str | None, **options: int | str | bool) -> Any:
        return self._client

    def __del__(self) -> None:
        """Nothing: the library's would close the client, which is not its own."""


class MovingWindow:
    """Counts in the last so many seconds; entries vanish by themselves."""

    def __init__(self, platform: Platform) -> None:
        self._storage = _OwnStorage(platform)
        self._limiter = MovingWindowRateLimiter(self._storage)

    def seconds_until_free(self, limits: Sequence[Limit], seconds: int) -> float | None:
        """None where there was room for all, which is now taken; else when there will be.

        They are asked in their order; from the first that has no room on, nothing is taken.
        """
        for _ in range(_TRIES):
            full = self._take(limits, seconds)
            if full is None:
                return None
            wait = self._wait_for(full, seconds)
            if wait is not None:
                return wait
            # Two who are the first at one moment: the database lets one of them in only.
            limits = limits[limits.index(full) :]
        return 1.0

    def _take(self, limits: Sequence[Limit], seconds: int) -> Limit | None:
        """The first that has no room; None where all had. One command for all."""
        if not limits:
            return None
        now = time.time()
        windows = self._storage.windows.with_options(write_concern=_QUICK)
        try:
            windows.bulk_write([_hit(one, seconds, now) for one in limits], ordered=True)
        except BulkWriteError as error:
            failed = (error.details or {}).get("writeErrors", ())
            if not failed or failed[0].get("code") != _DUPLICATE_KEY:
                raise
            return limits[int(failed[0]["index"])]
        return None

    def _wait_for(self, full: Limit, seconds: int) -> float | None:
        window = self._limiter.get_window_stats(_item(full, seconds), full.key)
        return None if window.remaining else max(0.0, window.reset_time - time.time())


def _item(limit: Limit, seconds: int) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(limit.most, seconds)


def _hit(limit: Limit, seconds: int, now: float) -> UpdateOne:
    """As the library's storage takes an entry: where there is no room, the upsert meets the
    document that is there, and is refused."""
    taken: Document = {
        "$push": {"entries": {"$each": [now], "$position": 0, "$slice": limit.most}},
        "$set": {"expireAt": datetime.now(UTC) + timedelta(seconds=seconds)},
    }
    has_room = {f"entries.{limit.most - 1}": {"$not": {"$gte": now - seconds}}}
    key = _item(limit, seconds).key_for(limit.key)
    return UpdateOne({"_id": key, **has_room}, taken, upsert=True)
