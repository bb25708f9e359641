"""Shifts: planned, moved, deleted, listed; exact however many do it at once (R81)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine

from staffroll import clock
from staffroll.events import payload_of
from staffroll.ids import new_id
from staffroll_scheduling.actions.dropping import apply_unapplied
from staffroll_scheduling.store import shift_lists
from staffroll_scheduling.store.weeks import WeekStore
from tests.integration.scheduling.planning import HOUR, Planner, midnight
from tests.support.services import ServiceHere, TenantHere, a_user, body_of, only

pytestmark = only("scheduling")
READ, EDIT = "scheduling.shifts:read", "scheduling.shifts:edit"


@pytest.fixture
def tenant(follower_here: ServiceHere) -> TenantHere:
    return follower_here.new_tenant()


@pytest.fixture
def planner(tenant: TenantHere) -> Planner:
    return Planner(tenant)


@pytest.fixture
def ada(tenant: TenantHere) -> str:
    return tenant.known(first_name="Ada", last_name="Berg")


def test_r81_a_shift_is_planned_read_moved_and_deleted(planner: Planner, ada: str) -> None:
    start = midnight(3) + 8 * HOUR

    made = planner.plan(ada, start, note="At the gate")
    id_ = body_of(made)["id"]
    later = {"start": (start + HOUR).isoformat(), "end": (start + 9 * HOUR).isoformat()}
    moved = planner.ask("PATCH", f"/shifts/{id_}", json=later)
    read = planner.ask("GET", f"/shifts/{id_}")
    gone = planner.ask("DELETE", f"/shifts/{id_}")

    assert made.status_code == 201
    assert made.headers["Location"].endswith(f"/v1/shifts/{id_}")
    assert {**body_of(made), "version": 0} == {
        "id": id_,
        "version": 0,
        "employee_id": ada,
        "employee_name": "Ada Berg",
        "start": start.strftime("%Y-%m-%dT08:00:00.000Z"),
        "end": start.strftime("%Y-%m-%dT16:00:00.000Z"),
        "time_zone": "Europe/Berlin",
        "day": start.date().isoformat(),
        "activity_id": None,
        "note": "At the gate",
        "outside_membership": False,
        "skill_missing": False,
    }
    assert body_of(moved)["start"].endswith("T09:00:00.000Z")
    assert body_of(read) == body_of(moved)
    assert read.headers["ETag"] != made.headers["ETag"]
    assert gone.status_code == 204
    assert planner.ask("GET", f"/shifts/{id_}").status_code == 404
    assert planner.stored(ada) == []


def test_r81_times_may_have_an_offset(planner: Planner, ada: str) -> None:
    times = {"start": "2026-12-01T00:30:00+05:45", "end": "2026-12-01t06:00:00+05:45"}

    made = planner.ask("POST", "/shifts", json={"employee_id": ada, **times})

    assert body_of(made)["start"] == "2026-11-30T18:45:00.000Z"


@pytest.mark.parametrize(
    "times, field, code",
    [
        (("2026-12-01T08:00:00", "2026-12-01T09:00:00Z"), "start", "not_a_moment"),
        (("2026-12-01", "2026-12-01T09:00:00Z"), "start", "not_a_moment"),
        (("2026-12-01T08:00:00Z", "2026-13-01T09:00:00Z"), "end", "not_a_moment"),
        (("2026-12-01T08:00:00Z", "9999-12-31T23:59:59-23:59"), "end", "not_a_moment"),
        (("0001-01-01T00:00:00+23:59", "2026-12-01T09:00:00Z"), "start", "not_a_moment"),
        (("1960-12-01T08:00:00Z", "2026-12-01T09:00:00Z"), "start", "out_of_range"),
        (("2026-12-01T08:00:00Z", "2026-12-01T08:00:00Z"), "end", "end_not_after_start"),
        (("2026-12-01T08:00:00Z", "2026-12-02T08:01:00Z"), "end", "longer_than_a_day"),
        (("2026-12-01T08:00:01Z", "2026-12-01T09:00:00Z"), "start", "not_a_whole_minute"),
        (("1970-12-01T08:00:00Z", "2199-12-01T09:00:00Z"), "end", "longer_than_a_day"),
    ],
)
def test_r81_times_that_are_none_of_a_shift_are_refused(
    planner: Planner, ada: str, times: tuple[str, str], field: str, code: str
) -> None:
    body = {"employee_id": ada, "start": times[0], "end": times[1]}
    shift = planner.planned(ada, midnight(9))["id"]

    created = planner.ask("POST", "/shifts", json=body)
    moved = planner.ask("PATCH", f"/shifts/{shift}", json={"start": times[0], "end": times[1]})

    for response in (created, moved):
        assert response.status_code == 422
        assert body_of(response)["errors"][field][0]["code"] == code
    assert len(planner.stored(ada)) == 1


def test_r81_shifts_of_one_employee_never_overlap(planner: Planner, ada: str) -> None:
    start = midnight(4) + 8 * HOUR
    first = planner.planned(ada, start)

    refused = planner.plan(ada, start + 7 * HOUR)
    next_to_it = planner.plan(ada, start + 8 * HOUR)
    others = planner.plan(planner.tenant.known(), start)

    assert (refused.status_code, body_of(refused)["code"]) == (409, "shift_overlaps")
    assert list(body_of(refused)["errors"]) == ["start"]
    assert planner.stored(ada)[0]["id"] == first["id"]
    assert (next_to_it.status_code, others.status_code) == (201, 201)


def test_r81_of_40_that_overlap_at_one_moment_exactly_one_wins(planner: Planner, ada: str) -> None:
    start = midnight(5) + 8 * HOUR

    with ThreadPoolExecutor(40) as pool:
        answers = list(
            pool.map(lambda nth: planner.plan(ada, start + timedelta(minutes=nth)), range(40))
        )

    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201, *[409] * 39]
    assert {body_of(one)["code"] for one in answers if one.status_code == 409} == {"shift_overlaps"}
    winner = next(body_of(one)["id"] for one in answers if one.status_code == 201)
    assert [shift["id"] for shift in planner.stored(ada)] == [winner]
    assert planner.tenant.stored(ada)["own"]["future_shifts"] == 1


def test_r81_40_that_do_not_overlap_at_one_moment_all_win(planner: Planner, ada: str) -> None:
    start = midnight(6)

    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda nth: planner.plan(ada, start + nth * HOUR, 1), range(40)))

    assert {answer.status_code for answer in answers} == {201}
    assert len(planner.stored(ada)) == 40
    assert planner.tenant.stored(ada)["own"]["future_shifts"] == 40


def test_r81_two_that_are_moved_to_one_place_at_one_moment_do_not_both_get_there(
    planner: Planner, ada: str
) -> None:
    shifts = [planner.planned(ada, midnight(8 + nth)) for nth in range(8)]
    wish = {"start": midnight(30).isoformat(), "end": (midnight(30) + HOUR).isoformat()}

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda one: planner.ask("PATCH", f"/shifts/{one['id']}", json=wish), shifts)
        )

    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 7]
    assert len(planner.stored(ada)) == 8


class Killed(BaseException):
    """What no handler catches, as no handler outlives a kill."""


def kill(ask: Callable[[], object]) -> None:
    """Let a request be killed between deciding and applying."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(WeekStore, "_apply", _die)
        with pytest.raises(Killed):
            ask()


