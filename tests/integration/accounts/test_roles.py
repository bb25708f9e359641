"""R70-R74: roles through the API."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from staffroll import clock, permissions
from staffroll.events import Event, payload_of
from staffroll.ids import new_id
from staffroll_accounts import due
from staffroll_accounts.actions import roles as actions
from tests.support.accounts import Accounts, Answer, Tenant
from tests.support.waiting import eventually

READ, EDIT = "accounts.roles:read", "accounts.roles:edit"
USERS = "accounts.users:read"


@pytest.fixture(autouse=True)
def _settle_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "SETTLED_AFTER", timedelta(0))


def a_role(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    response = tenant.post("/v1/roles", {"name": new_id(), "category": "other", **changes})
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json
    return created


def delete(tenant: Tenant, role_id: str, query: str = "", **options: Any) -> Answer:
    token = options.pop("token", tenant.token)
    return tenant.accounts.send("DELETE", f"/v1/roles/{role_id}{query}", token, **options)


def roles_of(tenant: Tenant, user: dict[str, Any]) -> list[str]:
    found: list[str] = tenant.get(f"/v1/users/{user['id']}").json["roles"]
    return found


def document(tenant: Tenant, role_id: str) -> dict[str, Any]:
    found = tenant.accounts.runtime.platform["roles"].find_one({"_id": role_id})
    assert found is not None
    return found


def said(tenant: Tenant, role_id: str) -> list[Event]:
    return [Event.from_json(entry["body"]) for entry in document(tenant, role_id)["outbox"]]


@pytest.mark.parametrize("category", permissions.CATEGORIES)
def test_r70_a_new_role_starts_with_its_categorys_permissions_and_in_other_with_none(
    tenant: Tenant, category: str
) -> None:
    role = a_role(tenant, category=category)

    assert role["permissions"] == list(permissions.defaults(category))
    assert (role["is_default"], role["planning_units"]) == (False, None)
    assert (category == "other") <= (role["permissions"] == [])


def test_r71_a_role_has_all_that_it_is_given(tenant: Tenant) -> None:
    wish = {
        "name": "Night shift",
        "abbreviation": "NS",
        "description": "Who plans nights.",
        "category": "planner",
        "permissions": [USERS, READ],
        "planning_units": [new_id()],
    }

    created = tenant.post("/v1/roles", wish)

    role = created.json
    expected = {**wish, "permissions": sorted([USERS, READ])}
    assert {name: role[name] for name in wish} == expected
    assert tenant.get(f"/v1/roles/{role['id']}").json == role
    assert created.headers["Location"].endswith(f"/v1/roles/{role['id']}")


def test_r71_a_role_is_told_with_all_that_it_is(lonely_tenant: Tenant) -> None:
    role = a_role(lonely_tenant, planning_units=[new_id()], permissions=[USERS])

    lonely_tenant.patch(f"/v1/roles/{role['id']}", {"planning_units": None})

    first, second = said(lonely_tenant, role["id"])
    assert (first.type, second.type) == ("role.updated", "role.updated")
    assert payload_of(first).planning_units == role["planning_units"]
    assert payload_of(second).planning_units is None
    assert (payload_of(second).permissions, second.sequence) == ([USERS], 2)


def test_r71_names_are_unique_whatever_their_case(tenant: Tenant) -> None:
    a_role(tenant, name="Straße")

    again = tenant.post("/v1/roles", {"name": "STRASSE", "category": "other"})
    renamed = tenant.patch(f"/v1/roles/{a_role(tenant)['id']}", {"name": "strasse"})
    elsewhere = tenant.accounts.tenant().post("/v1/roles", {"name": "Straße", "category": "other"})

    assert (again.status_code, again.json["code"]) == (409, "role_name_taken")
    assert (renamed.status_code, renamed.json["code"]) == (409, "role_name_taken")
    assert elsewhere.status_code == 201


def test_creating_with_the_same_key_creates_one(tenant: Tenant) -> None:
    body = {"name": "Once", "category": "other"}
    headers = {"Idempotency-Key": "k"}

    first = tenant.post("/v1/roles", body, headers=headers)
    again = tenant.post("/v1/roles", body, headers=headers)
    other = tenant.post("/v1/roles", {**body, "name": "Twice"}, headers=headers)

    assert (first.status_code, again.json) == (201, first.json)
    assert other.json["code"] == "idempotency_key_reused"


def test_r15_a_lost_update_is_refused(tenant: Tenant) -> None:
    role = a_role(tenant)
    headers = {"If-Match": '"1"'}

    first = tenant.patch(f"/v1/roles/{role['id']}", {"description": "a"}, headers=headers)
    second = tenant.patch(f"/v1/roles/{role['id']}", {"description": "b"}, headers=headers)

    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    assert second.status_code == 412


def test_r70_a_default_role_is_edited_and_reset_but_not_deleted(tenant: Tenant) -> None:
    planner = tenant.role("Planner")
    before = tenant.get(f"/v1/roles/{planner}").json

    edited = tenant.patch(f"/v1/roles/{planner}", {"name": "Boss", "permissions": [EDIT]})
    reset = tenant.post(f"/v1/roles/{planner}/reset")
    deleted = delete(tenant, planner, "?remove_from=0")
    moved = tenant.patch(f"/v1/roles/{planner}", {"category": "other"})

    assert (edited.json["name"], edited.json["permissions"]) == ("Boss", [EDIT])
    assert reset.json == {**before, "version": 3}
    assert deleted.json["code"] == "default_role_stays"
    assert moved.json["code"] == "category_fixed"


def test_r70_only_a_default_role_is_reset(tenant: Tenant) -> None:
    response = tenant.post(f"/v1/roles/{a_role(tenant)['id']}/reset")

    assert (response.status_code, response.json["code"]) == (422, "no_default_role")


def test_r71_permissions_come_from_the_catalogue(tenant: Tenant) -> None:
    items = tenant.get("/v1/permissions").json["items"]
    unknown = tenant.post(
        "/v1/roles", {"name": "X", "category": "other", "permissions": ["accounts.all:edit"]}
    )

    assert {item["name"] for item in items} == permissions.NAMES
    assert all(item["description"].endswith(".") for item in items)
    assert (unknown.status_code, unknown.json["code"]) == (422, "permission_unknown")


@pytest.fixture
def clerk(tenant: Tenant) -> str:
    """The token of somebody who may edit roles, without admin access."""
    return tenant.token_of(tenant.create(), READ, EDIT)


def test_r72_nobody_puts_into_a_role_what_they_lack(tenant: Tenant, clerk: str) -> None:
    empty = a_role(tenant)
    attempts = [
        tenant.post(
            "/v1/roles",
            {"name": "X", "category": "other", "permissions": [USERS]},
            token=clerk,
        ),
        tenant.post("/v1/roles", {"name": "Y", "category": "planner"}, token=clerk),
        tenant.patch(f"/v1/roles/{empty['id']}", {"permissions": [READ, USERS]}, token=clerk),
    ]

    assert {(one.status_code, one.json["code"]) for one in attempts} == {(422, "role_not_yours")}
    within = tenant.patch(f"/v1/roles/{empty['id']}", {"permissions": [READ]}, token=clerk)
    assert within.status_code == 200


def test_r72_nobody_gives_themselves_more_by_editing_a_role_they_have(tenant: Tenant) -> None:
    user = tenant.create()
    token = tenant.token_of(user, READ, EDIT)
    (mine,) = roles_of(tenant, user)

    response = tenant.patch(f"/v1/roles/{mine}", {"permissions": [READ, EDIT, USERS]}, token=token)

    assert response.json["code"] == "role_not_yours"


def test_r72_resetting_gives_no_more_than_one_has(tenant: Tenant, clerk: str) -> None:
    planner = tenant.role("Planner")
    tenant.patch(f"/v1/roles/{planner}", {"permissions": []})

    response = tenant.post(f"/v1/roles/{planner}/reset", token=clerk)

    assert response.json["code"] == "role_not_yours"


def test_r72_replacing_gives_no_more_than_one_has(tenant: Tenant, clerk: str) -> None:
    role = a_role(tenant)
    tenant.create(roles=[role["id"]])

    query = f"?replace_with={tenant.role('Planner')}"
    response = delete(tenant, role["id"], query, token=clerk)

    assert response.json["code"] == "role_not_yours"
    assert tenant.get(f"/v1/roles/{role['id']}").status_code == 200


def test_r71_a_role_in_use_is_not_deleted_unless_said_what_becomes_of_its_users(
    tenant: Tenant,
) -> None:
    role = a_role(tenant)
    for _ in range(2):
        tenant.create(roles=[role["id"]])

    plain = delete(tenant, role["id"])
    wrong = delete(tenant, role["id"], "?remove_from=1")
    unknown = delete(tenant, role["id"], f"?replace_with={new_id()}")
    itself = delete(tenant, role["id"], f"?replace_with={role['id']}")

    assert (plain.status_code, plain.json["code"]) == (409, "role_in_use")
    assert plain.json["detail"].startswith("Users have this role: 2.")
    assert wrong.json["code"] == "role_in_use"
    assert unknown.json["code"] == itself.json["code"] == "replacement_unknown"


def test_r71_removing_takes_the_role_from_everybody_and_then_says_so(
    lonely_tenant: Tenant,
) -> None:
    tenant = lonely_tenant
    role = a_role(tenant)
    users = [tenant.create(roles=[role["id"]]) for _ in range(3)]

    response = delete(tenant, role["id"], "?remove_from=3")
    due.finish_roles(tenant.accounts.runtime).run()

    assert response.status_code == 204
    assert [roles_of(tenant, user) for user in users] == [[], [], []]
    last = said(tenant, role["id"])[-1]
    assert (last.type, payload_of(last).is_deleted) == ("role.deleted", True)
    assert last.actor == tenant.admin_id
    assert tenant.get(f"/v1/roles/{role['id']}").status_code == 404
    assert a_role(tenant, name=role["name"])["id"] != role["id"]


def test_r71_replacing_gives_everybody_the_other_role(tenant: Tenant) -> None:
    role, other = a_role(tenant), a_role(tenant)
    user = tenant.create(roles=[role["id"]])
    both = tenant.create(roles=[role["id"], other["id"]])

    response = delete(tenant, role["id"], f"?replace_with={other['id']}")

    assert response.status_code == 204
    assert roles_of(tenant, user) == roles_of(tenant, both) == [other["id"]]


def test_r71_a_role_on_its_way_out_is_given_to_nobody(tenant: Tenant) -> None:
    role = a_role(tenant)
    delete(tenant, role["id"])

    given = tenant.post(
        "/v1/users", {"last_name": "A", "first_name": "B", "email": "a@x.example",
                      "roles": [role["id"]]},
    )  # fmt: skip
    listed = tenant.get("/v1/roles").json["items"]

    assert (given.status_code, given.json["code"]) == (422, "role_unknown")
    assert role["id"] not in [item["id"] for item in listed]


class Killed(Exception):
    """The process ends here."""


def test_r71_removal_goes_on_where_a_crash_left_it(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = a_role(tenant)
    users = [tenant.create(roles=[role["id"]]) for _ in range(5)]
    real = actions._take_from
    done: list[str] = []

    def die(user_id: str, *rest: Any) -> None:
        if len(done) == 2:
            raise Killed
        done.append(user_id)
        real(user_id, *rest)

    monkeypatch.setattr(actions, "_take_from", die)
    assert delete(tenant, role["id"], "?remove_from=5").status_code == 500
    monkeypatch.setattr(actions, "_take_from", real)

    due.finish_roles(tenant.accounts.runtime).run()

    assert [roles_of(tenant, user) for user in users] == [[]] * 5
    assert document(tenant, role["id"])["is_deleted"]


def test_r71_who_is_given_the_role_while_it_goes_loses_it_as_well(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "SETTLED_AFTER", timedelta(minutes=1))
    role = a_role(tenant)
    user = tenant.create()
    delete(tenant, role["id"])
    tenant.accounts.runtime.platform["users"].update_one(
        {"_id": user["id"]}, {"$set": {"roles": [role["id"]]}}
    )

    due.finish_roles(tenant.accounts.runtime).run()

    assert roles_of(tenant, user) == []
    assert not document(tenant, role["id"])["is_deleted"]


def test_r71_a_role_begins_to_go_when_that_is_kept_however_long_it_took_to_decide(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "SETTLED_AFTER", timedelta(minutes=1))
    role = a_role(tenant)
    long_ago = clock.now() - timedelta(minutes=2)
    asked = replace(tenant.accounts.scope(tenant.id), now=long_ago)

    actions.delete(role["id"], asked, replace_with=None, remove_from=None, expected=None)
    due.finish_roles(tenant.accounts.runtime).run()

    assert not document(tenant, role["id"])["is_deleted"]


def test_r74_a_changed_role_works_with_the_next_request(tenant: Tenant) -> None:
    user = tenant.create()
    token = tenant.token_of(user, READ)
    (role,) = roles_of(tenant, user)

    before = tenant.get("/v1/roles", token=token).status_code
    tenant.patch(f"/v1/roles/{role}", {"permissions": [USERS]})
    after = tenant.get("/v1/roles", token=token).status_code

    assert (before, after) == (200, 403)


def test_r70_a_role_gains_what_the_product_gains_by_its_category(tenant: Tenant) -> None:
    planner, other = a_role(tenant, category="planner"), a_role(tenant)
    old = {"edition": 0, "permissions": []}
    ids = {"_id": {"$in": [planner["id"], other["id"]]}}
    tenant.accounts.runtime.platform["roles"].update_many(ids, {"$set": old})

    due.grow_roles(tenant.accounts.runtime).run()
    due.grow_roles(tenant.accounts.runtime).run()

    grown = tenant.get(f"/v1/roles/{planner['id']}").json
    assert (grown["permissions"], grown["version"]) == (planner["permissions"], 2)
    assert tenant.get(f"/v1/roles/{other['id']}").json == other


def test_r9_what_is_done_to_a_role_is_noted(lonely_tenant: Tenant) -> None:
    tenant = lonely_tenant
    role = a_role(tenant)
    tenant.patch(f"/v1/roles/{role['id']}", {"description": "secret plans"})
    delete(tenant, role["id"])

    entries = document(tenant, role["id"])["audit"]

    assert [(entry["action"], entry["changed"]) for entry in entries] == [
        ("role.created", []),
        ("role.updated", ["description"]),
        ("role.deleted", []),
    ]
    assert {entry["actor"] for entry in entries} == {tenant.admin_id}
    assert "secret" not in repr(entries)


def test_two_edits_at_once_both_count_where_no_version_was_named(
    accounts: Accounts, tenant: Tenant
) -> None:
    role = a_role(tenant)
    bodies = [{"description": "d"}, {"abbreviation": "AB"}, {"planning_units": []}]
    threads = [
        threading.Thread(target=tenant.patch, args=(f"/v1/roles/{role['id']}", body))
        for body in bodies
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = eventually(lambda: accounts.send("GET", f"/v1/roles/{role['id']}", tenant.token).json)
    assert (found["description"], found["abbreviation"], found["planning_units"]) == ("d", "AB", [])
    assert found["version"] == 4


@pytest.mark.parametrize(("explicit", "code"), [("Agent", None), ("Planner", "role_not_yours")])
def test_r72_a_wish_gives_no_more_than_the_wisher_has_here(
    tenant: Tenant, explicit: str, code: str | None
) -> None:
    wisher, id_ = tenant.create(), new_id()
    data = {
        "attempt": 1,
        "last_name": "A",
        "email": f"{id_}@x.example",
        "roles": [tenant.role(explicit)],
    }

    wish = tenant.wish("user.requested", id_, data, actor=wisher["id"])
    tenant.accounts.handle(wish)

    assert tenant.get(f"/v1/users/{id_}").status_code == (404 if code else 200)


def test_r72_a_wish_of_an_admin_or_of_a_service_gives_any_role(tenant: Tenant) -> None:
    for actor in (tenant.admin_id, "system:people"):
        id_ = new_id()
        data = {
            "attempt": 1,
            "last_name": "A",
            "email": f"{id_}@x.example",
            "roles": [tenant.role("Planner")],
        }

        tenant.accounts.handle(tenant.wish("user.requested", id_, data, actor=actor))

        assert tenant.get(f"/v1/users/{id_}").json["roles"] == data["roles"]
