"""Lists of shifts of all employees, out of their weeks (R81, R73)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Final

from staffroll.mongo import Document, TenantDatabase
from staffroll.mongo.lists import COUNT_KEPT_SECONDS, Facet
from staffroll.search import COUNTED
from staffroll_scheduling.domain.weeks import Shift
from staffroll_scheduling.store.weeks import EMPLOYEES, WEEKS

_ORDER: Final = (("shifts.start", 1), ("shifts.id", 1))
_COUNTS_KEPT: Final = 1000

Position = tuple[datetime, str]
"""Start and id of the last shift of a page."""


class ShiftLists:
    """The shifts of one tenant.

    Args:
        reach: Which employees somebody reaches (R73); `employees_of` goes by it.
    """

    def __init__(self, database: TenantDatabase, reach: Facet | None = None) -> None:
        self._reach = reach
        self._employees = database[EMPLOYEES]
        self._weeks = database[WEEKS]

    def employees_of(self, facet: Facet | None) -> list[str] | None:
        """Those who fit, as far as they are reached; None: everybody."""
        facets = [each for each in (self._reach, facet) if each is not None]
        if not facets:
            return None
        where = {"$and": [each.filter for each in facets]}
        return [document["_id"] for document in self._employees.find(where, {"_id": 1})]

    def starting(
        self,
        start: datetime,
        end: datetime,
        employee_ids: Sequence[str] | None,
        *,
        after: Position | None,
        limit: int,
    ) -> list[tuple[str, Shift]]:
        """The first shifts that start in [start, end), by start and id, with their employees' ids.

        Args:
            employee_ids: Of these alone; None: of all.
        """
        inside: Document = {"shifts.start": {"$gte": start, "$lt": end}}
        if after is not None:
            moment, id_ = after
            beyond = [
                {"shifts.start": {"$gt": moment}},
                {"shifts.start": moment, "shifts.id": {"$gt": id_}},
            ]
            inside["$or"] = beyond
        found = self._weeks.elements(
            _starts_in(start, end, employee_ids), "shifts", inside, sort=_ORDER, limit=limit
        )
        return [(document["employee_id"], Shift(**document["shifts"])) for document in found]

    def count(
        self, start: datetime, end: datetime, employee_ids: Sequence[str] | None = None
    ) -> int:
        """How many shifts start in [start, end); many are counted again after some seconds."""

        def exact() -> int:
            within = {"$and": [{"$gte": ["$$one.start", start]}, {"$lt": ["$$one.start", end]}]}
            fitting = {"$filter": {"input": "$shifts", "as": "one", "cond": within}}
            return self._weeks.sum(_starts_in(start, end, employee_ids), {"$size": fitting})

        if employee_ids is not None:
            return exact()
        return _counts.count((self._weeks.tenant_id, start, end), exact)


class _Counts:
    """The counts of long lists, for a few seconds; the dearest part of a page."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def count(self, key: Hashable, exact: Callable[[], int]) -> int:
        with self._lock:
            counted_at, known = self._known.get(key, (float("-inf"), 0))
        if time.monotonic() - counted_at < COUNT_KEPT_SECONDS:
            return known
        total = exact()
        if total > COUNTED:
            with self._lock:
                if len(self._known) >= _COUNTS_KEPT:
                    self._known.clear()
                self._known[key] = (time.monotonic(), total)
        return total


_counts = _Counts()


def _starts_in(start: datetime, end: datetime, employee_ids: Sequence[str] | None) -> Document:
    where: Document = {"shifts": {"$elemMatch": {"start": {"$gte": start, "$lt": end}}}}
    if employee_ids is not None:
        where["employee_id"] = {"$in": list(employee_ids)}
    return where