def _die(*_: object) -> None:
    raise Killed


def test_f1_killed_between_deciding_and_applying_loses_nothing_and_doubles_nothing(
    planner: Planner, ada: str
) -> None:
    start = midnight(5) + 8 * HOUR

    kill(lambda: planner.plan(ada, start, headers={"Idempotency-Key": "k"}))
    before = planner.stored(ada)
    overlapping = planner.plan(ada, start + HOUR)
    again = planner.plan(ada, start, headers={"Idempotency-Key": "k"})

    assert before == []
    assert (overlapping.status_code, again.status_code) == (409, 201)
    assert [shift["id"] for shift in planner.stored(ada)] == [body_of(again)["id"]]
    assert planner.tenant.stored(ada)["own"]["future_shifts"] == 1


@pytest.mark.parametrize("who", ["chore", "reader", "list", "deleter"])
def test_f1_what_a_killed_process_decided_is_found_by_whoever_comes_next(
    planner: Planner, ada: str, who: str
) -> None:
    start = midnight(5) + 8 * HOUR
    shift = planner.planned(ada, start)["id"]
    later = {
        "start": (start + 168 * HOUR).isoformat(),
        "end": (start + 170 * HOUR).isoformat(),
    }
    kill(lambda: planner.ask("PATCH", f"/shifts/{shift}", json=later))
    assert planner.stored(ada)[0]["start"] == start

    match who:
        case "chore":
            apply_unapplied(planner.here).run()
        case "reader":
            seen = body_of(planner.ask("GET", f"/shifts/{shift}"))
            assert seen["end"] == later["end"].replace("+00:00", ".000Z")
        case "list":
            assert [one["id"] for one in planner.listed(**{"from": later["start"]})] == [shift]
        case "deleter":
            assert planner.ask("DELETE", f"/shifts/{shift}").status_code == 204

    left = planner.stored(ada)
    assert [one["start"] for one in left] == ([] if who == "deleter" else [start + 168 * HOUR])
    assert planner.tenant.stored(ada)["unapplied"] == []


