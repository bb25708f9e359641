from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from staffroll.events import Cause
from staffroll.followed import Followed
from staffroll.records import Record
from staffroll.user_copy import UserCopy
from staffroll_scheduling.domain.employees import Employee, Employment
from staffroll_scheduling.domain.membership import Membership
from staffroll_scheduling.domain.turning import (
    ADMINS_TOLD_AGAIN,
    LONGEST_PAUSE,
    TELL_AGAIN_AFTER,
    next_turn,
    turn,
)

NOW = datetime(2026, 11, 15, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
ID = "0199a000-0000-7000-8000-000000000001"
MOMENT = timedelta(microseconds=1)
RUNNING = Membership(date(2026, 1, 1), started_at=LONG_AGO)


def an_employee(
    *memberships: Membership,
    zone: str = "Europe/Berlin",
    status: str = "active",
    state: Any = "confirmed",
    is_admin: bool = False,
    **fields: Any,
) -> Employee:
    user = UserCopy(time_zone=zone, status=status, is_admin=is_admin)
    own = Employment("A 1", memberships, **fields)
    return Record(Followed(id=ID, state=state, user=user), own, revision=7, sequence=3)


def at(now: datetime) -> Cause:
    return Cause("scheduling", "acme", "system:scheduling", now)


def said(record: Employee, now: datetime) -> list[tuple[str, int, str]]:
    events = turn(record, at(now)).events
    return [(event.type, event.sequence, event.data["status"]) for event in events]


@pytest.mark.parametrize(
    "zone, day, turns_at",
    [
        ("Europe/Berlin", "2026-12-01", "2026-11-30T23:00Z"),
        ("Europe/Berlin", "2027-03-29", "2027-03-28T22:00Z"),  # after clocks went forward
        ("Europe/Berlin", "2027-11-01", "2027-10-31T23:00Z"),  # and back
        ("Pacific/Kiritimati", "2026-12-01", "2026-11-30T10:00Z"),
        ("Pacific/Pago_Pago", "2026-12-01", "2026-12-01T11:00Z"),
        ("Asia/Kathmandu", "2028-02-29", "2028-02-28T18:15Z"),
    ],
)
def test_r54_a_membership_ends_with_the_first_moment_of_its_leave_date(
    zone: str, day: str, turns_at: str
) -> None:
    leaving = an_employee(replace(RUNNING, leave_date=date.fromisoformat(day)), zone=zone)
    moment = datetime.fromisoformat(turns_at)

    assert next_turn(leaving, NOW) == moment
    assert said(leaving, moment - MOMENT) == []
    assert said(leaving, moment) == [("membership.ended", 4, "not_employed")]
    assert next_turn(turn(leaving, at(moment)).record, moment) == moment + TELL_AGAIN_AFTER


def test_r7_a_membership_starts_with_the_first_moment_of_its_join_date() -> None:
    planned = an_employee(Membership(date(2026, 12, 1)), status="deactivated")
    midnight = datetime(2026, 11, 30, 23, tzinfo=UTC)

    assert next_turn(planned, NOW) == midnight
    assert said(planned, midnight) == [("membership.started", 4, "employed")]


def test_r54_whoever_looks_again_says_nothing_again() -> None:
    leaving = an_employee(replace(RUNNING, leave_date=date(2026, 11, 15)))

    ended = turn(leaving, at(NOW)).record

    assert said(ended, NOW) == []
    assert ended.own.memberships[0].ended_at == NOW


def test_r54_after_days_off_all_that_has_come_is_said_in_order() -> None:
    away = an_employee(
        replace(RUNNING, leave_date=date(2026, 11, 3)),
        Membership(date(2026, 11, 5), date(2026, 11, 7)),
        Membership(date(2026, 11, 10)),
    )

    decision = turn(away, at(NOW))

    assert [event.type for event in decision.events] == [
        "membership.ended",
        "membership.started",
        "membership.ended",
        "membership.started",
    ]
    assert [event.sequence for event in decision.events] == [4, 5, 6, 7]
    assert {event.data["status"] for event in decision.events} == {"employed"}
    assert decision.record.sequence == 7


def test_r54_what_was_said_is_not_undone_by_another_zone() -> None:
    ended = turn(
        an_employee(replace(RUNNING, leave_date=date(2026, 11, 16)), zone="Pacific/Kiritimati"),
        at(NOW),
    ).record
    moved = replace(ended.followed, user=replace(ended.followed.user, time_zone="Europe/Berlin"))
    there = replace(ended, followed=moved)

    assert ended.own.memberships[0].ended_at == NOW
    assert said(there, NOW) == []
    assert there.own.status == "not_employed"


def test_r53_an_empty_membership_says_nothing() -> None:
    empty = an_employee(Membership(date(2026, 11, 1), date(2026, 11, 1)), status="deactivated")

    assert next_turn(empty, NOW) is None
    assert said(empty, NOW) == []


@pytest.mark.parametrize("state", ["pending", "rejected", "deleted"])
def test_r6_nothing_turns_unless_accounts_has_confirmed_the_user(state: Any) -> None:
    waiting = an_employee(Membership(date(2026, 11, 1)), state=state)

    assert next_turn(waiting, NOW) is None


def test_r54_accounts_is_told_again_with_growing_pauses_while_the_user_does_not_follow() -> None:
    record = turn(an_employee(replace(RUNNING, leave_date=date(2026, 11, 15))), at(NOW)).record
    now, pauses = NOW, []

    for _ in range(9):
        due = next_turn(record, now)
        assert due is not None
        pauses.append(due - now)
        now = due
        decision = turn(record, at(now))
        record = decision.record
        (event,) = decision.events
        assert (event.type, event.sequence, event.replay) == ("employee.updated", 4, True)
        assert event.data["status"] == "not_employed"

    minutes = [pause // timedelta(minutes=1) for pause in pauses]
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert pauses[-1] == LONGEST_PAUSE


def test_r54_who_follows_is_not_told_again() -> None:
    ended = turn(an_employee(replace(RUNNING, leave_date=date(2026, 11, 15))), at(NOW)).record
    user = replace(ended.followed.user, status="deactivated")

    follows = replace(ended, followed=replace(ended.followed, user=user))

    assert next_turn(follows, NOW) is None


def test_r16_of_an_admin_who_stays_active_accounts_is_told_again_some_times_only() -> None:
    leaving = an_employee(replace(RUNNING, leave_date=date(2026, 11, 15)), is_admin=True)
    record, times = turn(leaving, at(NOW)).record, 0

    while (due := next_turn(record, NOW)) is not None:
        record, times = turn(record, at(due)).record, times + 1

    assert times == ADMINS_TOLD_AGAIN


def test_r54_a_membership_that_was_concluded_from_the_user_is_never_told_again() -> None:
    assumed = an_employee(RUNNING, status="deactivated", is_assumed=True)

    assert next_turn(assumed, NOW) is None
