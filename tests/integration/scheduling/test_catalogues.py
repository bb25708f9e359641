"""R80: the catalogues of contracts, skills, activities and planning units."""

from __future__ import annotations

import pytest

from staffroll.ids import new_id
from tests.support.scheduling import an_entry, ask, put_in, somebody_with
from tests.support.services import TenantHere, body_of, only

pytestmark = only("scheduling")

PATHS = ("contracts", "skills", "activities", "planning-units")


@pytest.mark.parametrize("path", PATHS)
def test_r80_an_entry_is_created_read_changed_and_deleted(tenant: TenantHere, path: str) -> None:
    entry = an_entry(tenant, path, name="Day", description="Until five")
    address = f"/v1/{path}/{entry['id']}"

    read = ask(tenant, "GET", address)
    changed = ask(tenant, "PATCH", address, {"name": "Night"}, headers={"If-Match": '"1"'})
    deleted = ask(tenant, "DELETE", address, headers={"If-Match": '"2"'})

    assert (read.json, read.headers["ETag"]) == (entry, '"1"')
    assert body_of(changed) == {**entry, "name": "Night", "version": 2}
    assert deleted.status_code == 204
    assert ask(tenant, "GET", address).status_code == 404


def test_r80_what_is_left_out_has_a_default(tenant: TenantHere) -> None:
    contract, skill, activity, unit = (an_entry(tenant, path) for path in PATHS)

    assert contract["weekly_minutes"] == 2400
    assert skill["levels"] == []
    assert (activity["required_skills"], activity["colour"]) == ([], None)
    assert activity["is_paid"] is True
    assert (unit["time_zone"], unit["description"]) == ("Europe/Berlin", "")


@pytest.mark.parametrize("path", PATHS)
def test_r80_a_name_is_unique_in_its_catalogue_whatever_the_case(
    tenant: TenantHere, path: str
) -> None:
    an_entry(tenant, path, name="Straße")
    other = an_entry(tenant, path, name="Other")

    body = {"name": "STRASSE", "weekly_minutes": 1, "time_zone": "UTC"}
    wanted = {name: body[name] for name in body if name == "name" or name in other}
    created = ask(tenant, "POST", f"/v1/{path}", wanted)
    renamed = ask(tenant, "PATCH", f"/v1/{path}/{other['id']}", {"name": "strasse"})

    assert (created.status_code, body_of(created)["code"]) == (409, "name_taken")
    assert (renamed.status_code, body_of(renamed)["code"]) == (409, "name_taken")
    assert list(body_of(created)["errors"]) == ["name"]


def test_r80_catalogues_and_tenants_do_not_take_each_others_names(tenant: TenantHere) -> None:
    names = {an_entry(tenant, path, name="Same")["name"] for path in PATHS}
    elsewhere = an_entry(tenant.here.new_tenant(), "skills", name="Same")

    assert names == {elsewhere["name"]}


def test_r80_the_name_of_a_deleted_entry_is_free(tenant: TenantHere) -> None:
    entry = an_entry(tenant, "skills", name="Torch")
    ask(tenant, "DELETE", f"/v1/skills/{entry['id']}")

    assert an_entry(tenant, "skills", name="Torch")["id"] != entry["id"]


def test_r80_a_list_comes_in_pages_by_name(tenant: TenantHere) -> None:
    for name in ("beta", "Alpha", "gamma"):
        an_entry(tenant, "contracts", name=name)

    first = body_of(ask(tenant, "GET", "/v1/contracts?limit=2"))
    second = body_of(ask(tenant, "GET", f"/v1/contracts?limit=2&cursor={first['next_cursor']}"))

    assert [one["name"] for one in first["items"]] == ["Alpha", "beta"]
    assert [one["name"] for one in second["items"]] == ["gamma"]
    assert (first["total"], second["total"], second["next_cursor"]) == (3, 3, None)


def test_r1_what_another_tenant_has_is_not_there(tenant: TenantHere) -> None:
    entry = an_entry(tenant.here.new_tenant(), "skills")

    assert ask(tenant, "GET", f"/v1/skills/{entry['id']}").status_code == 404
    assert body_of(ask(tenant, "GET", "/v1/skills"))["total"] == 0


def test_r80_an_entry_of_another_catalogue_is_not_found(tenant: TenantHere) -> None:
    skill = an_entry(tenant, "skills")

    assert ask(tenant, "GET", f"/v1/contracts/{skill['id']}").status_code == 404
    assert ask(tenant, "DELETE", f"/v1/contracts/{skill['id']}").status_code == 404


def test_r15_a_lost_update_is_refused(tenant: TenantHere) -> None:
    entry = an_entry(tenant, "skills")
    address = f"/v1/skills/{entry['id']}"

    for method, body in (("PATCH", {"name": "X"}), ("DELETE", None)):
        response = ask(tenant, method, address, body, headers={"If-Match": '"7"'})
        assert (response.status_code, body_of(response)["code"]) == (412, "stale")


def test_the_same_key_creates_once(tenant: TenantHere) -> None:
    body, headers = {"name": "Once"}, {"Idempotency-Key": "k"}

    first = ask(tenant, "POST", "/v1/skills", body, headers=headers)
    again = ask(tenant, "POST", "/v1/skills", body, headers=headers)
    other = ask(tenant, "POST", "/v1/skills", {"name": "Other"}, headers=headers)

    assert (first.status_code, again.status_code, again.json) == (201, 201, first.json)
    assert body_of(other)["code"] == "idempotency_key_reused"
    assert first.headers["Location"].endswith(f"/v1/skills/{body_of(first)['id']}")
    ask(tenant, "DELETE", f"/v1/skills/{body_of(first)['id']}")
    late = ask(tenant, "POST", "/v1/skills", body, headers=headers)
    assert (late.status_code, body_of(late)["code"]) == (409, "deleted_meanwhile")