def test_f1_a_shift_that_is_decided_but_nowhere_yet_can_be_read(planner: Planner, ada: str) -> None:
    kill(lambda: planner.plan(ada, midnight(5)))
    waiting = planner.tenant.stored(ada)["unapplied"][0]["shifts"][0]["id"]

    assert planner.ask("GET", f"/shifts/{waiting}").status_code == 200


def test_r81_a_created_shift_repeated_with_its_key_is_the_same(planner: Planner, ada: str) -> None:
    start, key = midnight(5), {"Idempotency-Key": "k1"}

    first = planner.plan(ada, start, headers=key)
    again = planner.plan(ada, start, headers=key)
    other = planner.plan(ada, start + 24 * HOUR, headers=key)

    assert body_of(again) == body_of(first)
    assert (other.status_code, body_of(other)["code"]) == (422, "idempotency_key_reused")
    assert len(planner.stored(ada)) == 1


def test_r81_a_shift_that_was_deleted_is_not_created_again_with_its_key(
    planner: Planner, ada: str
) -> None:
    start, key = midnight(5), {"Idempotency-Key": "k1"}
    made = body_of(planner.plan(ada, start, headers=key))
    planner.ask("DELETE", f"/shifts/{made['id']}")

    again = planner.plan(ada, start, headers=key)
    another = planner.plan(ada, start, note="other", headers=key)

    assert (again.status_code, body_of(again)["code"]) == (409, "deleted_meanwhile")
    assert (another.status_code, body_of(another)["code"]) == (422, "idempotency_key_reused")
    assert planner.stored(ada) == []


def test_r81_a_key_used_by_many_at_one_moment_creates_one(planner: Planner, ada: str) -> None:
    start, key = midnight(5), {"Idempotency-Key": "k2"}

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: planner.plan(ada, start, headers=key), range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({body_of(answer)["id"] for answer in answers}) == 1


def test_r15_an_edit_of_an_older_version_is_refused(planner: Planner, ada: str) -> None:
    made = planner.plan(ada, midnight(5))
    path, seen = f"/shifts/{body_of(made)['id']}", {"If-Match": made.headers["ETag"]}

    first = planner.ask("PATCH", path, json={"note": "one"}, headers=seen)
    second = planner.ask("PATCH", path, json={"note": "two"}, headers=seen)
    deleted = planner.ask("DELETE", path, headers=seen)

    assert [one.status_code for one in (first, second, deleted)] == [200, 412, 412]
    assert body_of(planner.ask("GET", path))["note"] == "one"


def test_r6_who_is_not_confirmed_or_unknown_gets_no_shift(planner: Planner) -> None:
    pending, _ = planner.tenant.pending()
    rejected, _ = planner.tenant.rejected()
    deleted = planner.tenant.known()
    planner.tenant.hear("user.deleted", deleted, 2, a_user(status="deleted"))

    answers = [
        planner.plan(employee, midnight(5)) for employee in (pending, rejected, deleted, new_id())
    ]

    assert [one.status_code for one in answers] == [409, 409, 404, 404]
    assert {body_of(one)["code"] for one in answers[:2]} == {"not_confirmed"}


