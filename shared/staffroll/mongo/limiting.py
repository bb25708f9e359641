"""A moving window that all processes of a service share, in the service's own database."""

from __future__ import annotations

import time
from typing import Any, Final

from limits import RateLimitItemPerSecond
from limits.storage import MongoDBStorage
from limits.strategies import MovingWindowRateLimiter

from staffroll.mongo.scoped import Platform

COLLECTION: Final = "limit_windows"

_COUNTERS: Final = "limit_counters"
_TRIES: Final = 3


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
        self._limiter = MovingWindowRateLimiter(_OwnStorage(platform))

    def seconds_until_free(self, key: str, most: int, seconds: int) -> float | None:
        """None where there was room, which is now taken; else when there will be.

        Args:
            most: Of this key within `seconds`.
        """
        item = RateLimitItemPerSecond(most, seconds)
        for _ in range(_TRIES):
            if self._limiter.hit(item, key):
                return None
            window = self._limiter.get_window_stats(item, key)
            if window.remaining == 0:
                return max(0.0, window.reset_time - time.time())
            # Two who are the first at one moment: the database lets one of them in only.
        return 1.0
