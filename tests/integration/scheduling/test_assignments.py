"""R80, R81: what employees have out of the catalogues, and when they can work."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from staffroll import clock
from staffroll.events import payload_of
from staffroll.idempotency import KEPT_FOR
from staffroll.ids import new_id
from staffroll_scheduling.domain.membership import day_in
from tests.support.scheduling import a_unit, an_entry, ask, put_in
from tests.support.services import TenantHere, body_of, only
from tests.support.waiting import eventually

pytestmark = only("scheduling")

PATHS = {
    "contracts": "contract_id",
    "skills": "skill_id",
    "activities": "activity_id",
    "planning-units": "planning_unit_id",
}


def give(tenant: TenantHere, id_: str, path: str, entry_id: str, **fields: Any) -> Any:
    body = {PATHS[path]: entry_id, "valid_from": "2026-01-01", **fields}
    return ask(tenant, "POST", f"/v1/employees/{id_}/{path}", body)


def all_of(tenant: TenantHere, id_: str, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = body_of(ask(tenant, "GET", f"/v1/employees/{id_}/{path}"))[
        "items"
    ]
    return items


@pytest.mark.parametrize("path", PATHS)
def test_r80_it_is_given_changed_and_taken_away(tenant: TenantHere, path: str) -> None:
    id_, entry = tenant.known(), an_entry(tenant, path)

    given = give(tenant, id_, path, entry["id"])
    address = f"/v1/employees/{id_}/{path}/{body_of(given)['id']}"
    ended = ask(tenant, "PATCH", address, {"valid_to": "2026-06-30"})
    after = all_of(tenant, id_, path)
    removed = ask(tenant, "DELETE", address)

    assert given.status_code == 201, given.text
    assert body_of(given)[PATHS[path]] == entry["id"]
    assert (body_of(given)["name"], body_of(given)["valid_to"]) == (entry["name"], None)
    assert after == [body_of(ended)]
    assert after[0] == {**body_of(given), "valid_to": "2026-06-30"}
    assert removed.status_code == 204
    assert all_of(tenant, id_, path) == []


def test_r80_the_history_stays_and_comes_by_first_days(tenant: TenantHere) -> None:
    id_, contract = tenant.known(), an_entry(tenant, "contracts")
    for start, end in (("2026-03-01", None), ("2025-01-01", "2026-03-01")):
        give(tenant, id_, "contracts", contract["id"], valid_from=start, valid_to=end)

    found = all_of(tenant, id_, "contracts")

    assert [one["valid_from"] for one in found] == ["2025-01-01", "2026-03-01"]


def test_r80_the_same_thing_never_overlaps(tenant: TenantHere) -> None:
    id_, skill = tenant.known(), an_entry(tenant, "skills")
    give(tenant, id_, "skills", skill["id"], valid_to="2026-06-01")

    again = give(tenant, id_, "skills", skill["id"], valid_from="2026-05-31")
    later = give(tenant, id_, "skills", skill["id"], valid_from="2026-06-01")

    assert (again.status_code, body_of(again)["code"]) == (409, "overlap")
    assert list(body_of(again)["errors"]) == ["valid_from"]
    assert later.status_code == 201


def test_r80_of_many_at_one_moment_one_is_given(tenant: TenantHere) -> None:
    id_, skill = tenant.known(), an_entry(tenant, "skills")
    client, header, codes = tenant.here.client.application.test_client, tenant.token(), []
    body = {"skill_id": skill["id"], "valid_from": "2026-01-01"}

    def attempt() -> None:
        path = f"/v1/employees/{id_}/skills"
        codes.append(client().post(path, json=body, headers=header).status_code)

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(codes) == [201, 409, 409, 409, 409, 409]
    assert len(all_of(tenant, id_, "skills")) == 1


def test_r80_an_end_is_after_the_beginning(tenant: TenantHere) -> None:
    id_, skill = tenant.known(), an_entry(tenant, "skills")

    response = give(tenant, id_, "skills", skill["id"], valid_to="2026-01-01")

    assert response.status_code == 422
    assert body_of(response)["errors"]["valid_to"][0]["code"] == "period_empty"


def test_r80_a_level_is_one_of_the_skills(tenant: TenantHere) -> None:
    id_, skill = tenant.known(), an_entry(tenant, "skills", levels=[{"name": "A"}, {"name": "B"}])

    known = give(tenant, id_, "skills", skill["id"], level=2)
    unknown = ask(
        tenant, "PATCH", f"/v1/employees/{id_}/skills/{body_of(known)['id']}", {"level": 3}
    )

    assert body_of(known)["level"] == 2
    assert (unknown.status_code, body_of(unknown)["code"]) == (422, "level_unknown")


def test_r80_an_activity_needs_its_skills_and_keeps_them(tenant: TenantHere) -> None:
    id_, skill = tenant.known(), an_entry(tenant, "skills", name="Torch", levels=[{"name": "A"}])
    needed = {"required_skills": [{"skill_id": skill["id"]}]}
    activity = an_entry(tenant, "activities", **needed)

    refused = give(tenant, id_, "activities", activity["id"])
    given = give(tenant, id_, "skills", skill["id"])
    allowed = give(tenant, id_, "activities", activity["id"])
    taken = ask(tenant, "DELETE", f"/v1/employees/{id_}/skills/{body_of(given)['id']}")

    assert (refused.status_code, body_of(refused)["code"]) == (422, "skill_missing")
    assert "Torch (level 1 or higher)" in body_of(refused)["detail"]
    assert allowed.status_code == 201
    assert (taken.status_code, body_of(taken)["code"]) == (422, "skill_missing")


def test_r80_who_is_in_units_has_priority_1_in_one(tenant: TenantHere) -> None:
    id_, north, south = tenant.known(), a_unit(tenant), a_unit(tenant)

    second = give(tenant, id_, "planning-units", south, priority=2)
    first = put_in(tenant, id_, north)
    now = give(tenant, id_, "planning-units", south, priority=2)
    taken = ask(tenant, "DELETE", f"/v1/employees/{id_}/planning-units/{first['id']}")

    assert (second.status_code, body_of(second)["code"]) == (422, "priority_one_needed")
    assert now.status_code == 201
    assert (taken.status_code, body_of(taken)["code"]) == (422, "priority_one_needed")
    assert tenant.read(id_)["planning_units"] == [north, south]


def test_r80_current_planning_units_are_told(tenant: TenantHere) -> None:
    id_, north = tenant.known(), a_unit(tenant)
    put_in(tenant, id_, north)

    told = payload_of(tenant.said(id_, "employee.updated"))

    assert (told.planning_units, told.changed) == ([north], ["planning_units"])


def test_r54_a_unit_begins_and_ends_by_itself(tenant: TenantHere) -> None:
    id_, north = tenant.known(), a_unit(tenant)
    today = day_in("Europe/Berlin", clock.now())
    put_in(tenant, id_, north, valid_to=(today + timedelta(days=1)).isoformat())
    assignments = [{**one, "valid_to": today.isoformat()} for one in _kept(tenant, id_)]
    moved = {"own.assignments": assignments, "turns_at": clock.now()}
    tenant.here.records.update_one({"tenant_id": tenant.id, "_id": id_}, {"$set": moved})

    tenant.here.chore("turning dates into facts").run()

    assert tenant.read(id_)["planning_units"] == []
    assert payload_of(tenant.said(id_, "employee.updated", 1)).planning_units == []
    assert "turns_at" not in tenant.stored(id_)


def test_r54_the_day_on_which_units_change_next_is_kept(tenant: TenantHere) -> None:
    id_, north = tenant.known(time_zone="UTC"), a_unit(tenant)
    day = day_in("UTC", clock.now()) + timedelta(days=9)

    put_in(tenant, id_, north, valid_from=day.isoformat())

    assert tenant.stored(id_)["turns_at"].date() == day
    assert tenant.read(id_)["planning_units"] == []


def _kept(tenant: TenantHere, id_: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tenant.stored(id_)["own"]["assignments"]
    return found


def test_the_same_key_gives_once(tenant: TenantHere) -> None:
    id_, skill = tenant.known(), an_entry(tenant, "skills")
    body = {"skill_id": skill["id"], "valid_from": "2026-01-01"}
    path, headers = f"/v1/employees/{id_}/skills", {"Idempotency-Key": "k"}

    first = ask(tenant, "POST", path, body, headers=headers)
    again = ask(tenant, "POST", path, body, headers=headers)
    other = ask(tenant, "POST", path, {**body, "valid_from": "2026-02-01"}, headers=headers)

    assert (first.status_code, again.status_code, again.json) == (201, 201, first.json)
    assert body_of(other)["code"] == "idempotency_key_reused"


def test_what_was_taken_away_is_not_given_again_with_the_same_key(tenant: TenantHere) -> None:
    id_, skill = tenant.known(), an_entry(tenant, "skills")
    body = {"skill_id": skill["id"], "valid_from": "2026-01-01"}
    path, headers = f"/v1/employees/{id_}/skills", {"Idempotency-Key": "k"}
    given = body_of(ask(tenant, "POST", path, body, headers=headers))
    ask(tenant, "DELETE", f"{path}/{given['id']}")

    again = ask(tenant, "POST", path, body, headers=headers)
    other = ask(tenant, "POST", path, body, headers={"Idempotency-Key": "k2"})

    assert (again.status_code, body_of(again)["code"]) == (409, "deleted_meanwhile")
    assert other.status_code == 201


def test_a_key_counts_for_24_hours_after_what_it_made_was_taken_away(tenant: TenantHere) -> None:
    id_, skill = tenant.known(), an_entry(tenant, "skills")
    body = {"skill_id": skill["id"], "valid_from": "2026-01-01"}
    path, headers = f"/v1/employees/{id_}/skills", {"Idempotency-Key": "k"}
    given = body_of(ask(tenant, "POST", path, body, headers=headers))
    ask(tenant, "DELETE", f"{path}/{given['id']}")
    long_ago = {"$set": {"own.spent.0.at": clock.now() - KEPT_FOR}}
    tenant.here.records.update_one({"tenant_id": tenant.id, "_id": id_}, long_ago)

    again = ask(tenant, "POST", path, body, headers=headers)
    ask(tenant, "DELETE", f"{path}/{body_of(again)['id']}")

    assert again.status_code == 201
    assert len(tenant.stored(id_)["own"]["spent"]) == 1


def test_r15_a_lost_update_is_refused(tenant: TenantHere) -> None:
    id_, skill = tenant.known(), an_entry(tenant, "skills")
    given = give(tenant, id_, "skills", skill["id"])
    address = f"/v1/employees/{id_}/skills/{body_of(given)['id']}"
    stale = {"If-Match": '"1"'}

    changed = ask(tenant, "PATCH", address, {"valid_to": "2026-05-01"}, headers=stale)
    removed = ask(tenant, "DELETE", address, headers=stale)
    current = {"If-Match": given.headers["ETag"]}

    assert (changed.status_code, removed.status_code) == (412, 412)
    assert ask(tenant, "DELETE", address, headers=current).status_code == 204


def test_r80_only_what_is_in_the_catalogue_is_given(tenant: TenantHere) -> None:
    id_ = tenant.known()
    foreign = an_entry(tenant.here.new_tenant(), "skills")["id"]
    contract = an_entry(tenant, "contracts")["id"]

    for entry_id in (new_id(), foreign, contract):
        response = give(tenant, id_, "skills", entry_id)
        assert body_of(response)["errors"]["skill_id"][0]["code"] == "entry_unknown"


def test_r6_nothing_is_given_to_a_pending_employee(tenant: TenantHere) -> None:
    id_, _ = tenant.pending()

    response = give(tenant, id_, "skills", an_entry(tenant, "skills")["id"])

    assert (response.status_code, body_of(response)["code"]) == (409, "not_confirmed")


def test_r61_nothing_of_it_is_left_of_a_deleted_one(tenant: TenantHere) -> None:
    from tests.support.services import a_tombstone

    id_ = tenant.known()
    put_in(tenant, id_, a_unit(tenant))
    items = [{"weekday": "monday", "from": "08:00", "to": "12:00"}]
    ask(tenant, "PUT", f"/v1/employees/{id_}/availabilities", {"items": items})

    tenant.hear("user.deleted", id_, 2, a_tombstone())

    kept = tenant.stored(id_)
    assert not {"assignments", "planning_units", "availabilities"} & kept.get("own", {}).keys()
    assert "units" not in kept


def test_r9_giving_is_noted(tenant: TenantHere) -> None:
    id_ = tenant.known()
    given = give(tenant, id_, "skills", an_entry(tenant, "skills")["id"])
    address = f"/v1/employees/{id_}/skills/{body_of(given)['id']}"
    ask(tenant, "PATCH", address, {"valid_to": "2026-05-01"})
    ask(tenant, "DELETE", address)
    eventually(lambda: len(tenant.stored(id_).get("audit", [])) >= 3 or None)

    noted = [entry["action"] for entry in tenant.stored(id_)["audit"]]

    assert noted[-3:] == [
        "employee.skill-assigned",
        "employee.skill-changed",
        "employee.skill-removed",
    ]


def test_r81_availabilities_are_set_all_at_once(tenant: TenantHere) -> None:
    id_ = tenant.known()
    path = f"/v1/employees/{id_}/availabilities"
    night = {"weekday": "sunday", "from": "22:00", "to": "06:00"}
    day = {"weekday": "monday", "from": "06:00", "to": "14:30"}

    before = ask(tenant, "GET", path)
    put = ask(tenant, "PUT", path, {"items": [night, day]}, headers={"If-Match": '"1"'})
    stale = ask(tenant, "PUT", path, {"items": []}, headers={"If-Match": '"1"'})

    assert body_of(before) == {"items": []}
    assert body_of(put) == {"items": [day, night]}
    assert stale.status_code == 412
    assert body_of(ask(tenant, "GET", path)) == {"items": [day, night]}


def test_r81_availabilities_do_not_overlap(tenant: TenantHere) -> None:
    path = f"/v1/employees/{tenant.known()}/availabilities"
    items = [
        {"weekday": "sunday", "from": "22:00", "to": "06:00"},
        {"weekday": "monday", "from": "05:00", "to": "14:30"},
    ]

    response = ask(tenant, "PUT", path, {"items": items})

    assert response.status_code == 422
    assert body_of(response)["errors"]["items"][0]["code"] == "availabilities_overlap"


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"weekday": "someday", "from": "08:00", "to": "09:00"}, "items.0.weekday"),
        ({"weekday": "monday", "from": "24:00", "to": "09:00"}, "items.0.from"),
        ({"weekday": "monday", "from": "08:00", "to": "9:00"}, "items.0.to"),
        ({"weekday": "monday", "from": "08:00"}, "items.0.to"),
    ],
)
def test_r81_a_time_of_the_wrong_form_is_refused(
    tenant: TenantHere, item: dict[str, str], field: str
) -> None:
    path = f"/v1/employees/{tenant.known()}/availabilities"

    response = ask(tenant, "PUT", path, {"items": [item]})

    assert response.status_code == 422
    assert list(body_of(response)["errors"]) == [field]
