"""What is billed of who stays active beyond their leave date (R16, R55), against hours counted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staffroll.errors import StaffrollError
from staffroll.events import Cause
from staffroll.records import hear_user
from staffroll_scheduling.domain import membership_changes
from staffroll_scheduling.domain.billing import Month, counted, statement
from staffroll_scheduling.domain.employees import (
    ANSWERED_WITHIN,
    RULES,
    Employee,
    Employment,
    with_time_kept,
)
from staffroll_scheduling.domain.membership import Membership, day_in, start_of
from staffroll_scheduling.domain.membership_changes import Changed, Dates
from staffroll_scheduling.domain.turning import turn
from tests.support.services import a_tombstone, a_user, told

ZONE: Final = "Europe/Berlin"
ID: Final = "0199a000-0000-7000-8000-000000000001"
NOVEMBER: Final = Month(2026, 11)
STEP: Final = timedelta(hours=6)
HOUR: Final = timedelta(hours=1)


class World:
    """An admin whose employment accounts follows at once, and the hours in which they count.

    Attributes:
        is_last: Whether the tenant has no other admin.
        hours: Those that count whatever becomes of the memberships.
    """

    def __init__(self, now: str = "2026-11-02T12:00Z") -> None:
        self.now = datetime.fromisoformat(now)
        self.is_last = True
        self.hours: set[datetime] = set()
        self.record: Employee | None = None
        self._version = 0
        self.hear("active")

    @property
    def employee(self) -> Employee:
        assert self.record is not None
        return self.record

    @property
    def is_deleted(self) -> bool:
        return self.employee.followed.is_deleted

    @property
    def is_kept(self) -> bool:
        return self.employee.followed.user.is_active and not self.employee.own.is_employed

    def hear(self, status: str) -> None:
        self._version += 1
        user = a_user(
            status=status, is_admin=True, time_zone=ZONE, created_at="2026-10-20T08:00:00Z"
        )
        event = told("user.updated", ID, self._version, user)
        decision = hear_user(self.record, event, user, RULES, self._cause())
        assert decision is not None
        self.record = decision.record

    def leave(self, days: int) -> None:
        wish = Dates({"leave_date": self._day(days)}, "keep")
        self._change(lambda own: membership_changes.change(own, wish, ZONE, self.now, lambda _: 0))

    def join(self, days: int) -> None:
        self._change(lambda own: membership_changes.begin(own, self._day(days), ZONE, self.now))

    def wait(self, steps: int) -> None:
        for _ in range(steps):
            self.now += STEP
            if not self.is_deleted:
                self._become(turn(self.employee, self._cause()).record)

    def other_admin(self, number: int) -> None:
        """Comes, or goes."""
        self.is_last = number % 2 == 0
        if not self.is_deleted:
            self._follow()

    def delete(self, _: int = 0) -> None:
        if not self.is_deleted:
            if self.is_kept:
                self._note_kept()
            self.hours = self.hours.union(*map(self._hours_of, self.employee.own.memberships))
            decision = hear_user(
                self.record,
                told("user.deleted", ID, 99, a_tombstone()),
                a_tombstone(),
                RULES,
                self._cause(),
            )
            assert decision is not None
            self.record = decision.record

    def days_billed(self) -> list[date]:
        found = statement([counted(self.employee)], NOVEMBER, ZONE, self.now)
        return [day for day, count in found.days if count]

    def days_lived(self) -> list[date]:
        return sorted({day_in(ZONE, hour) for hour in self.counted_hours()})

    def counted_hours(self) -> set[datetime]:
        memberships = self.employee.own.memberships
        kept = self._hours_kept() if self.is_kept else set()
        return self.hours.union(kept, *map(self._hours_of, memberships))

    def _day(self, days: int) -> date:
        return day_in(ZONE, self.now) + timedelta(days=days)

    def _cause(self) -> Cause:
        return Cause("scheduling", "acme", "system:test", self.now)

    def _change(self, change: Callable[[Employment], Changed]) -> None:
        if self.is_deleted:
            return
        try:
            own = change(self.employee.own).own
        except StaffrollError:
            return
        if own.is_employed:
            own = with_time_kept(self.employee, own, self.now)
        self._become(replace(self.employee, own=own))

    def _become(self, after: Employee) -> None:
        was_kept, self.record = self.is_kept, after
        if was_kept and not self.is_kept:
            self._note_kept()
        self._follow()

    def _follow(self) -> None:
        """As accounts does."""
        own, user = self.employee.own, self.employee.followed.user
        if own.is_employed and not user.is_active:
            self.hear("active")
        elif self.is_kept and not self.is_last:
            self._note_kept()
            self.hear("deactivated")

    def _note_kept(self) -> None:
        """Unless they go, or come back, at the very moment of leaving."""
        if self._last_ended().ended_at != self.now:
            self.hours |= self._hours_kept()

    def _last_ended(self) -> Membership:
        return [one for one in self.employee.own.memberships if one.ended_at][-1]

    def _hours_kept(self) -> set[datetime]:
        last, known = self._last_ended(), self.employee.own.memberships
        runs_next = (one for one in known[known.index(last) + 1 :] if not one.is_empty)
        until = min([self.now, *(start_of(one.join_date, ZONE) for one in runs_next)])
        assert last.leave_date is not None
        return self._between(start_of(last.leave_date, ZONE), until)

    def _hours_of(self, one: Membership) -> set[datetime]:
        end = self.now + HOUR
        if one.leave_date is not None:
            end = min(end, start_of(one.leave_date, ZONE))
        return self._between(start_of(one.join_date, ZONE), end)

    def _between(self, begin: datetime, end: datetime) -> set[datetime]:
        return {begin + number * HOUR for number in range((end - begin) // HOUR)}


def days(first: int, last: int) -> list[date]:
    return [date(2026, 11, number) for number in range(first, last + 1)]


def test_r55_a_last_admin_who_is_let_go_counts_on_the_days_on_which_they_were_kept() -> None:
    world = World("2026-11-05T12:00Z")
    world.leave(5)
    world.wait(4 * 15)
    assert world.is_kept

    world.other_admin(1)
    world.wait(4)

    (line,) = statement([counted(world.employee)], NOVEMBER, ZONE, world.now).lines
    assert world.employee.followed.user.status == "deactivated"
    assert world.days_billed() == days(1, 20)
    assert (line.reason, line.days, line.left_on) == ("left", 20, date(2026, 11, 20))


def test_r55_a_last_admin_who_comes_back_counts_on_the_days_on_which_they_were_kept() -> None:
    world = World()
    world.leave(1)
    world.wait(4 * 5)

    world.join(1)
    world.leave(3)
    world.wait(4 * 4)
    world.other_admin(1)
    world.wait(4 * 10)

    assert world.days_billed() == days(1, 11)


def test_r55_a_last_admin_who_is_deleted_counts_until_then() -> None:
    world = World()
    world.leave(1)
    world.wait(4 * 5)

    world.delete()
    world.wait(4 * 5)

    assert world.days_billed() == days(1, 7)


@pytest.mark.parametrize(
    "after, last", [(ANSWERED_WITHIN, 9), (ANSWERED_WITHIN + timedelta(minutes=1), 10)]
)
def test_r55_an_admin_about_whom_accounts_had_yet_to_answer_was_not_kept(
    after: timedelta, last: int
) -> None:
    world = World("2026-11-10T12:00Z")
    world.leave(0)

    world.now += after
    world.hear("deactivated")

    assert world.days_billed() == days(1, last)


def test_r55_of_a_membership_that_followed_the_user_the_days_stay() -> None:
    world = World("2026-11-10T12:00Z")

    world.hear("deactivated")
    world.wait(4 * 5)

    assert world.employee.own.memberships == ()
    assert world.days_billed() == days(1, 10)


_acts = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 12)),
    st.tuples(st.just("leave"), st.integers(-3, 3)),
    st.tuples(st.just("join"), st.integers(-2, 3)),
    st.tuples(st.just("other_admin"), st.integers(0, 1)),
    st.tuples(st.just("delete"), st.just(0)),
)


@settings(deadline=None, max_examples=100)
@given(acts=st.lists(_acts, max_size=14))
def test_r55_who_is_kept_counts_as_counting_hours_has_it(acts: list[tuple[str, int]]) -> None:
    world = World()

    for act, number in acts:
        getattr(world, act)(number)

    lived = [day for day in world.days_lived() if day.month == NOVEMBER.number]
    assert world.days_billed() == lived
