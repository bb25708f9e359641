"""Staff membership over HTTP, and the ticker that turns its dates into facts (R50-R54)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any
from unittest.mock import patch

import pytest
from werkzeug.test import TestResponse

from staffroll import clock
from staffroll.events import payload_of
from staffroll.ids import new_id
from staffroll_scheduling import due
from staffroll_scheduling.domain.membership import day_in
from tests.support.services import ServiceHere, TenantHere, a_user, grant, only

pytestmark = only("scheduling")
ZONE = "Europe/Berlin"
EDIT, READ = "scheduling.memberships:edit", "scheduling.employees:read"
TICKER = "turning dates into facts"


class Clock:
    """What the service takes for now."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        moment = datetime.now(UTC) + self.ahead
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@pytest.fixture
def later() -> Iterator[Clock]:
    """Moves the clock of the whole process; tokens count real time."""
    moved = Clock()
    with patch.object(clock, "now", moved.now):
        yield moved


def today(offset: int = 0) -> str:
    return (day_in(ZONE, clock.now()) + timedelta(days=offset)).isoformat()


def leave(tenant: TenantHere, id_: str, leave_date: str | None, **fields: Any) -> TestResponse:
    headers = fields.pop("headers", {})
    body = {"leave_date": leave_date, **fields}
    return tenant.request("PATCH", f"/{id_}/memberships/current", json=body, headers=headers)


def join(tenant: TenantHere, id_: str, join_date: str, **options: Any) -> TestResponse:
    body = {"join_date": join_date}
    return tenant.request("POST", f"/{id_}/memberships", json=body, **options)


def memberships(tenant: TenantHere, id_: str) -> list[dict[str, Any]]:
    response = tenant.request("GET", f"/{id_}/memberships")
    assert response.status_code == 200
    items: list[dict[str, Any]] = response.json["items"]
    return items


def tick(here: ServiceHere) -> None:
    here.chore(TICKER).run()


def facts(tenant: TenantHere, id_: str) -> list[str]:
    """The facts about memberships that were said of somebody, once all is on the bus."""
    tenant.change(id_, personnel_number=f"P {new_id()}")
    tenant.said(id_, "employee.updated")
    heard = [event for event in list(tenant.here.heard) if event.subject == id_]
    found = [e.type for e in sorted(heard, key=lambda e: e.sequence) if e.source == "scheduling"]
    return [kind for kind in found if kind in ("membership.started", "membership.ended")]


def test_r50_a_leave_date_of_today_ends_at_once(tenant: TenantHere) -> None:
    id_ = tenant.known()

    response = leave(tenant, id_, today())

    assert (response.status_code, response.json["leave_date"]) == (200, today())
    assert response.json["ended_at"] is not None
    event = tenant.said(id_, "membership.ended")
    state = payload_of(event)
    assert (event.sequence, state.status, state.leave_date) == (
        2,
        "not_employed",
        date.fromisoformat(today()),
    )
    assert (state.changed, event.actor) == (["leave_date", "status"], tenant.admin)
    shown = tenant.read(id_)
    assert (shown["status"], shown["leave_date"]) == ("not_employed", today())


def test_r50_a_future_leave_date_ends_when_it_has_come(tenant: TenantHere, later: Clock) -> None:
    id_ = tenant.known()
    response = leave(tenant, id_, today(3))
    tick(tenant.here)
    before = tenant.read(id_)

    later.ahead = timedelta(days=3)
    tick(tenant.here)

    assert response.json["ended_at"] is None
    assert payload_of(tenant.said(id_, "membership.changed")).status == "employed"
    assert (before["status"], tenant.read(id_)["status"]) == ("employed", "not_employed")
    event = tenant.said(id_, "membership.ended")
    assert (event.actor, payload_of(event).status) == ("system:scheduling", "not_employed")


def test_r53_a_future_leave_date_is_moved_and_taken_back(tenant: TenantHere, later: Clock) -> None:
    id_ = tenant.known()
    leave(tenant, id_, today(3))

    moved = leave(tenant, id_, today(5))
    taken_back = leave(tenant, id_, None)
    later.ahead = timedelta(days=9)
    tick(tenant.here)

    assert (moved.json["leave_date"], taken_back.json["leave_date"]) == (
        (date.fromisoformat(today()) - timedelta(days=4)).isoformat(),
        None,
    )
    assert tenant.read(id_)["status"] == "employed"
    assert facts(tenant, id_) == []


