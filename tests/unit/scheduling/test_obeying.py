"""R96: what accounts wishes of a staff membership."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from staffroll_scheduling.domain.employees import Employment
from staffroll_scheduling.domain.membership import Membership
from staffroll_scheduling.domain.membership_changes import MOST_MEMBERSHIPS, Changed, obey
from staffroll_scheduling.domain.turning import ENDED, STARTED
from tests.unit.scheduling.test_membership_changes import (
    DAY,
    ENDED_ON_THE_FIRST,
    NOW,
    RUNNING,
    TODAY,
    ZONE,
    employed,
)


def wished(own: Employment, number: int, *, active: bool) -> Changed:
    return obey(own, number, ZONE, NOW, active=active)


def test_r96_a_membership_ends_today_and_shifts_stay() -> None:
    changed = wished(employed(RUNNING), 1, active=False)

    assert (changed.own.leave_date, changed.own.is_employed) == (TODAY, False)
    assert changed.own.drop_shifts_from is None
    assert (changed.says, changed.own.answered_wish) == ((ENDED,), 1)


def test_r96_a_leave_date_ahead_is_brought_forward() -> None:
    leaving = Membership(date(2026, 1, 1), TODAY + 9 * DAY, started_at=RUNNING.started_at)

    assert wished(employed(leaving), 1, active=False).own.leave_date == TODAY


def test_r96_who_was_to_return_later_leaves_today_and_returns_as_planned() -> None:
    leaving = Membership(date(2026, 1, 1), TODAY + 2 * DAY, started_at=RUNNING.started_at)
    later = Membership(TODAY + 30 * DAY)

    changed = wished(employed(leaving, later), 1, active=False)

    assert changed.own.memberships[0].leave_date == TODAY
    assert changed.own.memberships[1] == later


def test_r96_a_new_membership_begins_today() -> None:
    changed = wished(employed(ENDED_ON_THE_FIRST), 4, active=True)

    assert changed.own.memberships[:-1] == (ENDED_ON_THE_FIRST,)
    assert (changed.own.join_date, changed.own.is_employed) == (TODAY, True)
    assert changed.says == (STARTED,)


def test_r96_who_never_had_a_membership_gets_one() -> None:
    changed = wished(employed(is_assumed=True), 1, active=True)

    assert (changed.own.join_date, changed.own.is_assumed) == (TODAY, False)


def test_r96_a_future_membership_begins_today_instead() -> None:
    changed = wished(employed(ENDED_ON_THE_FIRST, Membership(TODAY + 9 * DAY)), 1, active=True)

    assert [one.join_date for one in changed.own.memberships] == [date(2026, 1, 1), TODAY]
    assert changed.own.is_employed


def test_r96_what_is_so_already_is_answered_and_nothing_else() -> None:
    changed = wished(employed(RUNNING), 3, active=True)

    assert changed == Changed(employed(RUNNING, answered_wish=3))


def test_r96_a_repeated_or_overtaken_wish_changes_nothing() -> None:
    own = employed(RUNNING, answered_wish=3)

    assert wished(own, 3, active=False) == Changed(own)
    assert wished(own, 2, active=False) == Changed(own)


def test_what_cannot_be_obeyed_is_answered_by_the_state_as_it_is() -> None:
    own = employed(*[ENDED_ON_THE_FIRST] * MOST_MEMBERSHIPS)

    assert wished(own, 1, active=True) == Changed(
        employed(*[ENDED_ON_THE_FIRST] * MOST_MEMBERSHIPS, answered_wish=1)
    )


@given(st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=12))
def test_r96_wishes_in_any_order_and_doubled_end_with_the_newest(
    sent: list[tuple[int, bool]],
) -> None:
    numbered = dict(sent)
    own, now = employed(RUNNING), NOW

    for number, _ in sent:
        now += timedelta(minutes=1)
        own = obey(own, number, ZONE, now, active=numbered[number]).own

    newest = max(numbered, default=0)
    assert own.is_employed == numbered.get(newest, True)
    assert own.answered_wish == newest