def test_r80_a_skill_keeps_its_levels(tenant: TenantHere) -> None:
    levels = [{"name": "Basic"}, {"name": "Expert"}]
    skill = an_entry(tenant, "skills", levels=levels)
    address = f"/v1/skills/{skill['id']}"

    more = ask(tenant, "PATCH", address, {"levels": [*levels, {"name": "Master"}]})
    fewer = ask(tenant, "PATCH", address, {"levels": levels})

    assert len(body_of(more)["levels"]) == 3
    assert (fewer.status_code, body_of(fewer)["code"]) == (422, "levels_stay")


def test_r80_an_activity_asks_for_skills_that_there_are(tenant: TenantHere) -> None:
    skill = an_entry(tenant, "skills", levels=[{"name": "Basic"}, {"name": "Expert"}])
    needed = {"skill_id": skill["id"], "level": 2}

    activity = an_entry(tenant, "activities", required_skills=[needed])
    unknown = ask(
        tenant,
        "PATCH",
        f"/v1/activities/{activity['id']}",
        {"required_skills": [{"skill_id": new_id()}]},
    )
    too_high = ask(
        tenant,
        "POST",
        "/v1/activities",
        {"name": "Z", "required_skills": [{**needed, "level": 3}]},
    )

    assert activity["required_skills"] == [needed]
    assert body_of(unknown)["errors"]["required_skills.0.skill_id"][0]["code"] == "entry_unknown"
    assert body_of(too_high)["errors"]["required_skills.0.level"][0]["code"] == "level_unknown"


def test_r80_what_somebody_has_or_an_activity_needs_is_not_deleted(tenant: TenantHere) -> None:
    unit, skill = an_entry(tenant, "planning-units"), an_entry(tenant, "skills")
    an_entry(tenant, "activities", required_skills=[{"skill_id": skill["id"]}])
    put_in(tenant, tenant.known(), unit["id"])
    put_in(tenant, tenant.known(), unit["id"], valid_from="2150-01-01")
    put_in(tenant, tenant.known(), unit["id"], valid_to="2026-02-01")

    given = ask(tenant, "DELETE", f"/v1/planning-units/{unit['id']}")
    needed = ask(tenant, "DELETE", f"/v1/skills/{skill['id']}")

    assert (given.status_code, body_of(given)["code"]) == (409, "in_use")
    assert "2 employees" in body_of(given)["detail"]
    assert body_of(needed)["detail"].endswith("1 activities ask for it.")


def test_r80_a_history_still_names_what_was_deleted(tenant: TenantHere) -> None:
    unit, id_ = an_entry(tenant, "planning-units", name="Old"), tenant.known()
    put_in(tenant, id_, unit["id"], valid_to="2026-02-01")

    deleted = ask(tenant, "DELETE", f"/v1/planning-units/{unit['id']}")

    assert deleted.status_code == 204
    [shown] = body_of(ask(tenant, "GET", f"/v1/employees/{id_}/planning-units"))["items"]
    assert shown["name"] == "Old"


def test_r9_what_is_done_with_catalogues_is_noted(tenant: TenantHere) -> None:
    entry = an_entry(tenant, "planning-units")
    address = f"/v1/planning-units/{entry['id']}"
    ask(tenant, "PATCH", address, {"description": "D"})
    ask(tenant, "DELETE", address)

    tenant.here.chore("writing the audit trail").run()

    lines = body_of(ask(tenant, "GET", f"/v1/audit?subject={entry['id']}"))["items"]
    assert [(line["action"], line["changed"], line["actor"]) for line in reversed(lines)] == [
        ("planning-unit.created", [], tenant.admin),
        ("planning-unit.updated", ["description"], tenant.admin),
        ("planning-unit.deleted", [], tenant.admin),
    ]


def test_r71_reading_is_not_editing(tenant: TenantHere) -> None:
    role = "scheduling.catalogue:read"
    tenant.know_role(role_id := new_id(), [role])
    reader = somebody_with(tenant, role_id)

    assert ask(tenant, "GET", "/v1/skills", as_=reader).status_code == 200
    assert ask(tenant, "POST", "/v1/skills", {"name": "S"}, as_=reader).status_code == 403


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("contracts", {"weekly_minutes": 10_081}, "weekly_minutes"),
        ("contracts", {"weekly_minutes": 1.5}, "weekly_minutes"),
        ("contracts", {"name": "=1"}, "name"),
        ("skills", {"levels": [{"name": "L"}] * 11}, "levels"),
        ("activities", {"colour": "red"}, "colour"),
        ("activities", {"required_skills": [{"skill_id": "x"}]}, "required_skills.0.skill_id"),
        ("planning-units", {"time_zone": "Mars/Olympus"}, "time_zone"),
        ("skills", {}, "body"),
    ],
)
def test_what_has_the_wrong_form_is_refused(
    tenant: TenantHere, path: str, body: dict[str, object], field: str
) -> None:
    entry = an_entry(tenant, path)

    response = ask(tenant, "PATCH", f"/v1/{path}/{entry['id']}", body)

    assert response.status_code == 422
    assert list(body_of(response)["errors"]) == [field]
