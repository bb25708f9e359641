"""What months are billed for: closed ones as they were, the open one from the employees (R55).

::

    billing         { _id, tenant_id, month: "2026-11", time_zone, counts: [3, 4, …],
                      people: 5, closed_at }                          one for each closed month
    billing_lines   { _id, tenant_id, statement, n, at, employee_id, reason, days,
                      joined_on, left_on }                            one for each who counted

A month is closed when its document is inserted, after all its lines; lines that belong to
none were left by who came too late, or was killed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pymongo.errors import DuplicateKeyError

from staffroll.followed import Followed
from staffroll.ids import new_id
from staffroll.mongo import Document, Index, TenantDatabase
from staffroll.records import Record
from staffroll.user_copy import UserCopy
from staffroll_scheduling.domain.billing import Counted, Line, Month, Statement, Totals, counted
from staffroll_scheduling.domain.employees import Employment
from staffroll_scheduling.store.memberships import day_of, day_text, membership, stay

EMPLOYEES: Final = "employees"
MONTHS: Final = "billing"
LINES: Final = "billing_lines"

BILLING_INDEXES: Final = (
    Index(MONTHS, ["month"], "month_unique", unique=True),
    Index(LINES, ["statement", "n"], "in_order"),
    Index(
        LINES,
        ["employee_id"],
        "of_employee",
        partial={"employee_id": {"$exists": True}},
    ),
)

_AT_ONCE: Final = 1000
_ABANDONED_AFTER: Final = timedelta(hours=1)
_LAST: Final = "\U0010ffff"
"""Sorts after all names, for those who have none any more."""

_READ: Final = {
    "state": 1,
    "sort": 1,
    "user.time_zone": 1,
    "user.status": 1,
    "user.is_admin": 1,
    "own.memberships": 1,
    "own.counted": 1,
}


@dataclass(frozen=True, slots=True)
class Closed:
    """A month that never changes any more.

    Attributes:
        people: How many count on at least one day.
    """

    id: str
    totals: Totals
    people: int
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class Named:
    """What is shown of somebody who counts."""

    first_name: str
    last_name: str
    email: str
    personnel_number: str


class Billing:
    """What one tenant is billed for, unfiltered by planning units, as the user list is."""

    def __init__(self, database: TenantDatabase) -> None:
        self._employees = database[EMPLOYEES]
        self._months = database[MONTHS]
        self._lines = database[LINES]

    def people(self, month: Month) -> list[Counted]:
        """All who may count in the month, as they are at one moment, in the order of lists.

        More than do count: a day more on both sides, whatever the time zones.
        """
        first, last = month.previous.first_day, month.next.days[-1]
        touches = {
            "join_date": {"$lte": last.isoformat()},
            "$or": [{"leave_date": None}, {"leave_date": {"$gte": first.isoformat()}}],
        }
        where: Document = {
            "state": {"$in": ["confirmed", "deleted"]},
            "$or": [
                {"own.memberships": {"$elemMatch": touches}},
                {"own.counted": {"$exists": True}},
                # Whoever is active without a membership may be kept as the last admin.
                {"user.status": "active", "user.is_admin": True},
            ],
        }
        found = self._employees.find(where, _READ, batch_size=_AT_ONCE, at_one_moment=True)
        return sorted(map(_counted, found), key=lambda one: one.place)

    def latest(self) -> Month | None:
        """The newest closed month; None before the first."""
        found = self._months.find({}, {"month": 1}, sort=[("month", -1)], limit=1)
        return next((Month.parse(document["month"]) for document in found), None)

    def find(self, month: Month) -> Closed | None:
        document = self._months.find_one({"month": str(month)})
        return None if document is None else _closed(document)

    def close(self, statement: Statement, now: datetime) -> None:
        """Keep the month as it is; nothing happens where it is closed already."""
        id_ = new_id()
        for start in range(0, len(statement.lines), _AT_ONCE):
            chunk = enumerate(statement.lines[start : start + _AT_ONCE], start)
            documents = [_line_document(id_, n, line, now) for n, line in chunk]
            self._lines.insert_many(documents)
            self._forget_deleted([one["employee_id"] for one in documents if "employee_id" in one])
        try:
            self._months.insert_one(
                {
                    "_id": id_,
                    "month": str(statement.month),
                    "time_zone": statement.time_zone,
                    "counts": list(statement.counts),
                    "people": len(statement.lines),
                    "closed_at": now,
                }
            )
        except DuplicateKeyError:
            self._lines.delete_many({"statement": id_})

    def _forget_deleted(self, employee_ids: list[str]) -> None:
        """Whoever was deleted between being counted and being written down was forgotten before
        there was anything to forget."""
        gone = {"_id": {"$in": employee_ids}, "state": "deleted"}
        for document in self._employees.find(gone, {"_id": 1}):
            self.forget(document["_id"])

    def forget_abandoned(self, now: datetime) -> None:
        """Rid of lines that belong to no month."""
        known = [document["_id"] for document in self._months.find({}, {"_id": 1})]
        self._lines.delete_many(
            {"statement": {"$nin": known}, "at": {"$lt": now - _ABANDONED_AFTER}}
        )

    def lines(self, closed: Closed, after: int, limit: int) -> list[Line]:
        """Some lines of a closed month, from the one with this number on."""
        found = self._lines.find(
            {"statement": closed.id, "n": {"$gte": after}}, sort=[("n", 1)], limit=limit
        )
        return [_line(document) for document in found]

    def named(self, ids: Iterable[str | None]) -> dict[str, Named]:
        """Those of the employees who are not deleted, by id."""
        where = {"_id": {"$in": [id_ for id_ in ids if id_]}, "state": "confirmed"}
        return dict(_named(document) for document in self._employees.find(where, _NAMED))

    def forget(self, employee_id: str) -> None:
        """From now on nobody knows whose lines those of the employee were (R62)."""
        self._lines.update_many({"employee_id": employee_id}, {"$unset": {"employee_id": ""}})

    def forget_stays(self, until: datetime) -> None:
        """Tombstones keep no moments that lie before `until`, when the month after begins."""
        self._employees.update_many(
            {
                "state": "deleted",
                "own.counted": {"$exists": True},
                "own.counted.ends_at": {"$not": {"$gte": until}},
            },
            {"$unset": {"own.counted": ""}, "$inc": {"revision": 1}},
        )


_NAMED: Final = {
    "user.first_name": 1,
    "user.last_name": 1,
    "user.email": 1,
    "own.personnel_number": 1,
}


def _counted(document: Document) -> Counted:
    own, user = document["own"], document["user"]
    copy = UserCopy(time_zone=user["time_zone"], status=user["status"], is_admin=user["is_admin"])
    employment = Employment(
        memberships=tuple(membership(one) for one in own["memberships"]),
        counted=tuple(stay(one) for one in own.get("counted", ())),
    )
    record = Record(Followed(id=document["_id"], state=document["state"], user=copy), employment)
    return counted(record, document.get("sort", _LAST))


def _named(document: Document) -> tuple[str, Named]:
    user = document["user"]
    return document["_id"], Named(
        first_name=user["first_name"],
        last_name=user["last_name"],
        email=user["email"],
        personnel_number=document["own"].get("personnel_number", ""),
    )


def _closed(document: Document) -> Closed:
    month = Month.parse(document["month"])
    totals = Totals(month, document["time_zone"], tuple(document["counts"]))
    return Closed(document["_id"], totals, document["people"], document["closed_at"])


def _line_document(statement_id: str, number: int, line: Line, now: datetime) -> Document:
    document: Document = {
        "_id": new_id(),
        "statement": statement_id,
        "n": number,
        "at": now,
        "reason": line.reason,
        "days": line.days,
        "joined_on": day_text(line.joined_on),
        "left_on": day_text(line.left_on),
    }
    if line.employee_id is not None:
        document["employee_id"] = line.employee_id
    return document


def _line(document: Document) -> Line:
    return Line(
        employee_id=document.get("employee_id"),
        reason=document["reason"],
        days=document["days"],
        joined_on=day_of(document["joined_on"]),
        left_on=day_of(document["left_on"]),
        place=(f"{document['n']:09}", document["statement"]),
    )
