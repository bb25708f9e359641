from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staffroll.errors import StaffrollError
from staffroll_scheduling.domain.employees import Employment
from staffroll_scheduling.domain.errors import (
    FutureShiftsUndecided,
    LeaveBeforeJoin,
    MembershipEnded,
    MembershipRunning,
    MembershipsOverlap,
    MembershipStarted,
    NoMembership,
    TooManyMemberships,
)
from staffroll_scheduling.domain.membership import Membership, day_in, start_of
from staffroll_scheduling.domain.membership_changes import (
    MOST_MEMBERSHIPS,
    Changed,
    Dates,
    begin,
    change,
)
from staffroll_scheduling.domain.turning import CHANGED, ENDED, STARTED, settled

ZONE = "Europe/Berlin"
NOW = datetime(2026, 11, 15, 12, 0, tzinfo=UTC)
TODAY, DAY = date(2026, 11, 15), timedelta(days=1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
RUNNING = Membership(date(2026, 1, 1), started_at=LONG_AGO)
ENDED_ON_THE_FIRST = Membership(
    date(2026, 1, 1), date(2026, 11, 1), LONG_AGO, datetime(2026, 10, 31, 23, tzinfo=UTC)
)


def employed(*memberships: Membership, **fields: Any) -> Employment:
    return Employment("A 1", memberships, **fields)


def leave(
    own: Employment,
    leave_date: date | None,
    *,
    zone: str = ZONE,
    now: datetime = NOW,
    shifts: int = 0,
    future_shifts: Any = None,
) -> Changed:
    wish = Dates({"leave_date": leave_date}, future_shifts)
    return change(own, wish, zone, now, lambda _: shifts)


@pytest.mark.parametrize("leave_date", [TODAY, TODAY - DAY, date(2026, 1, 1)])
def test_r50_a_leave_date_of_today_or_before_ends_at_once(leave_date: date) -> None:
    changed = leave(employed(RUNNING), leave_date)

    assert changed.own.memberships == (replace(RUNNING, leave_date=leave_date, ended_at=NOW),)
    assert (changed.own.is_employed, changed.says) == (False, (ENDED,))


def test_r50_a_leave_date_that_has_not_come_only_changes_dates() -> None:
    changed = leave(employed(RUNNING), TODAY + DAY)

    assert changed.own.memberships == (replace(RUNNING, leave_date=TODAY + DAY),)
    assert (changed.own.is_employed, changed.says) == (True, (CHANGED,))


@pytest.mark.parametrize(
    "zone, ends",
    [("Pacific/Kiritimati", True), ("Asia/Kathmandu", False), ("Pacific/Pago_Pago", False)],
)
def test_r50_whether_the_leave_date_has_come_is_asked_in_their_zone(zone: str, ends: bool) -> None:
    changed = leave(employed(RUNNING), TODAY + DAY, zone=zone)

    assert (changed.says == (ENDED,)) is ends


def test_r53_a_future_leave_date_can_be_moved_and_taken_back() -> None:
    leaving = employed(replace(RUNNING, leave_date=date(2026, 12, 1)))

    moved = leave(leaving, date(2026, 12, 24))
    taken_back = leave(moved.own, None)

    assert (moved.own.leave_date, moved.says) == (date(2026, 12, 24), (CHANGED,))
    assert (taken_back.own.memberships, taken_back.says) == ((RUNNING,), (CHANGED,))


def test_r53_a_leave_date_that_has_come_cannot_be_taken_back_even_if_nobody_said_so_yet() -> None:
    with pytest.raises(MembershipEnded):
        leave(employed(replace(RUNNING, leave_date=TODAY)), None)
    with pytest.raises(MembershipEnded):
        leave(employed(ENDED_ON_THE_FIRST), None)


def test_r53_what_is_as_it_was_wished_is_not_said_again() -> None:
    leaving = employed(replace(RUNNING, leave_date=date(2026, 12, 1)))

    assert leave(leaving, date(2026, 12, 1)) == Changed(leaving)


def test_r53_the_leave_date_is_not_before_the_join_date() -> None:
    with pytest.raises(LeaveBeforeJoin) as refused:
        leave(employed(RUNNING), date(2025, 12, 31))

    assert list(refused.value.errors) == ["leave_date"]


def test_r53_who_was_created_today_can_go_today() -> None:
    today = Membership(TODAY, started_at=NOW)

    changed = leave(employed(today), TODAY, now=NOW + timedelta(hours=1))

    assert changed.own.memberships[-1].is_empty
    assert (changed.own.is_employed, changed.says) == (False, (ENDED,))


def test_r53_a_planned_membership_can_be_cancelled_and_planned_anew() -> None:
    planned = employed(Membership(date(2026, 12, 1)))

    cancelled = leave(planned, date(2026, 12, 1))
    wish = Dates({"join_date": TODAY, "leave_date": None})
    anew = change(cancelled.own, wish, ZONE, NOW, lambda _: 0)

    assert (cancelled.own.is_employed, cancelled.says) == (False, (CHANGED,))
    assert settled(cancelled.own, ZONE, NOW + 30 * DAY) == (cancelled.own, ())
    assert (anew.own.is_employed, anew.says) == (True, (STARTED,))


def test_r7_a_join_date_moves_until_it_has_come() -> None:
    planned = employed(ENDED_ON_THE_FIRST, Membership(date(2026, 12, 1)))

    def move(own: Employment, join_date: date) -> Changed:
        return change(own, Dates({"join_date": join_date}), ZONE, NOW, lambda _: 0)

    assert move(planned, date(2026, 12, 5)).own.join_date == date(2026, 12, 5)
    assert move(planned, TODAY).says == (STARTED,)
    with pytest.raises(MembershipsOverlap):
        move(planned, date(2026, 10, 31))
    with pytest.raises(MembershipStarted):
        move(employed(RUNNING), date(2026, 12, 1))
    with pytest.raises(MembershipStarted):
        move(employed(Membership(TODAY)), date(2026, 12, 1))
    with pytest.raises(LeaveBeforeJoin) as refused:
        move(employed(Membership(date(2026, 12, 1), date(2026, 12, 2))), date(2026, 12, 3))
    assert list(refused.value.errors) == ["join_date"]


@pytest.mark.parametrize("join_date", [date(2026, 11, 1), TODAY])
def test_r52_a_new_membership_of_today_or_before_starts_at_once(join_date: date) -> None:
    begun = begin(employed(ENDED_ON_THE_FIRST, is_assumed=True), join_date, ZONE, NOW)

    assert begun.own.memberships == (ENDED_ON_THE_FIRST, Membership(join_date, started_at=NOW))
    assert (begun.own.is_employed, begun.says, begun.own.is_assumed) == (True, (STARTED,), False)


def test_r52_a_new_membership_of_later_starts_then() -> None:
    begun = begin(employed(ENDED_ON_THE_FIRST), TODAY + DAY, ZONE, NOW)

    assert (begun.own.is_employed, begun.says) == (False, (CHANGED,))


def test_r52_the_join_date_is_not_before_the_last_leave_date() -> None:
    with pytest.raises(MembershipsOverlap) as refused:
        begin(employed(ENDED_ON_THE_FIRST), date(2026, 10, 31), ZONE, NOW)

    assert refused.value.data == {"leave_date": "2026-11-01"}
    assert list(refused.value.errors) == ["join_date"]


def test_r52_a_return_can_be_planned_while_a_membership_runs_out() -> None:
    leaving = employed(replace(RUNNING, leave_date=date(2026, 12, 1)))

    begun = begin(leaving, date(2027, 3, 1), ZONE, NOW)

    assert (begun.own.is_employed, begun.says) == (True, (CHANGED,))


def test_r53_nothing_begins_while_a_membership_is_open() -> None:
    with pytest.raises(MembershipRunning):
        begin(employed(RUNNING), TODAY, ZONE, NOW)
    with pytest.raises(NoMembership):
        leave(employed(), TODAY)
    with pytest.raises(TooManyMemberships):
        begin(employed(*[ENDED_ON_THE_FIRST] * MOST_MEMBERSHIPS), TODAY, ZONE, NOW)


def test_r52_what_was_due_before_is_said_with_what_begins() -> None:
    unsaid = employed(replace(RUNNING, leave_date=date(2026, 11, 1)))

    begun = begin(unsaid, date(2026, 11, 10), ZONE, NOW)

    assert (begun.own.is_employed, begun.says) == (True, (ENDED, STARTED))


def test_r51_where_there_are_shifts_from_the_leave_date_on_something_must_be_said_of_them() -> None:
    with pytest.raises(FutureShiftsUndecided) as refused:
        leave(employed(RUNNING), TODAY, shifts=3)

    assert (list(refused.value.errors), refused.value.data) == (["future_shifts"], {"shifts": 3})
    assert leave(employed(RUNNING), TODAY).own.drop_shifts_from is None
    assert leave(employed(RUNNING), None, shifts=3).own == employed(RUNNING)


def test_r51_shifts_are_kept_or_deleted_as_was_said() -> None:
    kept = leave(employed(RUNNING), TODAY, shifts=3, future_shifts="keep")
    deleted = leave(employed(RUNNING), TODAY, shifts=3, future_shifts="delete")

    assert kept.own.drop_shifts_from is None
    assert deleted.own.drop_shifts_from == TODAY


def test_r51_what_is_to_be_deleted_already_stays_so() -> None:
    leaving = employed(replace(RUNNING, leave_date=date(2026, 12, 1)))
    dropping = replace(leaving, drop_shifts_from=date(2026, 12, 1))

    later = leave(dropping, date(2026, 12, 24), future_shifts="delete")
    same = leave(leaving, date(2026, 12, 1), future_shifts="delete")

    assert later.own.drop_shifts_from == date(2026, 12, 1)
    assert (same.own.drop_shifts_from, same.says) == (date(2026, 12, 1), ())


_day = st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 12, 31))
_step = st.one_of(
    st.tuples(st.just("begin"), _day),
    st.tuples(st.just("leave"), _day | st.none()),
    st.tuples(st.just("move"), _day),
    st.tuples(st.just("wait"), st.integers(min_value=1, max_value=60 * 24 * 60)),
    st.tuples(st.just("tick"), st.none()),
    st.tuples(st.just("zone"), st.sampled_from(["Pacific/Kiritimati", "Pacific/Pago_Pago", ZONE])),
)