def test_r52_somebody_returns_at_once_or_later(tenant: TenantHere, later: Clock) -> None:
    now_there, then_there = tenant.known(), tenant.known()
    for id_ in (now_there, then_there):
        leave(tenant, id_, today(-2))

    at_once = join(tenant, now_there, today(-1))
    planned = join(tenant, then_there, today(2))
    between = tenant.read(then_there)
    later.ahead = timedelta(days=2)
    tick(tenant.here)

    assert (at_once.status_code, at_once.headers["Location"]) == (
        201,
        f"/v1/employees/{now_there}/memberships",
    )
    assert at_once.json["started_at"] is not None
    assert planned.json["started_at"] is None
    assert (between["status"], tenant.read(then_there)["status"]) == ("not_employed", "employed")
    for id_ in (now_there, then_there):
        assert payload_of(tenant.said(id_, "membership.started")).status == "employed"
        assert [one["leave_date"] is None for one in memberships(tenant, id_)] == [False, True]


def test_r7_a_join_date_that_has_come_activates_who_was_created_for_later(
    tenant: TenantHere, later: Clock
) -> None:
    id_, wish = tenant.pending(join_date=today(2))
    tenant.here.handle(grant(wish))

    moved = tenant.request("PATCH", f"/{id_}/memberships/current", json={"join_date": today(1)})
    later.ahead = timedelta(days=1)
    tick(tenant.here)

    assert (moved.status_code, moved.json["started_at"]) == (200, None)
    assert tenant.read(id_)["status"] == "employed"
    assert payload_of(tenant.said(id_, "membership.started")).status == "employed"
    started = tenant.request("PATCH", f"/{id_}/memberships/current", json={"join_date": today(1)})
    assert (started.status_code, started.json["code"]) == (409, "membership_started")


def test_r54_a_join_date_that_came_while_accounts_was_silent_starts_once_it_confirms(
    tenant: TenantHere, later: Clock
) -> None:
    id_, wish = tenant.pending(join_date=today(1))
    later.ahead = timedelta(days=4)
    tick(tenant.here)
    waiting = tenant.read(id_)

    tenant.here.handle(grant(wish))
    tick(tenant.here)

    assert (waiting["state"], waiting["status"]) == ("pending", "not_employed")
    assert tenant.read(id_)["status"] == "employed"
    assert tenant.said(id_, "membership.started")


def test_r2_who_is_created_in_accounts_is_employed_without_further_news(
    tenant: TenantHere,
) -> None:
    id_ = tenant.known()
    tick(tenant.here)

    stored = tenant.stored(id_)

    assert tenant.read(id_)["status"] == "employed"
    assert payload_of(tenant.said(id_, "employee.created")).status == "employed"
    assert "turns_at" not in stored
    assert (stored["sequence"], stored["revision"]) == (1, 1)
    assert facts(tenant, id_) == []


def test_r54_after_a_week_off_the_ticker_says_all_that_has_come_once(
    tenant: TenantHere, later: Clock
) -> None:
    leaving = [tenant.known() for _ in range(12)]
    for number, id_ in enumerate(leaving):
        leave(tenant, id_, today(1 + number % 6))
    returning = tenant.known()
    leave(tenant, returning, today(1))
    join(tenant, returning, today(4))

    later.ahead = timedelta(days=7)
    for _ in range(3):
        tick(tenant.here)

    for id_ in leaving:
        assert facts(tenant, id_) == ["membership.ended"]
        assert tenant.read(id_)["status"] == "not_employed"
    assert facts(tenant, returning) == ["membership.ended", "membership.started"]
    assert tenant.read(returning)["status"] == "employed"


def test_r54_those_who_cannot_be_turned_do_not_stand_before_the_others(
    tenant: TenantHere, later: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    later.ahead = timedelta(days=7)
    tick(tenant.here)
    broken = [tenant.known() for _ in range(3)]
    for id_ in broken:
        leave(tenant, id_, today(1))
        tenant.here.records.update_one({"_id": id_}, {"$set": {"own.memberships.0.join_date": ""}})
    leaving = tenant.known()
    leave(tenant, leaving, today(2))
    later.ahead = timedelta(days=10)
    monkeypatch.setattr(due, "_TURNS_AT_ONCE", 2)
    ticker = tenant.here.chore(TICKER)

    for _ in range(4):
        ticker.run()

    assert tenant.stored(leaving)["status"] == "not_employed"
    tenant.here.records.delete_many({"_id": {"$in": broken}})


def test_r54_of_three_tickers_at_once_one_says_the_fact(tenant: TenantHere, later: Clock) -> None:
    leaving = [tenant.known() for _ in range(10)]
    for id_ in leaving:
        leave(tenant, id_, today(1))
    later.ahead = timedelta(days=1)
    together = Barrier(3)

    def run(_: int) -> None:
        ticker = tenant.here.chore(TICKER)
        together.wait(10)
        ticker.run()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run, range(3)))
    tick(tenant.here)

    for id_ in leaving:
        assert facts(tenant, id_) == ["membership.ended"]
        assert tenant.stored(id_)["own"]["memberships"][0]["ended_at"] is not None


