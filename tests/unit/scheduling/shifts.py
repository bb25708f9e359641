"""An employee whose shifts are kept as the store keeps them: decided first, applied later."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from staffroll.followed import Followed
from staffroll.ids import new_id
from staffroll.records import Record
from staffroll.user_copy import UserCopy
from staffroll_scheduling.domain import shifts as rules
from staffroll_scheduling.domain.employees import Employee, Employment
from staffroll_scheduling.domain.membership import Membership
from staffroll_scheduling.domain.shifts import Change, needed_weeks
from staffroll_scheduling.domain.weeks import Shift, Shifts, WeekChange, week_of

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ID = "0199a000-0000-7000-8000-000000000001"
ALWAYS = Membership(date(2020, 1, 1), started_at=datetime(2020, 1, 1, tzinfo=UTC))
HOUR = timedelta(hours=1)


def an_employee(
    *memberships: Membership,
    zone: str = "Europe/Berlin",
    state: Any = "confirmed",
    **fields: Any,
) -> Employee:
    user = UserCopy(time_zone=zone, status="active")
    own = Employment("A 1", memberships or (ALWAYS,), **fields)
    return Record(Followed(id=ID, state=state, user=user), own, revision=7)


def a_shift(start: str | datetime, hours: float = 8, **fields: Any) -> Shift:
    begin = datetime.fromisoformat(start) if isinstance(start, str) else start
    return Shift(new_id(), begin, begin + hours * HOUR, **fields)


@dataclass
class Kept:
    """The employee's document and the weeks, each with its version."""

    record: Employee = field(default_factory=an_employee)
    weeks: dict[str, tuple[int, Shifts]] = field(default_factory=dict)
    waiting: list[WeekChange] = field(default_factory=list)

    @property
    def shifts(self) -> list[Shift]:
        self.apply()
        return sorted((s for _, kept in self.weeks.values() for s in kept), key=lambda s: s.order)

    def apply(self) -> None:
        for change in self.waiting:
            if self.weeks.get(change.week, (0, ()))[0] < change.number:
                self.weeks[change.week] = (change.number, change.shifts)

    def read(self, names: list[str]) -> dict[str, Shifts]:
        self.apply()
        return {name: self.weeks.get(name, (0, ()))[1] for name in names}

    def keep(self, change: Change) -> Shift:
        self.waiting += change.own.unapplied
        own = replace(change.own, unapplied=())
        self.record = replace(self.record, own=own, revision=self.record.revision + 1)
        return change.shift

    def create(self, shift: Shift, now: datetime = NOW) -> Shift:
        shift = replace(shift, version=self.record.revision + 1, changed_at=now)
        weeks = self.read(needed_weeks(shift.start, shift.end))
        return self.keep(rules.create(self.record, weeks, shift))

    def move(self, shift: Shift, start: datetime, end: datetime, now: datetime = NOW) -> Shift:
        weeks = self.read([*needed_weeks(start, end), week_of(shift.start)])
        wish = {"start": start, "end": end}
        return self.keep(rules.edit(self.record, weeks, shift.id, wish, now))

    def delete(self, shift: Shift, now: datetime = NOW) -> Shift:
        weeks = self.read([week_of(shift.start)])
        return self.keep(rules.delete(self.record, weeks, shift.id, now))