def test_r81_no_shift_outside_membership(planner: Planner) -> None:
    left = planner.tenant.known(status="deactivated")

    refused = planner.plan(left, midnight(5))

    assert (refused.status_code, body_of(refused)["code"]) == (409, "outside_membership")
    assert list(body_of(refused)["errors"]) == ["start"]


def test_r81_an_activity_that_is_not_in_the_catalogue_is_refused(
    planner: Planner, ada: str
) -> None:
    activity = body_of(planner.ask("POST", "/activities", json={"name": "Till"}))["id"]

    refused = planner.plan(ada, midnight(5), activity_id=new_id())
    made = planner.planned(ada, midnight(5), activity_id=activity)

    assert (refused.status_code, body_of(refused)["code"]) == (422, "entry_unknown")
    assert list(body_of(refused)["errors"]) == ["activity_id"]
    assert made["activity_id"] == activity


def test_r81_the_list_is_by_start_and_id_in_pages(planner: Planner, ada: str) -> None:
    people = [ada, *(planner.tenant.known() for _ in range(4))]
    made = [
        planner.planned(employee, midnight(day) + 8 * HOUR)
        for day in (-3, 0, 1, 13, 40)
        for employee in people
    ]
    query = {"from": midnight(-3).isoformat(), "to": midnight(41).isoformat()}

    listed = planner.listed(limit=3, **query)
    some = planner.listed(limit=7, **{**query, "from": (midnight() + 8 * HOUR).isoformat()})
    hers = planner.listed(employee=ada, **query)
    nobodys = planner.listed(employee=new_id(), **query)

    expected = sorted(made, key=lambda one: (one["start"], one["id"]))
    assert listed == expected
    assert some == expected[5:]
    assert hers == [one for one in expected if one["employee_id"] == ada]
    assert nobodys == []


@pytest.mark.parametrize("days", [-1, 0, 62.01, 5000])
def test_r81_a_range_is_at_most_62_days(planner: Planner, days: float) -> None:
    query = {"from": midnight().isoformat(), "to": midnight() + timedelta(days=days)}

    response = planner.ask("GET", "/shifts", query_string=query)

    assert response.status_code == 422
    if days > 0:
        assert body_of(response)["code"] in ("range_too_long", "invalid")