@pytest.mark.parametrize(
    "zone, midnight",
    [
        ("Pacific/Kiritimati", "2026-12-31T10:00Z"),
        ("Pacific/Pago_Pago", "2027-01-01T11:00Z"),
        ("Asia/Kathmandu", "2026-12-31T18:15Z"),
        ("Europe/Berlin", "2026-12-31T23:00Z"),
    ],
)
def test_r54_the_leave_date_comes_with_midnight_in_their_zone(
    tenant: TenantHere, later: Clock, zone: str, midnight: str
) -> None:
    id_ = tenant.known(time_zone=zone, created_at="2026-01-01T00:00:00Z")
    leave(tenant, id_, "2027-01-01")
    moment = datetime.fromisoformat(midnight)

    later.ahead = moment - timedelta(minutes=1) - datetime.now(UTC)
    tick(tenant.here)
    before = tenant.read(id_)["status"]
    later.ahead = moment - datetime.now(UTC)
    tick(tenant.here)

    assert (before, tenant.read(id_)["status"]) == ("employed", "not_employed")


def test_r54_another_zone_moves_what_has_not_come_and_undoes_nothing(
    tenant: TenantHere, later: Clock
) -> None:
    moving, gone = (
        tenant.known(time_zone="Pacific/Pago_Pago"),
        tenant.known(time_zone="Pacific/Kiritimati"),
    )
    for id_ in (moving, gone):
        leave(tenant, id_, "2027-01-01")
    later.ahead = datetime(2026, 12, 31, 12, tzinfo=UTC) - datetime.now(UTC)
    tick(tenant.here)

    tenant.hear("user.updated", moving, 2, a_user(time_zone="Pacific/Kiritimati"))
    tenant.hear("user.updated", gone, 2, a_user(time_zone="Pacific/Pago_Pago"))
    tick(tenant.here)

    assert [tenant.read(id_)["status"] for id_ in (moving, gone)] == ["not_employed"] * 2
    assert facts(tenant, gone) == ["membership.ended"]


def test_r54_accounts_is_told_again_until_the_user_follows(
    tenant: TenantHere, later: Clock
) -> None:
    id_ = tenant.known()
    leave(tenant, id_, today())
    told = tenant.said(id_, "membership.ended").sequence

    later.ahead = timedelta(minutes=2)
    tick(tenant.here)
    again = tenant.said(id_, "employee.updated")
    tenant.hear("user.deactivated", id_, 2, a_user(status="deactivated"))
    later.ahead = timedelta(days=1)
    tick(tenant.here)

    assert (again.sequence, again.replay, payload_of(again).status) == (told, True, "not_employed")
    assert "turns_at" not in tenant.stored(id_)


def test_r16_the_last_admin_is_shown_as_kept(tenant: TenantHere) -> None:
    leave(tenant, tenant.admin, today())

    shown = tenant.read(tenant.admin)

    assert (shown["status"], shown["user_status"], shown["kept_as_last_admin"]) == (
        "not_employed",
        "active",
        True,
    )


