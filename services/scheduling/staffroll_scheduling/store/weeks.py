"""Shifts in MongoDB: one document for each employee and week (R81).

::

    employee ──one write──▶ { revision: 7, own, outbox, unapplied: [week, number: 7, shifts] }
                                                            │            ▲
             apply: only over a lower version ◀─────────────┘            │ pull, once it is
                     │                                                   │ in its week
                     └──▶ weeks { _id: "<employee>:<week>", version: 7, shifts }

Whoever decides on an employee's shifts first reads the employee, then applies what is
unapplied, then reads the weeks: so they are at least as new as the employee, and where they
are newer, writing the employee fails.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from staffroll.idempotency import Once
from staffroll.mongo import Document, Index, TenantDatabase
from staffroll.mongo.forms import known
from staffroll.mongo.newest import keep_newer
from staffroll.runtime import Runtime
from staffroll_scheduling.domain.employees import Employee
from staffroll_scheduling.domain.weeks import Shift, Shifts, WeekChange, week_of

EMPLOYEES: Final = "employees"
WEEKS: Final = "weeks"

UNAPPLIED: Final = "unapplied"
"""At the top of an employee's document: changes of shifts that may not be in their weeks yet."""

_WAITING: Final = "unapplied_waiting"
_TO_DROP: Final = "shifts_to_drop"
_IS_WAITING: Final = {"unapplied.number": {"$exists": True}}

WEEK_INDEXES: Final = (
    Index(EMPLOYEES, ["unapplied.number"], _WAITING, partial=_IS_WAITING),
    Index(
        EMPLOYEES,
        ["own.drop_shifts_from"],
        _TO_DROP,
        partial={"own.drop_shifts_from": {"$exists": True}},
        every_tenant=True,
    ),
    Index(WEEKS, ["employee_id", "week"], "by_employee"),
    Index(WEEKS, ["shifts.start", "employee_id"], "by_time"),
    Index(WEEKS, ["shifts.id"], "by_shift"),
    Index(
        WEEKS,
        ["shifts.once.key"],
        "by_once",
        partial={"shifts.once.key": {"$exists": True}},
    ),
)


@dataclass(frozen=True, slots=True)
class Week:
    """One week of one employee as it is stored.

    Attributes:
        version: The revision of the employee that wrote it last.
    """

    employee_id: str
    name: str
    version: int
    shifts: Shifts
    changed_at: datetime


def everywhere_unapplied(
    runtime: Runtime, limit: int, without: Collection[str] = ()
) -> list[tuple[str, str]]:
    """Tenants and employees of whom something is decided and not applied, but for these."""
    where = {**_IS_WAITING, "_id": {"$nin": list(without)}}
    employees = runtime.platform[EMPLOYEES]
    found = employees.find(where, {"tenant_id": 1}, hint=_WAITING, limit=limit)
    return [(document["tenant_id"], document["_id"]) for document in found]


def everywhere_to_drop(
    runtime: Runtime, limit: int, without: Collection[str] = ()
) -> list[tuple[str, str]]:
    """Tenants and employees with a leave date whose shifts are not all gone yet, but for these."""
    where = {"own.drop_shifts_from": {"$exists": True}, "_id": {"$nin": list(without)}}
    employees = runtime.platform[EMPLOYEES]
    found = employees.find(where, {"tenant_id": 1}, hint=_TO_DROP, limit=limit)
    return [(document["tenant_id"], document["_id"]) for document in found]


