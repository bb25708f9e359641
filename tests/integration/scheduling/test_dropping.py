"""Shifts that go with a leave date or with their employee, also after a kill (R51, R61)."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from staffroll import clock
from staffroll.events import payload_of
from staffroll.mongo.erasing import Due
from staffroll_scheduling.actions import dropping
from staffroll_scheduling.actions.dropping import clear_shifts_of, finish_drop, finish_drops
from staffroll_scheduling.domain.membership import day_in
from staffroll_scheduling.store.weeks import WeekStore
from tests.integration.scheduling.planning import HOUR, Planner, midnight
from tests.support.services import ServiceHere, a_tombstone, body_of, only

pytestmark = only("scheduling")
DAY = timedelta(days=1)


class Killed(BaseException):
    """What no handler catches, as no handler outlives a kill."""


@pytest.fixture
def planner(follower_here: ServiceHere) -> Planner:
    return Planner(follower_here.new_tenant())


@pytest.fixture
def ada(planner: Planner) -> str:
    return planner.tenant.known(created_at="2020-01-01T08:00:00Z")


def die_after(rewrites: int, patched: pytest.MonkeyPatch) -> None:
    """Let the process be killed when it has rewritten so many weeks."""
    left = itertools.count(rewrites, -1)
    original = WeekStore.rewrite

    def rewrite(*args: Any) -> bool:
        if next(left) == 0:
            raise Killed
        return original(*args)

    patched.setattr(WeekStore, "rewrite", rewrite)


def starts(planner: Planner, ada: str) -> list[datetime]:
    return [shift["start"] for shift in planner.stored(ada)]


@pytest.mark.parametrize("future_shifts", ["delete", "keep"])
def test_r51_shifts_from_the_leave_date_on_in_their_zone_go_or_stay(
    planner: Planner, future_shifts: str
) -> None:
    zone = ZoneInfo("Pacific/Kiritimati")
    ada = planner.tenant.known(created_at="2020-01-01T08:00:00Z", time_zone=zone.key)
    leave = day_in(zone.key, clock.now()) + 10 * DAY
    at_midnight = datetime(leave.year, leave.month, leave.day, tzinfo=zone)
    for start in (at_midnight - 8 * HOUR, at_midnight - HOUR, at_midnight, at_midnight + 30 * DAY):
        planner.planned(ada, start, 1)

    left = planner.leave(ada, leave, future_shifts)

    assert left.status_code == 200
    kept = planner.listed(employee=ada, to=(at_midnight + 31 * DAY).isoformat())
    marks = [one["outside_membership"] for one in kept]
    if future_shifts == "delete":
        assert (marks, len(planner.stored(ada))) == ([False, False], 2)
        assert planner.tenant.stored(ada)["own"]["future_shifts"] == 2
    else:
        assert marks == [False, False, True, True]


def test_r51_nothing_said_of_shifts_after_the_leave_date_is_refused_with_their_number(
    planner: Planner, ada: str
) -> None:
    planner.planned(ada, midnight(5))
    planner.planned(ada, midnight(12))

    refused = planner.leave(ada, midnight(10).date(), None)
    none_after = planner.leave(ada, midnight(20).date(), None)

    assert (refused.status_code, body_of(refused)["code"]) == (422, "future_shifts_undecided")
    assert none_after.status_code == 200
    assert len(planner.stored(ada)) == 2


def test_r51_many_shifts_go_at_once_and_the_count_is_told(planner: Planner, ada: str) -> None:
    planner.plan_daily(ada, midnight(1) + 8 * HOUR, 500)

    left = planner.leave(ada, midnight(100).date())

    assert left.status_code == 200
    assert len(planner.stored(ada)) == 99
    document = planner.tenant.stored(ada)
    assert document["own"]["future_shifts"] == 99
    assert "drop_shifts_from" not in document["own"]
    assert left.headers["ETag"] == f'"{document["revision"]}"'
    told = planner.tenant.said(ada, "employee.updated")
    assert (payload_of(told).future_shifts, payload_of(told).changed) == (99, ["future_shifts"])


@pytest.mark.parametrize("rewrites", [0, 1, 7, 30, 57])
def test_f1_500_shifts_are_all_gone_in_the_end_wherever_the_process_is_killed(
    planner: Planner, ada: str, rewrites: int
) -> None:
    planner.plan_daily(ada, midnight(1) + 8 * HOUR, 500)
    with pytest.MonkeyPatch.context() as patched:
        die_after(rewrites, patched)
        with pytest.raises(Killed):
            planner.leave(ada, midnight(100).date())
    left_over = len(planner.stored(ada))

    since = {"from": midnight(100).isoformat()}
    shown = planner.listed(is_settled=False, employee=ada, **since)
    finish_drops(planner.here).run()

    assert shown == []
    assert left_over > 99
    assert len(planner.stored(ada)) == 99
    assert planner.tenant.stored(ada)["own"]["future_shifts"] == 99


def test_r51_what_is_more_than_a_request_can_do_a_chore_does(
    planner: Planner, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner.plan_daily(ada, midnight(1) + 8 * HOUR, 1000)
    chore = planner.tenant.here.chore("removing shifts after leave dates")

    left = planner.leave(ada, midnight(2).date())
    in_request = len(planner.stored(ada))
    chore.run()

    assert left.status_code == 200
    assert 1 < in_request < 500
    assert len(planner.stored(ada)) == 1
    assert dropping.AT_ONCE == 100


def test_r52_a_shift_of_a_new_membership_does_not_go_with_the_old_one(
    planner: Planner, ada: str
) -> None:
    planner.plan_daily(ada, midnight(1) + 8 * HOUR, 500)
    with pytest.MonkeyPatch.context() as patched:
        die_after(3, patched)
        with pytest.raises(Killed):
            planner.leave(ada, midnight(30).date())
    joined = {"join_date": midnight(30).date().isoformat()}
    assert planner.ask("POST", f"/employees/{ada}/memberships", json=joined).status_code == 201

    new = planner.planned(ada, midnight(200) + 8 * HOUR)
    finish_drops(planner.here).run()

    assert len(planner.stored(ada)) == 30
    assert planner.stored(ada)[-1]["id"] == new["id"]


def test_f1_who_was_late_with_a_drop_does_not_take_what_was_planned_since(
    planner: Planner, ada: str
) -> None:
    planner.plan_daily(ada, midnight(1) + 8 * HOUR, 40)
    with pytest.MonkeyPatch.context() as patched:
        die_after(0, patched)
        with pytest.raises(Killed):
            planner.leave(ada, midnight(5).date())
    scope = planner.scope
    record = scope.store.records.get(ada)
    joined = {"join_date": midnight(5).date().isoformat()}
    planner.ask("POST", f"/employees/{ada}/memberships", json=joined)
    new = planner.planned(ada, midnight(20) + 8 * HOUR)

    late = scope.store.weeks.to_clear(record, midnight(5), 100)

    assert late == []
    assert finish_drop(ada, scope)
    assert planner.stored(ada)[-1]["id"] == new["id"]


def bury(planner: Planner, ada: str) -> Due:
    planner.tenant.hear("user.deleted", ada, 9, a_tombstone())
    since = planner.tenant.stored(ada)["erasing_since"]
    return Due(planner.tenant.id, ada, since)


def test_r61_current_and_future_shifts_go_and_past_ones_stay_without_a_name(
    planner: Planner, ada: str
) -> None:
    now = clock.now().replace(second=0, microsecond=0)
    past = planner.planned(ada, now - 30 * HOUR, note="For Ada")
    planner.planned(ada, now - HOUR)
    planner.planned(ada, now + 30 * DAY)

    due = bury(planner, ada)
    since = {"from": midnight(-3).isoformat(), "to": midnight(50).isoformat()}
    shown = planner.listed(is_settled=False, **since)
    is_done = clear_shifts_of(due, planner.here)

    assert is_done
    assert [one["id"] for one in shown] == [past["id"]]
    assert (shown[0]["employee_name"], shown[0]["note"]) == ("***", "")
    assert body_of(planner.ask("GET", f"/shifts/{past['id']}"))["employee_id"] == ada
    left = planner.stored(ada)
    assert [(one["id"], one["note"]) for one in left] == [(past["id"], "")]
    assert clear_shifts_of(due, planner.here)
    assert planner.ask("DELETE", f"/shifts/{past['id']}").status_code == 404


@pytest.mark.parametrize("rewrites", [0, 1, 40])
def test_r61_500_shifts_of_the_deleted_are_gone_in_the_end_wherever_the_process_is_killed(
    planner: Planner, ada: str, rewrites: int
) -> None:
    planner.plan_daily(ada, midnight(-10) + 8 * HOUR, 500)
    due = bury(planner, ada)
    with pytest.MonkeyPatch.context() as patched:
        die_after(rewrites, patched)
        with pytest.raises(Killed):
            clear_shifts_of(due, planner.here)

    rounds = itertools.takewhile(
        lambda is_done: not is_done, (clear_shifts_of(due, planner.here) for _ in range(10))
    )

    assert len(list(rounds)) < 5
    assert all(start < due.since for start in starts(planner, ada))
    assert 10 <= len(planner.stored(ada)) <= 11


def test_f1_a_shift_decided_before_the_deletion_and_applied_after_it_does_not_come_back(
    planner: Planner, ada: str
) -> None:
    calls: list[tuple[Any, ...]] = []
    original = WeekStore._apply
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(WeekStore, "_apply", lambda *args: calls.append(args))
        patched.setattr(WeekStore, "_settled", lambda *_: None)
        planner.plan(ada, midnight(5))
    due = bury(planner, ada)

    is_done = clear_shifts_of(due, planner.here)
    for args in calls:
        original(*args)

    assert is_done
    assert planner.stored(ada) == []
    assert (
        "unapplied" not in planner.tenant.stored(ada) or not planner.tenant.stored(ada)["unapplied"]
    )


def test_r61_the_receipt_is_said_when_the_shifts_are_gone(planner: Planner, ada: str) -> None:
    planner.plan_daily(ada, midnight(1), 1500)
    bury(planner, ada)
    writing = planner.tenant.here.chore("writing the audit trail")
    erasing = planner.tenant.here.chore("erasing deleted users")

    for _ in range(5):
        writing.run()
        erasing.run()

    assert planner.stored(ada) == []
    assert planner.tenant.said(ada, "user.erased")
    assert "erasing_since" not in planner.tenant.stored(ada)


def test_r51_an_employee_whose_shifts_cannot_be_removed_does_not_stop_the_others(
    planner: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    created_at = "2020-01-01T08:00:00Z"
    broken, ada = (planner.tenant.known(created_at=created_at) for _ in range(2))
    for one in (broken, ada):
        planner.planned(one, midnight(12))
        with monkeypatch.context() as patched:
            die_after(0, patched)
            with pytest.raises(Killed):
                planner.leave(one, midnight(10).date(), "delete")
    original = dropping.finish_drop

    def finish(employee_id: str, *args: Any) -> bool:
        if employee_id == broken:
            raise KeyError
        return original(employee_id, *args)

    monkeypatch.setattr(dropping, "finish_drop", finish)
    finish_drops(planner.here).run()

    assert (len(starts(planner, broken)), starts(planner, ada)) == (1, [])