@pytest.mark.parametrize(
    "body, field, code",
    [
        ({"leave_date": "2025-12-31"}, "leave_date", "leave_before_join"),
        ({"leave_date": "2026-02-30"}, "leave_date", "not_a_day"),
        ({"leave_date": "1600-01-01"}, "leave_date", "day_out_of_range"),
        ({"leave_date": "9999-12-31"}, "leave_date", "day_out_of_range"),
        ({"leave_date": 1}, "leave_date", "not_a_day"),
        ({"leave_date": None, "future_shifts": "keep"}, "future_shifts", "leave_date_needed"),
        ({"future_shifts": "keep"}, "future_shifts", "leave_date_needed"),
        ({"leave_date": "2026-12-01", "future_shifts": "perhaps"}, "future_shifts", "invalid"),
        ({"join_date": None}, "join_date", "required"),
        ({}, "body", "invalid"),
        ({"nonsense": 1}, "nonsense", "unknown_field"),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_changes_nothing(
    tenant: TenantHere, body: dict[str, Any], field: str, code: str
) -> None:
    id_ = tenant.known(created_at="2026-01-01T08:00:00Z")
    before = tenant.stored(id_)

    response = tenant.request("PATCH", f"/{id_}/memberships/current", json=body)

    assert response.status_code == 422
    assert [one["code"] for one in response.json["errors"][field]] == [code]
    assert tenant.stored(id_)["revision"] == before["revision"]


def test_r53_what_contradicts_the_memberships_is_refused(tenant: TenantHere) -> None:
    running, ended, unknown = tenant.known(), tenant.known(), new_id()
    leave(tenant, ended, today(-1))
    none = new_id()
    tenant.hear("user.updated", none, 3, a_user(status="deactivated"), replay=True)

    refused = [
        join(tenant, running, today()),
        join(tenant, ended, today(-2)),
        leave(tenant, ended, None),
        leave(tenant, none, today()),
        leave(tenant, unknown, today()),
    ]

    assert [(one.status_code, one.json["code"]) for one in refused] == [
        (409, "membership_running"),
        (409, "memberships_overlap"),
        (409, "membership_ended"),
        (409, "no_membership"),
        (404, "not_found"),
    ]
    assert list(refused[1].json["errors"]) == ["join_date"]
    assert join(tenant, none, "2020-02-29").status_code == 201


def test_r6_a_pending_employee_has_no_membership_to_change(tenant: TenantHere) -> None:
    id_, _ = tenant.pending()

    answers = [leave(tenant, id_, today()), join(tenant, id_, today())]

    assert [one.json["code"] for one in answers] == ["not_confirmed"] * 2


def test_r15_a_lost_update_is_refused(tenant: TenantHere) -> None:
    id_ = tenant.known()
    listed = tenant.request("GET", f"/{id_}/memberships")
    leave(tenant, id_, today(3))

    stale = leave(tenant, id_, today(), headers={"If-Match": listed.headers["ETag"]})
    newest = tenant.request("GET", f"/{id_}/memberships").headers["ETag"]
    fresh = leave(tenant, id_, today(), headers={"If-Match": newest})

    assert (stale.status_code, fresh.status_code) == (412, 200)
    assert fresh.headers["ETag"] == tenant.request("GET", f"/{id_}").headers["ETag"]


def test_a_membership_is_begun_once_however_often_it_is_asked_for(tenant: TenantHere) -> None:
    id_ = tenant.known()
    leave(tenant, id_, today(-3))
    key = {"headers": {"Idempotency-Key": new_id()}}
    together = Barrier(4)

    def ask(_: int) -> TestResponse:
        together.wait(10)
        return join(tenant, id_, today(-1), **key)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    other = join(tenant, id_, today(), **key)

    assert {one.status_code for one in answers} == {201}
    assert len({one.json["started_at"] for one in answers}) == 1
    assert len(memberships(tenant, id_)) == 2
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")


def test_r53_of_two_who_begin_at_once_one_wins(tenant: TenantHere) -> None:
    id_ = tenant.known()
    leave(tenant, id_, today(-3))
    together = Barrier(2)

    def ask(day: int) -> int:
        together.wait(10)
        return join(tenant, id_, today(day)).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(ask, [-1, -2]))

    assert answers == [201, 409]
    assert len(memberships(tenant, id_)) == 2


@pytest.mark.parametrize("permission, may", [(EDIT, True), (READ, False)])
def test_membership_is_changed_by_who_may(tenant: TenantHere, permission: str, may: bool) -> None:
    id_, actor = tenant.known(), tenant.known()
    as_ = tenant.token(actor, permissions=[permission])
    body = {"leave_date": today()}

    answer = tenant.request("PATCH", f"/{id_}/memberships/current", json=body, as_=as_)
    begun = tenant.request("POST", f"/{id_}/memberships", json={"join_date": today()}, as_=as_)

    assert answer.status_code == (200 if may else 403)
    assert begun.status_code == (201 if may else 403)


def test_r9_a_change_of_membership_is_noted(tenant: TenantHere) -> None:
    id_ = tenant.known()

    leave(tenant, id_, today())

    (noted,) = [one for one in tenant.stored(id_)["audit"] if one["actor"] == tenant.admin]
    assert (noted["action"], noted["subject"]) == ("membership.ended", id_)
    assert noted["changed"] == ["leave_date", "status"]