class WeekStore:
    """The weeks of one tenant; of who is out of somebody's reach, too: ask for them first."""

    def __init__(self, database: TenantDatabase) -> None:
        self._employees = database[EMPLOYEES]
        self._weeks = database[WEEKS]

    def apply_waiting(self, employee_id: str) -> None:
        """Apply what is decided of the employee's shifts; any number may do so at once."""
        document = self._employees.find_one({"_id": employee_id}, {"unapplied": 1})
        waiting = (document or {}).get("unapplied", ())
        for entry in sorted(waiting, key=lambda one: int(one["number"])):
            self._apply(employee_id, entry)
        for number in sorted({entry["number"] for entry in waiting}):
            self._settled(employee_id, number)

    def waiting(self, limit: int) -> list[str]:
        """Employees of whom something is decided and not applied: after a crash, or just now."""
        found = self._employees.find(_IS_WAITING, {"_id": 1}, limit=limit, hint=_WAITING)
        return [document["_id"] for document in found]

    def read(self, employee_id: str, names: Iterable[str]) -> dict[str, Shifts]:
        """The shifts of these weeks, by name; those without any as well."""
        found = dict.fromkeys(names, Shifts())
        where = {"_id": {"$in": [_id_of(employee_id, name) for name in found]}}
        for document in self._weeks.find(where):
            found[document["week"]] = _shifts(document)
        return found

    def week_of_shift(self, shift_id: str) -> Week | None:
        document = self._weeks.find_one({"shifts.id": shift_id})
        return None if document is None else _week(document)

    def find_once(self, once: Once) -> tuple[str, Shift] | None:
        """The shift that an Idempotency-Key created last, and whose it is."""
        found = [
            (document["employee_id"], shift)
            for document in self._weeks.find({"shifts.once.key": once.key})
            for shift in _shifts(document)
            if shift.once is not None and shift.once["key"] == once.key
        ]
        return max(found, key=lambda one: (one[1].once or {})["at"], default=None)

    def of_employee(
        self, employee_id: str, *, since: datetime, until: datetime | None = None
    ) -> list[Week]:
        """The weeks from that of `since` to that of `until`, in order."""
        names: Document = {"$gte": week_of(since)}
        if until is not None:
            names["$lte"] = week_of(until)
        where = {"employee_id": employee_id, "week": names}
        return [_week(document) for document in self._weeks.find(where, sort=[("week", 1)])]

    def to_clear(self, record: Employee, since: datetime, limit: int) -> list[Week]:
        """Weeks in which something is to go: with a shift that starts at `since` or later; of who
        is deleted, with one that ends later, or has a note. Not those that a later version of
        the employee wrote."""
        where: Document = {"employee_id": record.id, "version": {"$lte": record.revision}}
        if record.followed.is_deleted:
            personal = [{"note": {"$ne": ""}}, {"once": {"$exists": True}}]
            where["shifts"] = {"$elemMatch": {"$or": [{"end": {"$gt": since}}, *personal]}}
        else:
            where["shifts.start"] = {"$gte": since}
        return [_week(document) for document in self._weeks.find(where, limit=limit)]

    def rewrite(self, week: Week, shifts: Shifts, number: int, now: datetime) -> bool:
        """Keep other shifts in a week that is still as it was read."""
        where = {"_id": _id_of(week.employee_id, week.name), "version": week.version}
        update = {
            "shifts": [shift_document(shift) for shift in shifts],
            "version": max(number, week.version),
            "changed_at": now,
        }
        return self._weeks.update_one(where, {"$set": update}).matched_count == 1

    def count_after(self, employee_id: str, moment: datetime) -> int:
        """How many shifts of the employee are not over at `moment`."""
        where = {"employee_id": employee_id, "shifts.end": {"$gt": moment}}
        return sum(
            shift["end"] > moment
            for document in self._weeks.find(where, {"shifts.end": 1})
            for shift in document["shifts"]
        )

    def count_starting(self, employee_ids: Sequence[str], since: datetime) -> int:
        """How many shifts of these employees start at `since` or later."""
        where = {"employee_id": {"$in": list(employee_ids)}, "week": {"$gte": week_of(since)}}
        return sum(
            shift["start"] >= since
            for document in self._weeks.find(where, {"shifts.start": 1})
            for shift in document["shifts"]
        )

    def _settled(self, employee_id: str, number: int) -> None:
        self._employees.update_one(
            {"_id": employee_id, "unapplied.number": number},
            {"$pull": {"unapplied": {"number": number}}},
        )

    def _apply(self, employee_id: str, entry: Document) -> None:
        older = {
            "_id": _id_of(employee_id, entry["week"]),
            "version": {"$lt": entry["number"]},
        }
        newer = {
            "$set": {
                "employee_id": employee_id,
                "week": entry["week"],
                "version": entry["number"],
                "shifts": entry["shifts"],
                "changed_at": entry["changed_at"],
            }
        }
        keep_newer(self._weeks.update_one, older, newer)


def unapplied_documents(changes: Iterable[WeekChange]) -> list[Document]:
    """Decided changes in the form in which they wait in the employee's document."""
    return [
        {
            "week": change.week,
            "number": change.number,
            "shifts": [shift_document(shift) for shift in change.shifts],
            "changed_at": change.changed_at,
        }
        for change in changes
    ]


def shift_document(shift: Shift) -> Document:
    document: Document = {
        "id": shift.id,
        "start": shift.start,
        "end": shift.end,
        "activity_id": shift.activity_id,
        "note": shift.note,
        "version": shift.version,
        "changed_at": shift.changed_at,
    }
    if shift.once is not None:
        document["once"] = dict(shift.once)
    return document


def _id_of(employee_id: str, week: str) -> str:
    return f"{employee_id}:{week}"


def _week(document: Mapping[str, Any]) -> Week:
    return Week(
        employee_id=document["employee_id"],
        name=document["week"],
        version=document["version"],
        shifts=_shifts(document),
        changed_at=document["changed_at"],
    )


def _shifts(document: Mapping[str, Any]) -> Shifts:
    return tuple(Shift(**known(Shift, shift)) for shift in document["shifts"])