@settings(deadline=None)
@given(steps=st.lists(_step, max_size=40))
def test_r53_whatever_is_done_memberships_never_overlap_and_facts_stay(steps: list[Any]) -> None:
    own, now, zone = employed(), datetime(2026, 1, 1, tzinfo=UTC), ZONE
    said: list[str] = []

    for what, value in steps:
        before = own
        try:
            match what:
                case "begin":
                    after = begin(own, value, zone, now)
                case "leave":
                    after = change(own, Dates({"leave_date": value}), zone, now, lambda _: 0)
                case "move":
                    after = change(own, Dates({"join_date": value}), zone, now, lambda _: 0)
                case "tick":
                    after = Changed(*settled(own, zone, now))
                case "wait":
                    now += timedelta(minutes=value)
                    continue
                case _:
                    zone = value
                    continue
        except StaffrollError:
            continue
        own, said = after.own, [*said, *after.says]
        _check_order(own)
        _check_facts(before, own)

    facts = [moment for one in own.memberships for moment in (one.started_at, one.ended_at)]
    assert sum(moment is not None for moment in facts) == said.count(STARTED) + said.count(ENDED)
    assert said.count(STARTED) - said.count(ENDED) == own.is_employed


@settings(deadline=None)
@given(
    join_date=_day,
    leave_date=_day,
    zone=st.sampled_from(["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", ZONE]),
    minutes=st.integers(min_value=0, max_value=400 * 24 * 60),
)
def test_r50_whoever_looks_at_whatever_moment_the_dates_decide(
    join_date: date, leave_date: date, zone: str, minutes: int
) -> None:
    now = start_of(date(2026, 1, 1), zone) + timedelta(minutes=minutes)

    own, _ = settled(employed(Membership(join_date, leave_date)), zone, now)

    assert own.is_employed is own.is_employed_on(day_in(zone, now))


def _check_order(own: Employment) -> None:
    for membership in own.memberships:
        assert membership.leave_date is None or membership.join_date <= membership.leave_date
    for earlier, later in zip(own.memberships, own.memberships[1:], strict=False):
        assert earlier.leave_date is not None
        assert earlier.leave_date <= later.join_date


def _check_facts(before: Employment, after: Employment) -> None:
    """Only the newest is changed, and what was said stays."""
    assert after.memberships[: len(before.memberships) - 1] == before.memberships[:-1] or all(
        (old.join_date, old.leave_date) == (new.join_date, new.leave_date)
        for old, new in zip(before.memberships[:-1], after.memberships, strict=False)
    )
    for old, new in zip(before.memberships, after.memberships, strict=False):
        if old.started_at is not None:
            assert (new.join_date, new.started_at) == (old.join_date, old.started_at)
        if old.ended_at is not None:
            assert new == old
