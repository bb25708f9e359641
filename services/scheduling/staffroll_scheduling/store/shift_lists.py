"""Lists of shifts of all employees, out of their weeks (R81, R73)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

from staffroll.mongo import Document, TenantDatabase
from staffroll.mongo.counting import KEPT
from staffroll.mongo.forms import known
from staffroll.mongo.lists import Facet
from staffroll_scheduling.domain.weeks import Shift
from staffroll_scheduling.store.weeks import EMPLOYEES, WEEKS

_ORDER: Final = (("shifts.start", 1), ("shifts.id", 1))

FEW: Final = 1000
"""So many employees are named in one query; its length is limited."""

_READ_AT_ONCE: Final = 500

Position = tuple[datetime, str]
"""Start and id of the last shift of a page."""


@dataclass(frozen=True, slots=True)
class Whose:
    """The employees whose shifts are asked for.

    Attributes:
        ids: All of them, where they are few; else None.
        where: Which they are, where they are many; empty: everybody.
    """

    ids: tuple[str, ...] | None = None
    where: Document = field(default_factory=dict)

    @property
    def is_nobody(self) -> bool:
        return self.ids == ()


class ShiftLists:
    """The shifts of one tenant.

    Args:
        reach: Which employees somebody reaches (R73); `whose` goes by it.
    """

    def __init__(self, database: TenantDatabase, reach: Facet | None = None) -> None:
        self._reach = reach
        self._employees = database[EMPLOYEES]
        self._weeks = database[WEEKS]

    def whose(self, facet: Facet | None, employee_id: str | None = None) -> Whose:
        """Those who fit, as far as they are reached.

        Args:
            employee_id: At most this one.
        """
        facets = [each.filter for each in (self._reach, facet) if each is not None]
        if employee_id is not None:
            return Whose((employee_id,) if self._fit([employee_id], facets) else ())
        if not facets:
            return Whose()
        where: Document = {"$and": facets}
        found = self._employees.find(where, {"_id": 1}, limit=FEW + 1)
        ids = tuple(document["_id"] for document in found)
        return Whose(ids) if len(ids) <= FEW else Whose(None, where)

    def starting(
        self,
        start: datetime,
        end: datetime,
        whose: Whose,
        *,
        after: Position | None,
        limit: int,
    ) -> list[tuple[str, Shift]]:
        """The first shifts that start in [start, end), by start and id, with their employees' ids.

        Where those are asked for who are many and not all, the shifts of everybody are read, and
        dropped where somebody is not one of them.
        """
        if not whose.where:
            return self._first(start, end, whose.ids, after, limit)
        found: list[tuple[str, Shift]] = []
        while len(found) < limit:
            some = self._first(start, end, None, after, _READ_AT_ONCE)
            fitting = self._fit({employee_id for employee_id, _ in some}, [whose.where])
            found += [one for one in some if one[0] in fitting]
            if len(some) < _READ_AT_ONCE:
                break
            after = some[-1][1].order
        return found[:limit]

    def count(self, start: datetime, end: datetime, whose: Whose) -> int:
        """How many shifts start in [start, end); many are counted again after some seconds."""

        def of(employee_ids: Sequence[str] | None) -> int:
            within = {"$and": [{"$gte": ["$$one.start", start]}, {"$lt": ["$$one.start", end]}]}
            fitting = {"$filter": {"input": "$shifts", "as": "one", "cond": within}}
            return self._weeks.sum(_starts_in(start, end, employee_ids), {"$size": fitting})

        def of_many() -> int:
            found = self._employees.find(whose.where, {"_id": 1}, batch_size=FEW)
            ids = (document["_id"] for document in found)
            total = 0
            while some := list(islice(ids, FEW)):
                total += of(some)
            return total

        if whose.ids is not None:
            return of(whose.ids)
        key = (self._weeks.tenant_id, WEEKS, start, end, repr(whose.where))
        return KEPT.count(key, of_many if whose.where else lambda: of(None))

    def _first(
        self,
        start: datetime,
        end: datetime,
        employee_ids: Sequence[str] | None,
        after: Position | None,
        limit: int,
    ) -> list[tuple[str, Shift]]:
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
        return [
            (document["employee_id"], Shift(**known(Shift, document["shifts"])))
            for document in found
        ]

    def _fit(self, employee_ids: Iterable[str], filters: Sequence[Document]) -> set[str]:
        """Those of the employees who are there, and fit."""
        where: Document = {"_id": {"$in": list(employee_ids)}}
        if filters:
            where["$and"] = list(filters)
        return {document["_id"] for document in self._employees.find(where, {"_id": 1})}


def _starts_in(start: datetime, end: datetime, employee_ids: Sequence[str] | None) -> Document:
    where: Document = {"shifts": {"$elemMatch": {"start": {"$gte": start, "$lt": end}}}}
    if employee_ids is not None:
        where["employee_id"] = {"$in": list(employee_ids)}
    return where