def test_r73_shifts_of_who_is_out_of_reach_are_not_there(planner: Planner, ada: str) -> None:
    tenant = planner.tenant
    unit = body_of(planner.ask("POST", "/planning-units", json={"name": "N", "time_zone": "UTC"}))
    assigned = planner.ask(
        "POST",
        f"/employees/{ada}/planning-units",
        json={"planning_unit_id": unit["id"], "valid_from": "2026-01-01", "priority": 1},
    )
    assert assigned.status_code == 201, assigned.text
    bo = tenant.known()
    within, without = planner.planned(ada, midnight(2)), planner.planned(bo, midnight(2))
    reader = tenant.known()
    limited = tenant.token(reader, permissions=[READ, EDIT])
    role = tenant.stored(reader)["user"]["roles"][0]
    roles = tenant.here.runtime.platform["roles"]
    roles.update_one({"_id": role}, {"$set": {"state.planning_units": [unit["id"]]}})

    listed = planner.listed(as_=limited)
    asked = planner.listed(as_=limited, employee=bo)
    of_unit = planner.listed(planning_unit=unit["id"])
    refused = [
        planner.ask("GET", f"/shifts/{without['id']}", as_=limited),
        planner.ask("PATCH", f"/shifts/{without['id']}", json={"note": "x"}, as_=limited),
        planner.ask("DELETE", f"/shifts/{without['id']}", as_=limited),
        planner.plan(bo, midnight(4), as_=limited),
    ]

    assert [one["id"] for one in listed] == [within["id"]]
    assert asked == []
    assert [one["id"] for one in of_unit] == [within["id"]]
    assert within["time_zone"] == "UTC"
    assert [one.status_code for one in refused] == [404] * 4
    assert planner.ask("GET", f"/shifts/{within['id']}", as_=limited).status_code == 200


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_r73_the_shifts_of_many_are_listed_as_those_of_few(
    planner: Planner, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    tenant, unit = planner.tenant, new_id()
    people = [tenant.known() for _ in range(5)]
    within = set(people[:3])
    for nth, one in enumerate(people):
        planner.plan_daily(one, midnight(2 + nth % 2), 4)
    where = {"tenant_id": tenant.id, "_id": {"$in": [*within]}}
    tenant.here.records.update_many(where, {"$set": {"units": [unit]}})
    few = planner.listed(planning_unit=unit)

    monkeypatch.setattr(shift_lists, "FEW", 2)
    monkeypatch.setattr(shift_lists, "_READ_AT_ONCE", 3)
    many = planner.listed(planning_unit=unit, limit=limit)

    assert many == few
    assert {one["employee_id"] for one in many} == within
    assert len(many) == 12


def test_r1_shifts_of_another_tenant_are_not_there(planner: Planner, ada: str) -> None:
    shift = planner.planned(ada, midnight(2))["id"]
    stranger = Planner(planner.tenant.here.new_tenant())

    answers = [
        stranger.ask("GET", f"/shifts/{shift}"),
        stranger.ask("PATCH", f"/shifts/{shift}", json={"note": "x"}),
        stranger.ask("DELETE", f"/shifts/{shift}"),
        stranger.plan(ada, midnight(4)),
    ]

    assert [one.status_code for one in answers] == [404] * 4
    assert stranger.listed() == []


def test_r71_reading_and_editing_are_permissions_of_their_own(planner: Planner, ada: str) -> None:
    shift = planner.planned(ada, midnight(2))["id"]
    reader = planner.tenant.token(planner.tenant.known(), permissions=[READ])

    assert planner.ask("GET", "/shifts", as_=reader).status_code == 200
    assert planner.ask("GET", f"/shifts/{shift}", as_=reader).status_code == 200
    assert planner.plan(ada, midnight(4), as_=reader).status_code == 403
    assert planner.ask("DELETE", f"/shifts/{shift}", as_=reader).status_code == 403


def test_r60_the_count_of_future_shifts_is_told_when_it_changes(planner: Planner, ada: str) -> None:
    tenant = planner.tenant
    planner.planned(ada, midnight(-2))
    shift = planner.planned(ada, midnight(2))["id"]
    sequence = tenant.stored(ada)["sequence"]

    planner.ask("PATCH", f"/shifts/{shift}", json={"note": "no news"})
    unchanged = tenant.stored(ada)["sequence"]
    planner.ask("DELETE", f"/shifts/{shift}")

    told = [payload_of(tenant.said(ada, "employee.updated", nth)) for nth in range(2)]
    assert [one.future_shifts for one in told] == [1, 0]
    assert told[0].changed == ["future_shifts"]
    assert unchanged == sequence


def test_r60_future_shifts_are_counted_anew_at_midnight(planner: Planner, ada: str) -> None:
    planner.planned(ada, midnight(1) + 8 * HOUR)
    planner.planned(ada, midnight(2) + 8 * HOUR)
    ticker = planner.tenant.here.chore("turning dates into facts")

    ticker.run()
    before = planner.tenant.stored(ada)
    with time_machine.travel(midnight(2) + HOUR):
        ticker.run()
    after = planner.tenant.stored(ada)
    with time_machine.travel(midnight(9)):
        ticker.run()

    assert before["own"]["future_shifts"] == 2
    assert after["own"]["future_shifts"] == 1
    assert "future_shifts" not in planner.tenant.stored(ada)["own"]
    sequences = [one["sequence"] for one in (before, after, planner.tenant.stored(ada))]
    assert sequences == [sequences[0] + nth for nth in range(3)]


def test_r9_who_changed_a_shift_is_noted_in_the_same_write(planner: Planner, ada: str) -> None:
    shift = planner.planned(ada, midnight(2))["id"]
    planner.ask("PATCH", f"/shifts/{shift}", json={"note": "secret words"})
    planner.ask("DELETE", f"/shifts/{shift}")

    noted = planner.tenant.stored(ada)["audit"][-3:]

    assert [one["action"] for one in noted] == ["shift.created", "shift.updated", "shift.deleted"]
    assert [one["changed"] for one in noted] == [
        [f"shifts.{shift}"],
        [f"shifts.{shift}.note"],
        [f"shifts.{shift}"],
    ]
    assert {one["actor"] for one in noted} == {planner.tenant.admin}
    assert all(one["at"] <= clock.now() for one in noted)
