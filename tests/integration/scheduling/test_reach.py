"""R73: without admin access, only employees of units that the person's roles reach."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from staffroll.ids import new_id
from staffroll.web.pages import cookies
from tests.integration.scheduling.planning import Planner, midnight
from tests.integration.test_bad_input import good_values
from tests.support.catalogues import ASSIGNMENT, ENTRIES
from tests.support.page_client import PageClient
from tests.support.scheduling import (
    EMPLOYEES,
    Header,
    a_member,
    a_planner,
    a_role,
    a_unit,
    ask,
    put_in,
    somebody_with,
)
from tests.support.services import TenantHere, body_of, only

pytestmark = only("scheduling")

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")

EVERYTHING = (
    *EMPLOYEES,
    "accounts.users:delete",
    "scheduling.memberships:edit",
    "scheduling.shifts:read",
    "scheduling.shifts:edit",
    "scheduling.catalogue:read",
    "scheduling.catalogue:edit",
)


def listed(tenant: TenantHere, as_: Header | None = None, query: str = "") -> list[str]:
    body = body_of(ask(tenant, "GET", f"/v1/employees?{query}", as_=as_))
    assert body["total"] == len(body["items"])
    return [one["id"] for one in body["items"]]


def test_r73_a_list_has_only_employees_of_the_roles_units(tenant: TenantHere) -> None:
    north, south = a_unit(tenant), a_unit(tenant)
    in_north, in_south = a_member(tenant, north), a_member(tenant, south)
    in_both, in_none = a_member(tenant, north, south), tenant.known()

    seen = listed(tenant, a_planner(tenant, north))

    assert set(seen) == {in_north, in_both}
    assert {in_south, in_none} < set(listed(tenant))


def test_r73_units_of_several_roles_add_up(tenant: TenantHere) -> None:
    north, south = a_unit(tenant), a_unit(tenant)
    in_north, in_south = a_member(tenant, north), a_member(tenant, south)
    roles = [a_role(tenant, units=[unit]) for unit in (north, south)]

    assert set(listed(tenant, somebody_with(tenant, *roles))) == {in_north, in_south}


def test_r73_an_employee_without_a_unit_is_for_who_reaches_all(tenant: TenantHere) -> None:
    id_ = tenant.known()
    all_of_them = somebody_with(tenant, a_role(tenant))

    assert id_ in listed(tenant, all_of_them)
    assert ask(tenant, "GET", f"/v1/employees/{id_}", as_=all_of_them).status_code == 200
    planner = a_planner(tenant, a_unit(tenant))
    assert ask(tenant, "GET", f"/v1/employees/{id_}", as_=planner).status_code == 404


def test_r73_a_role_that_reaches_no_unit_shows_nobody(tenant: TenantHere) -> None:
    a_member(tenant, a_unit(tenant))

    assert listed(tenant, somebody_with(tenant, a_role(tenant, units=[]))) == []


def test_r73_editing_reaches_as_far_as_the_roles_that_give_it(tenant: TenantHere) -> None:
    north, south = a_unit(tenant), a_unit(tenant)
    in_north, in_south = a_member(tenant, north), a_member(tenant, south)
    reads, edits = (a_role(tenant, EMPLOYEES[:1]), a_role(tenant, EMPLOYEES, [north]))
    somebody = somebody_with(tenant, reads, edits)

    answers = [
        ask(tenant, "PATCH", f"/v1/employees/{id_}", {"personnel_number": id_[-9:]}, as_=somebody)
        for id_ in (in_north, in_south)
    ]

    assert {in_north, in_south} <= set(listed(tenant, somebody))
    assert [answer.status_code for answer in answers] == [200, 404]


def test_r74_a_change_of_a_roles_units_works_at_once(tenant: TenantHere) -> None:
    north, south = a_unit(tenant), a_unit(tenant)
    in_north, in_south = a_member(tenant, north), a_member(tenant, south)
    role = a_role(tenant, units=[north])
    planner = somebody_with(tenant, role)
    before = listed(tenant, planner)

    a_role(tenant, units=[south], role_id=role, version=2)

    assert (before, listed(tenant, planner)) == ([in_north], [in_south])


def test_r73_who_leaves_a_unit_is_out_of_sight_at_once(tenant: TenantHere) -> None:
    north, south = a_unit(tenant), a_unit(tenant)
    id_ = tenant.known()
    assignment = put_in(tenant, id_, north)
    put_in(tenant, id_, south)
    planner = a_planner(tenant, north)

    address = f"/v1/employees/{id_}/planning-units/{assignment['id']}"
    ended = ask(tenant, "PATCH", address, {"valid_to": "2026-02-01"}, as_=planner)

    assert ended.status_code == 200
    assert ask(tenant, "GET", f"/v1/employees/{id_}", as_=planner).status_code == 404


def test_r13_unit_status_and_search_combine_with_and(tenant: TenantHere) -> None:
    north, south = a_unit(tenant), a_unit(tenant)
    ann = a_member(tenant, north, first_name="Ann")
    bea = a_member(tenant, south, first_name="Bea")
    joe = a_member(tenant, north, first_name="Joe")
    gone = a_member(tenant, north, first_name="Ann", status="deactivated")

    assert set(listed(tenant, query=f"planning_unit={north}")) == {ann, joe, gone}
    both = f"planning_unit={north}&planning_unit={south}"
    assert set(listed(tenant, query=both)) == {ann, bea, joe, gone}
    assert listed(tenant, query=f"planning_unit={north}&status=not_employed") == [gone]
    assert listed(tenant, query=f"planning_unit={north}&status=employed&q=ann") == [ann]
    assert listed(tenant, query="status=not_employed") == [gone]
    assert listed(tenant, query="status=not_employed&q=joe") == []


def test_r73_a_filter_does_not_reach_further_than_the_roles(tenant: TenantHere) -> None:
    north, south = a_unit(tenant), a_unit(tenant)
    a_member(tenant, north, south)
    in_north = a_member(tenant, north)
    planner = a_planner(tenant, north)

    assert listed(tenant, planner, f"planning_unit={south}") == []
    assert in_north in listed(tenant, planner, f"planning_unit={north}&planning_unit={south}")


def test_r73_pages_of_a_limited_list_are_whole(tenant: TenantHere) -> None:
    north = a_unit(tenant)
    inside = {a_member(tenant, north, last_name=f"N{nth}") for nth in range(5)}
    for nth in range(5):
        tenant.known(last_name=f"N{nth}")
    planner, query, seen = a_planner(tenant, north), "limit=2&q=n", []

    for _ in range(3):
        page = body_of(ask(tenant, "GET", f"/v1/employees?{query}", as_=planner))
        assert page["total"] == 5
        seen += [one["id"] for one in page["items"]]
        query = f"limit=2&q=n&cursor={page['next_cursor']}"

    assert page["next_cursor"] is None
    assert (len(seen), set(seen)) == (5, inside)


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({"units": {"$in": ["u1", "u2"]}}, "in_order_by_units"),
        ({"units": {"$in": ["u1"]}, "status": {"$in": ["employed"]}}, "in_order_by_units"),
        ({"status": {"$in": ["employed"]}}, "in_order_by_status"),
    ],
)
def test_r73_what_a_limited_list_counts_and_reads_comes_from_an_index(
    tenant: TenantHere, filters: dict[str, Any], index: str
) -> None:
    states = ["pending", "confirmed", "rejected"]
    where = {"tenant_id": tenant.id, "state": {"$in": states}, **filters}
    found = tenant.here.records.find(where).sort([("sort", 1), ("_id", 1)]).limit(50).hint(index)

    plan = found.explain()["queryPlanner"]["winningPlan"]

    stages = list(_stages(plan))
    assert ("IXSCAN", index) in stages
    assert not {"SORT", "COLLSCAN"} & {stage for stage, _ in stages}


def _stages(plan: dict[str, Any]) -> Any:
    plan = plan.get("queryPlan", plan)
    yield plan["stage"], plan.get("indexName")
    for inner in (plan.get("inputStage"), *plan.get("inputStages", ())):
        if inner:
            yield from _stages(inner)


def test_r73_who_reaches_only_some_units_names_one_of_them_for_a_new_employee(
    tenant: TenantHere,
) -> None:
    north, south = a_unit(tenant), a_unit(tenant)
    planner = a_planner(tenant, north)
    body = {"last_name": "New", "email": f"{new_id()}@example.org"}

    without = ask(tenant, "POST", "/v1/employees", body, as_=planner)
    units: list[dict[str, Any]] = [{"planning_unit_id": south}]
    elsewhere = ask(tenant, "POST", "/v1/employees", {**body, "planning_units": units}, as_=planner)
    units = [{"planning_unit_id": north, "priority": 1}]
    made = ask(tenant, "POST", "/v1/employees", {**body, "planning_units": units}, as_=planner)

    assert (without.status_code, body_of(without)["code"]) == (422, "planning_unit_needed")
    assert body_of(elsewhere)["code"] == "planning_unit_out_of_reach"
    assert made.status_code == 202
    assert body_of(made)["planning_units"] == [north]
    assert listed(tenant, planner) == [body_of(made)["id"]]


def test_r80_the_units_of_a_new_employee_keep_the_rules(tenant: TenantHere) -> None:
    north = a_unit(tenant)

    second = tenant.create(planning_units=[{"planning_unit_id": north, "priority": 2}])
    twice = tenant.create(planning_units=[{"planning_unit_id": north}] * 2)
    unknown = tenant.create(planning_units=[{"planning_unit_id": new_id()}])

    assert body_of(second)["code"] == "priority_one_needed"
    assert body_of(twice)["code"] == "overlap"
    assert "planning_units.0.planning_unit_id" in body_of(unknown)["errors"]


def test_r73_nobody_moves_employees_where_they_do_not_see(tenant: TenantHere) -> None:
    north, south = a_unit(tenant), a_unit(tenant)
    id_ = tenant.known()
    put_in(tenant, id_, north)
    there = put_in(tenant, id_, south)
    planner, path = a_planner(tenant, north), f"/v1/employees/{id_}/planning-units"

    body = {"planning_unit_id": a_unit(tenant), "valid_from": "2026-01-01"}
    answers = [
        ask(tenant, "POST", path, body, as_=planner),
        ask(tenant, "PATCH", f"{path}/{there['id']}", {"priority": 2}, as_=planner),
        ask(tenant, "DELETE", f"{path}/{there['id']}", as_=planner),
    ]

    assert {body_of(answer)["code"] for answer in answers} == {"planning_unit_out_of_reach"}


def test_r73_no_route_shows_or_changes_an_employee_out_of_reach(tenant: TenantHere) -> None:
    north, south = a_unit(tenant), a_unit(tenant)
    id_ = a_member(tenant, south)
    limited = somebody_with(tenant, a_role(tenant, EVERYTHING, [north]))
    everywhere = somebody_with(tenant, a_role(tenant, EVERYTHING))
    asked = []

    for method, path, body in _about_employees(tenant, id_):
        before = tenant.stored(id_)["revision"]
        response = ask(tenant, method, path, body, as_=limited)
        assert response.status_code == 404, f"{method} {path}: {response.text}"
        assert tenant.stored(id_)["revision"] == before
        asked.append(path)

    assert len(asked) > 15
    assert ask(tenant, "GET", f"/v1/employees/{id_}", as_=everywhere).status_code == 200


SEEN = ("scheduling.employees:read", "scheduling.shifts:read", "scheduling.catalogue:read")


def who_sees_less_than_they_may_do(tenant: TenantHere, *unit_ids: str) -> Header:
    """Somebody who may do everything everywhere, and reads in these units alone."""
    acts = [permission for permission in EVERYTHING if permission not in SEEN]
    roles = a_role(tenant, SEEN, unit_ids), a_role(tenant, acts)
    return somebody_with(tenant, *roles)


def test_r73_no_page_shows_an_employee_whom_one_may_only_change(tenant: TenantHere) -> None:
    north, south = a_unit(tenant), a_unit(tenant)
    browser = PageClient(tenant.here.client.application)
    header = who_sees_less_than_they_may_do(tenant, north)
    browser.client.set_cookie(cookies.ACCESS, header["Authorization"].removeprefix("Bearer "))
    told = {}

    for unit in (north, south):
        id_ = tenant.known(last_name=f"In {unit}")
        assignment = put_in(tenant, id_, unit)["id"]
        shift = Planner(tenant).planned(id_, midnight(1), 1)["id"]
        for page in (
            *("", "/number", "/correct", "/delete"),
            *("/membership/leave", "/membership/join", "/membership/begin"),
            *("/availabilities", "/assignments", "/assignments/planning-units/new"),
            f"/assignments/planning-units/{assignment}",
            f"/assignments/planning-units/{assignment}/remove",
            *("/shifts", "/shifts/new", f"/shifts/{shift}"),
        ):
            told[unit, page] = browser.go(f"/employees/{id_}{page}").status_code
        browser.go(f"/employees/mass-updates/new?employee={id_}")
        told[unit, "mass update"] = 200 if f"In {unit}" in browser.text else 404

    assert {code for (unit, _), code in told.items() if unit == north} == {200}
    assert {
        page: code for (unit, page), code in told.items() if unit == south and code != 404
    } == {}


def test_r73_a_form_that_one_does_not_see_cannot_be_sent(tenant: TenantHere) -> None:
    north, south = a_unit(tenant), a_unit(tenant)
    seen, unseen = a_member(tenant, north), a_member(tenant, south)
    browser = PageClient(tenant.here.client.application)
    header = who_sees_less_than_they_may_do(tenant, north)
    browser.client.set_cookie(cookies.ACCESS, header["Authorization"].removeprefix("Bearer "))
    browser.go(f"/employees/{seen}/number")
    before = tenant.stored(unseen)

    _, typed = browser._form(f"/employees/{seen}/number")
    answer = browser.post(f"/employees/{unseen}/number", **typed)

    assert (answer.status_code, tenant.stored(unseen)) == (404, before)


def test_r73_a_refused_one_is_discarded_only_where_one_may_edit(tenant: TenantHere) -> None:
    north, south = a_unit(tenant), a_unit(tenant)
    ids = [
        tenant.rejected(planning_units=[{"planning_unit_id": unit}])[0] for unit in (north, south)
    ]
    deletes, edits = a_role(tenant, ["accounts.users:delete"]), a_role(tenant, units=[north])
    somebody = somebody_with(tenant, deletes, edits)

    told = [ask(tenant, "DELETE", f"/v1/employees/{id_}", as_=somebody).status_code for id_ in ids]

    assert told == [204, 404]
    assert [tenant.document(id_) is None for id_ in ids] == [True, False]


_NAMED = {"assignment_id": ASSIGNMENT, **{f"{kind}_id": id_ for kind, id_ in ENTRIES.items()}}


def _about_employees(tenant: TenantHere, id_: str) -> Iterator[tuple[str, str, Any]]:
    """Every route of the API that names an employee, with a body that it would take."""
    values = {**good_values(), "employee_id": id_}
    schemas = body_of(ask(tenant, "GET", "/openapi.json"))
    for rule in tenant.here.client.application.url_map.iter_rules():
        names_one = {"record_id", "employee_id"} & rule.arguments
        if not names_one or not rule.rule.startswith("/v1/"):
            continue
        path = _PARAMETER.sub(lambda found: _NAMED.get(found[1], id_), rule.rule)
        documented = schemas["paths"][_PARAMETER.sub(r"{\1}", rule.rule)]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            content = documented[method.lower()].get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {}).get("$ref")
            fields = schema and schemas["components"]["schemas"][schema.rpartition("/")[2]]
            yield (
                method,
                path,
                {name: values[name] for name in fields["properties"]} if fields else None,
            )
