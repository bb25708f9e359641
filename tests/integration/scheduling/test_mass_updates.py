"""R82: one change for many employees, all or nothing for each, with a result for each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from staffroll import clock
from staffroll.ids import new_id
from staffroll_scheduling.domain import mass_updates as rules
from staffroll_scheduling.domain.mass_updates import KIND
from staffroll_scheduling.domain.membership import day_in
from staffroll_scheduling.due import step_of
from staffroll_scheduling.sync import following
from tests.support.scheduling import (
    EMPLOYEES,
    Header,
    a_member,
    a_role,
    a_unit,
    an_entry,
    ask,
    somebody_with,
)
from tests.support.services import TenantHere, a_tombstone, body_of, only

pytestmark = only("scheduling")

PATH = "/v1/mass-updates"
MEMBERSHIPS = "scheduling.memberships:edit"


def give_contract(tenant: TenantHere) -> dict[str, Any]:
    contract = an_entry(tenant, "contracts")["id"]
    return {"contract": {"contract_id": contract, "valid_from": "2026-01-01"}}


def start(
    tenant: TenantHere, change: dict[str, Any], as_: Header | None = None, **chosen: Any
) -> Any:
    return ask(tenant, "POST", PATH, {"change": change, **chosen}, as_=as_)


def run(tenant: TenantHere, job_id: str) -> dict[str, Any]:
    """The job once it is over; jobs of other tests may be due as well."""
    for _ in range(50):
        tenant.here.chore("updating many employees").run()
        job = body_of(ask(tenant, "GET", f"{PATH}/{job_id}"))
        if job["state"] not in ("queued", "running"):
            return job
    raise AssertionError(job)


def results(tenant: TenantHere, job_id: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body_of(ask(tenant, "GET", f"{PATH}/{job_id}/results?{query}"))[
        "items"
    ]
    return found


def has(tenant: TenantHere, id_: str, path: str = "contracts") -> int:
    return len(body_of(ask(tenant, "GET", f"/v1/employees/{id_}/{path}"))["items"])


def test_r82_each_chosen_employee_is_changed_and_has_a_result(tenant: TenantHere) -> None:
    ids = [tenant.known() for _ in range(30)]
    other = tenant.known()

    started = start(tenant, give_contract(tenant), employees=[*ids, ids[0]])
    job = run(tenant, body_of(started)["id"])

    assert started.status_code == 202
    assert started.headers["Location"].endswith(f"{PATH}/{job['id']}")
    assert (job["state"], job["total"], job["done"], job["failed"]) == ("done", 30, 30, 0)
    assert [one["employee_id"] for one in results(tenant, job["id"], "limit=200")] == ids
    assert [has(tenant, id_) for id_ in (ids[0], ids[-1], other)] == [1, 1, 0]


def test_r82_who_is_refused_says_why_and_the_others_are_changed(tenant: TenantHere) -> None:
    change = give_contract(tenant)
    fine, has_it, (pending, _), nobody = tenant.known(), tenant.known(), tenant.pending(), new_id()
    ask(tenant, "POST", f"/v1/employees/{has_it}/contracts", change["contract"])

    job_id = body_of(start(tenant, change, employees=[has_it, pending, nobody, fine]))["id"]
    job = run(tenant, job_id)

    assert (job["done"], job["failed"], job["counts"]) == (4, 3, {"done": 1, "refused": 3})
    assert [one.get("code") for one in results(tenant, job_id)] == [
        "overlap",
        "not_confirmed",
        "not_found",
        None,
    ]
    assert results(tenant, job_id)[0]["detail"].startswith("They have this already")
    assert len(results(tenant, job_id, "outcome=refused")) == 3


def test_r82_a_filter_chooses_who_fits_at_that_moment(tenant: TenantHere) -> None:
    north = a_unit(tenant)
    ann = a_member(tenant, north, first_name="Ann")
    bob = a_member(tenant, north, first_name="Bob")
    elsewhere = a_member(tenant, first_name="Ann")

    fitting = {"q": "ann", "planning_unit": [north], "status": "employed"}
    job_id = body_of(start(tenant, give_contract(tenant), filter=fitting))["id"]
    late = a_member(tenant, north, first_name="Ann")
    run(tenant, job_id)

    assert [has(tenant, id_) for id_ in (ann, bob, elsewhere, late)] == [1, 0, 0, 0]


def test_r82_a_leave_date_deactivates_many(tenant: TenantHere) -> None:
    today = day_in("Europe/Berlin", clock.now())
    yesterday = (today - timedelta(days=1)).isoformat()
    ids = [tenant.known() for _ in range(3)]

    change = {"leave_date": {"leave_date": yesterday, "future_shifts": "keep"}}
    job = run(tenant, body_of(start(tenant, change, employees=ids))["id"])

    assert job["counts"] == {"done": 3}
    assert {tenant.read(id_)["leave_date"] for id_ in ids} == {yesterday}
    assert tenant.said(ids[0], "membership.ended")


@pytest.mark.parametrize(
    ("path", "change"),
    [("planning-units", {"priority": 1}), ("skills", {"level": 1}), ("contracts", {})],
)
def test_r82_what_is_in_the_catalogues_is_given_to_many(
    tenant: TenantHere, path: str, change: dict[str, Any]
) -> None:
    id_, kind = tenant.known(), path.removesuffix("s").replace("-", "_")
    wished = {f"{kind}_id": an_entry(tenant, path)["id"], "valid_from": "2026-01-01", **change}

    job = run(tenant, body_of(start(tenant, {kind: wished}, employees=[id_]))["id"])

    assert job["counts"] == {"done": 1}
    assert has(tenant, id_, path) == 1


@pytest.mark.parametrize("which", ["contract", "leave_date"])
def test_r82_a_step_that_was_cut_off_and_repeated_changes_nothing_and_tells_the_same(
    tenant: TenantHere, which: str
) -> None:
    ids = [tenant.known(), tenant.known()]
    leaving = {"leave_date": {"leave_date": "2026-02-01", "future_shifts": "delete"}}
    change = leaving if which == "leave_date" else give_contract(tenant)
    job_id = body_of(start(tenant, change, employees=ids))["id"]
    here = following(tenant.here.runtime)
    job = here.store(tenant.id).jobs.get(job_id, KIND)

    first = step_of(job, here)
    revisions = [tenant.stored(id_)["revision"] for id_ in ids]
    again = step_of(job, here)

    assert first == again
    assert [result.outcome for result in first.results] == ["done", "done"]
    assert [tenant.stored(id_)["revision"] for id_ in ids] == revisions
    run(tenant, job_id)


def test_r82_cancelled_it_stops_and_what_is_done_stays(tenant: TenantHere) -> None:
    ids = [tenant.known() for _ in range(2)]
    job_id = body_of(start(tenant, give_contract(tenant), employees=ids))["id"]

    cancelled = ask(tenant, "DELETE", f"{PATH}/{job_id}")
    tenant.here.chore("updating many employees").run()

    assert body_of(cancelled)["state"] == "cancelled"
    assert [has(tenant, id_) for id_ in ids] == [0, 0]


def test_the_same_key_starts_once(tenant: TenantHere) -> None:
    body = {"change": give_contract(tenant), "employees": [tenant.known()]}
    headers = {"Idempotency-Key": "k"}

    first = ask(tenant, "POST", PATH, body, headers=headers)
    again = ask(tenant, "POST", PATH, body, headers=headers)

    assert body_of(first)["id"] == body_of(again)["id"]
    run(tenant, body_of(first)["id"])


def test_r82_a_tenant_has_only_so_many_mass_updates_waiting(
    tenant: TenantHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "OPEN_MAX", 2)
    change, ids = give_contract(tenant), [tenant.known()]
    first, _ = (body_of(start(tenant, change, employees=ids))["id"] for _ in range(2))

    refused = start(tenant, change, employees=ids)
    ask(tenant, "DELETE", f"{PATH}/{first}")

    assert (refused.status_code, refused.json["code"]) == (409, "too_many_mass_updates")
    assert start(tenant, change, employees=ids).status_code == 202


def test_r73_a_mass_update_reaches_no_further_than_its_starter(tenant: TenantHere) -> None:
    north, south = a_unit(tenant), a_unit(tenant)
    inside, outside = a_member(tenant, north), a_member(tenant, south)
    planner = somebody_with(tenant, a_role(tenant, EMPLOYEES, [north]))
    change = give_contract(tenant)

    by_ids = body_of(start(tenant, change, planner, employees=[outside]))["id"]
    by_filter = body_of(start(tenant, change, planner, filter={"status": "employed"}))["id"]
    run(tenant, by_ids)
    job = run(tenant, by_filter)

    assert [one["code"] for one in results(tenant, by_ids)] == ["not_found"]
    assert job["total"] == 1
    assert [has(tenant, id_) for id_ in (inside, outside)] == [1, 0]


def test_r73_who_does_not_reach_all_sees_only_their_own(tenant: TenantHere) -> None:
    north = a_unit(tenant)
    a_member(tenant, north)
    mine, other = (somebody_with(tenant, a_role(tenant, EMPLOYEES, [north])) for _ in range(2))
    job_id = body_of(start(tenant, give_contract(tenant), mine, filter={"status": "employed"}))[
        "id"
    ]

    for path in (f"{PATH}/{job_id}", f"{PATH}/{job_id}/results"):
        assert ask(tenant, "GET", path, as_=mine).status_code == 200
        assert ask(tenant, "GET", path, as_=other).status_code == 404
    assert ask(tenant, "DELETE", f"{PATH}/{job_id}", as_=other).status_code == 404
    run(tenant, job_id)


def test_r72_a_leave_date_needs_the_permission_for_memberships(tenant: TenantHere) -> None:
    change = {"leave_date": {"leave_date": "2026-02-01", "future_shifts": "keep"}}
    id_ = tenant.known()
    without = somebody_with(tenant, a_role(tenant, EMPLOYEES))
    allowed = somebody_with(tenant, a_role(tenant, [*EMPLOYEES, MEMBERSHIPS]))

    refused = start(tenant, change, without, employees=[id_])
    started = start(tenant, change, allowed, employees=[id_])

    assert (refused.status_code, body_of(refused)["code"]) == (403, "forbidden")
    assert run(tenant, body_of(started)["id"])["counts"] == {"done": 1}


def test_r74_who_loses_the_permission_meanwhile_changes_nobody(tenant: TenantHere) -> None:
    id_, role = tenant.known(), a_role(tenant, EMPLOYEES)
    somebody = somebody_with(tenant, role)
    job_id = body_of(start(tenant, give_contract(tenant), somebody, employees=[id_]))["id"]

    a_role(tenant, ["scheduling.employees:read"], role_id=role, version=2)
    job = run(tenant, job_id)

    assert (job["state"], job["failure"]["code"]) == ("failed", "forbidden")
    assert has(tenant, id_) == 0


def test_r82_what_is_deleted_meanwhile_is_given_to_nobody(tenant: TenantHere) -> None:
    change, id_ = give_contract(tenant), tenant.known()
    job_id = body_of(start(tenant, change, employees=[id_]))["id"]

    ask(tenant, "DELETE", f"/v1/contracts/{change['contract']['contract_id']}")
    job = run(tenant, job_id)

    assert (job["state"], job["failure"]["code"]) == ("failed", "entry_unknown")


def test_r82_a_filter_that_nobody_fits_is_refused(tenant: TenantHere) -> None:
    response = start(tenant, give_contract(tenant), filter={"q": "nobody at all"})

    assert (response.status_code, body_of(response)["code"]) == (422, "nobody_found")


def test_r82_at_most_so_many_at_once(tenant: TenantHere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("staffroll_scheduling.domain.mass_updates.EMPLOYEES_MAX", 2)
    for _ in range(3):
        tenant.known()

    response = start(tenant, give_contract(tenant), filter={"status": "employed"})

    assert (response.status_code, body_of(response)["code"]) == (422, "too_many_employees")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"employees": [], "filter": None}, "employees"),
        ({"employees": ["x"]}, "employees.0"),
        ({}, "employees"),
        ({"employees": [new_id()], "filter": {"q": "x"}}, "employees"),
        ({"filter": {"role": "x"}}, "filter.role"),
        ({"filter": {}}, "filter.body"),
        ({"filter": {"q": "x"}, "change": {}}, "change.body"),
        (
            {"filter": {"q": "x"}, "change": {"leave_date": {"leave_date": "x"}}},
            "change.leave_date",
        ),
    ],
)
def test_what_has_the_wrong_form_is_refused(
    tenant: TenantHere, body: dict[str, Any], field: str
) -> None:
    response = ask(tenant, "POST", PATH, {"change": give_contract(tenant), **body})

    assert response.status_code == 422
    assert any(name.startswith(field) for name in body_of(response)["errors"])


def test_r62_where_somebody_who_was_deleted_came_from_is_not_kept(tenant: TenantHere) -> None:
    starter = somebody_with(tenant, a_role(tenant, EMPLOYEES))
    chosen = [tenant.known()]
    job = body_of(start(tenant, give_contract(tenant), as_=starter, employees=chosen))
    jobs = tenant.here.runtime.tenant(tenant.id)["jobs"]
    before = jobs.find_one({"_id": job["id"]})
    tenant.hear("user.deleted", job["created_by"], 9, a_tombstone())

    tenant.finish_erasing()

    after = jobs.find_one({"_id": job["id"]})
    assert before is not None
    assert before["address"]
    assert after is not None
    assert "address" not in after
