"""R96: identity providers create, change, deactivate and delete users by SCIM."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staffroll.events import Event
from staffroll.mongo import Document
from staffroll_accounts import due
from staffroll_accounts.scim import groups, patching
from tests.support.accounts import PASSWORD, Answer, Tenant
from tests.support.scim import ERROR, PATCH, USER, Provider, a_user
from tests.support.two_factor import Later, sign_in

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.fixture
def idp(tenant: Tenant) -> Provider:
    return Provider(tenant)


@pytest.fixture
def lonely_idp(lonely_tenant: Tenant) -> Provider:
    """What its tenant says waits in the documents."""
    return Provider(lonely_tenant)


def ids(response: Answer) -> list[str]:
    assert response.status_code == 200, response.text
    return [one["id"] for one in response.json["Resources"]]


def refused(response: Answer) -> tuple[int, str | None]:
    """The status and ``scimType`` of an error, which must have the form of one."""
    assert response.content_type == "application/scim+json"
    error = response.json
    assert error["schemas"] == [ERROR]
    assert error["status"] == str(response.status_code)
    assert error["detail"]
    return response.status_code, error.get("scimType")


def said(idp: Provider, user_id: str) -> list[Event]:
    waiting = idp.tenant.document(user_id)["outbox"]
    return [Event.from_json(entry["body"]) for entry in waiting]


def hear(idp: Provider, user_id: str, status: str, sequence: int, answered: int) -> None:
    """Scheduling tells of the employee."""
    state = {"status": status, "answered_wish": answered}
    event = idp.tenant.wish(
        "employee.updated", user_id, state, source="scheduling", sequence=sequence
    )
    idp.tenant.accounts.handle(event)


# Users


def test_r96_a_user_is_created_as_everyone_is(lonely_idp: Provider) -> None:
    response = lonely_idp.send(
        "POST",
        "/Users",
        a_user(
            userName="Anna@x.example",
            externalId="E 1",
            preferredLanguage="de-AT",
            timezone="Asia/Kathmandu",
            title="ignored",
            schemas=[USER, ENTERPRISE],
            **{ENTERPRISE: {"department": "ignored"}},
        ),
        content_type="application/scim+json",
    )

    assert (response.status_code, response.content_type) == (201, "application/scim+json")
    user = response.json
    location = f"http://localhost/scim/v2/Users/{user['id']}"
    assert response.headers["Location"] == location
    assert response.headers["ETag"] == 'W/"1"'
    created = user["meta"].pop("created")
    assert user["meta"].pop("lastModified") == created
    assert user == {
        "schemas": [USER],
        "id": user["id"],
        "externalId": "E 1",
        "meta": {"resourceType": "User", "location": location, "version": 'W/"1"'},
        "userName": "Anna@x.example",
        "name": {"familyName": "Müller", "givenName": "Anna"},
        "displayName": "Anna Müller",
        "preferredLanguage": "de",
        "timezone": "Asia/Kathmandu",
        "active": True,
        "emails": [{"value": "Anna@x.example", "type": "work", "primary": True}],
    }
    ours = lonely_idp.tenant.get(f"/v1/users/{user['id']}").json
    assert (ours["email"], ours["status"], ours["is_admin"]) == ("Anna@x.example", "active", False)
    assert created[:19] == ours["created_at"][:19]
    (event,) = said(lonely_idp, user["id"])
    assert event.type == "user.created"
    assert "E 1" not in event.to_json()


def test_r4_an_e_mail_that_is_taken_is_a_conflict_of_uniqueness(idp: Provider) -> None:
    user = idp.user()

    again = idp.send("POST", "/Users", a_user(userName=user["userName"].upper()))

    assert refused(again) == (409, "uniqueness")


def test_r96_whoever_is_created_inactive_is_deactivated(lonely_idp: Provider) -> None:
    user = lonely_idp.user(active=False)

    assert user["active"] is False
    assert lonely_idp.tenant.document(user["id"])["status"] == "deactivated"
    assert [event.type for event in said(lonely_idp, user["id"])] == ["user.created"]


def test_r3_all_that_is_wrong_is_said_by_its_name_there(idp: Provider) -> None:
    body = a_user(userName="no address", name={"givenName": "=1+1"}, timezone="Mars/Crater")

    response = idp.send("POST", "/Users", body)

    assert refused(response) == (400, "invalidValue")
    for name in ("userName", "name.familyName", "name.givenName", "timezone"):
        assert name in response.json["detail"]


def test_a_password_is_set_kept_to_the_policy_and_never_told(idp: Provider) -> None:
    weak = idp.send("POST", "/Users", a_user(password="short"))
    assert refused(weak) == (400, "invalidValue")

    user = idp.user(password=PASSWORD)
    assert "password" not in user
    assert sign_in(idp.tenant, user["userName"]).status_code == 200

    path = f"/Users/{user['id']}"
    changed = idp.patch(path, {"op": "replace", "value": {"password": "another long one"}})
    assert changed.status_code == 200
    assert "another long one" not in changed.text
    assert sign_in(idp.tenant, user["userName"]).status_code == 401
    assert sign_in(idp.tenant, user["userName"], password="another long one").status_code == 200


def test_a_change_is_whole_or_not_at_all(idp: Provider) -> None:
    user = idp.user()
    before = idp.tenant.document(user["id"])

    response = idp.patch(
        f"/Users/{user['id']}",
        {"op": "replace", "path": "name.familyName", "value": "Changed"},
        {"op": "replace", "path": "active", "value": False},
        {"op": "replace", "path": "password", "value": "short"},
    )

    assert refused(response) == (400, "invalidValue")
    assert idp.tenant.document(user["id"]) == before


def test_r17_the_e_mail_moves_with_the_user_name(idp: Provider) -> None:
    user = idp.user(password=PASSWORD)

    moved = idp.patch(
        f"/Users/{user['id']}",
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "moved@x.example"},
    ).json

    assert (moved["userName"], moved["meta"]["version"]) == ("moved@x.example", 'W/"2"')
    assert sign_in(idp.tenant, "moved@x.example").status_code == 200


def test_a_replacement_clears_what_may_be_cleared(idp: Provider) -> None:
    user = idp.user(externalId="E", timezone="Asia/Tokyo")

    response = idp.send(
        "PUT",
        f"/Users/{user['id']}",
        {"schemas": [USER], "userName": user["userName"], "name": {"familyName": "Li"}},
    )

    assert response.status_code == 200, response.text
    assert response.json["name"] == {"familyName": "Li"}
    assert "externalId" not in response.json
    assert (response.json["timezone"], response.json["active"]) == ("Asia/Tokyo", True)


def test_versions_are_asked_for_and_expected(idp: Provider) -> None:
    user = idp.user()
    path, change = f"/Users/{user['id']}", {"op": "add", "path": "externalId", "value": "E"}

    stale = idp.patch(path, change, headers={"If-Match": 'W/"7"'})
    changed = idp.patch(path, change, headers={"If-Match": 'W/"1"'})
    same = idp.send("GET", path, headers={"If-None-Match": 'W/"2"'})

    assert refused(stale) == (412, None)
    assert changed.headers["ETag"] == 'W/"2"'
    assert same.status_code == 304
    assert idp.send("DELETE", path, headers={"If-Match": 'W/"1"'}).status_code == 412


def test_it_is_said_when_what_is_shown_was_changed_last(lonely_idp: Provider) -> None:
    user = lonely_idp.user()
    path, meta = f"/Users/{user['id']}", user["meta"]

    same = lonely_idp.patch(path, {"op": "replace", "path": "active", "value": True}).json
    changed = lonely_idp.patch(
        path, {"op": "replace", "path": "name.givenName", "value": "Bea"}
    ).json

    assert (same["meta"], changed["meta"]["created"]) == (meta, meta["created"])
    assert changed["meta"]["lastModified"] > meta["lastModified"]
    assert lonely_idp.get(path).json["meta"] == changed["meta"]


def test_only_what_is_asked_for_is_answered(idp: Provider) -> None:
    user = idp.user()
    path = f"/Users/{user['id']}"

    few = idp.get(path, attributes="USERNAME,name.familyName").json
    most = idp.get("/Users", excludedAttributes="name,emails").json["Resources"][-1]

    assert few.keys() == {"schemas", "id", "userName", "name"}
    assert few["name"] == {"familyName": "Müller"}
    assert not {"name", "emails"} & most.keys()
    assert refused(idp.get(path, attributes="id", excludedAttributes="name")) == (
        400,
        "invalidValue",
    )


# Active and not


def test_r96_a_deactivated_user_is_out_at_once_while_scheduling_is_asked(
    lonely_idp: Provider,
) -> None:
    user = lonely_idp.user(password=PASSWORD)
    path = f"/Users/{user['id']}"
    session = sign_in(lonely_idp.tenant, user["userName"]).json

    shown = lonely_idp.patch(path, {"op": "Replace", "path": "active", "value": "False"})

    assert (shown.status_code, shown.json["active"]) == (200, False)
    assert sign_in(lonely_idp.tenant, user["userName"]).status_code == 401
    refresh = {"grant": "refresh_token", "refresh_token": session["refresh_token"]}
    assert lonely_idp.tenant.post("/v1/token", refresh, token=None).status_code == 401
    me = lonely_idp.tenant.get("/v1/me", token=session["access_token"])
    assert me.status_code == 401
    # The status is scheduling's to decide.
    assert lonely_idp.tenant.document(user["id"])["status"] == "active"
    *_, request = said(lonely_idp, user["id"])
    assert (request.type, request.sequence, request.data) == (
        "membership.change-requested",
        1,
        {"active": False},
    )
    assert request.actor == lonely_idp.tenant.admin_id


def test_r96_the_user_follows_what_scheduling_answers(lonely_idp: Provider) -> None:
    user = lonely_idp.user(password=PASSWORD)
    path = f"/Users/{user['id']}"
    lonely_idp.patch(path, {"op": "replace", "path": "active", "value": False})

    hear(lonely_idp, user["id"], "not_employed", 1, answered=1)
    assert lonely_idp.tenant.document(user["id"])["status"] == "deactivated"
    assert lonely_idp.get(path).json["active"] is False

    back = lonely_idp.patch(path, {"op": "replace", "path": "active", "value": True})
    assert back.json["active"] is True
    assert sign_in(lonely_idp.tenant, user["userName"]).status_code == 401

    hear(lonely_idp, user["id"], "employed", 2, answered=2)
    assert sign_in(lonely_idp.tenant, user["userName"]).status_code == 200
    assert lonely_idp.get(path).json["active"] is True


def test_r96_scheduling_is_asked_again_until_it_answers(
    lonely_idp: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = Later(monkeypatch)
    runtime = lonely_idp.tenant.accounts.runtime
    user = lonely_idp.user()
    lonely_idp.patch(f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": False})
    sent_off(lonely_idp, user["id"])

    due.send_wishes_again(runtime).run()
    assert said(lonely_idp, user["id"]) == []

    later.pass_by(seconds=runtime.settings.resend_after_seconds + 1)
    due.send_wishes_again(runtime).run()
    due.send_wishes_again(runtime).run()
    assert [event.type for event in said(lonely_idp, user["id"])] == ["membership.change-requested"]

    sent_off(lonely_idp, user["id"])
    hear(lonely_idp, user["id"], "not_employed", 1, answered=1)
    sent_off(lonely_idp, user["id"])
    later.pass_by(hours=1)
    due.send_wishes_again(runtime).run()
    assert said(lonely_idp, user["id"]) == []


def sent_off(idp: Provider, user_id: str) -> None:
    """As if the broker had taken all that waited."""
    users = idp.tenant.accounts.runtime.platform["users"]
    users.update_one({"_id": user_id}, {"$set": {"outbox": []}})


def test_r16_the_last_admin_is_not_deactivated(idp: Provider) -> None:
    path = f"/Users/{idp.tenant.admin_id}"

    response = idp.patch(path, {"op": "replace", "path": "active", "value": False})

    assert refused(response) == (400, "mutability")
    assert idp.get(path).json["active"] is True
    other = idp.tenant.create(is_admin=True)
    gone = idp.patch(f"/Users/{other['id']}", {"op": "replace", "path": "active", "value": False})
    assert gone.json["active"] is False


def test_r96_whoever_leaves_or_returns_may_have_more_than_the_token(tenant: Tenant) -> None:
    """Neither R72 nor R73 is asked: where somebody works gives nobody anything."""
    narrow = Provider(tenant, "accounts.scim:edit", "accounts.users:edit")
    admin = tenant.create(is_admin=True)["id"]

    for active in (False, True):
        response = narrow.patch(
            f"/Users/{admin}", {"op": "replace", "path": "active", "value": active}
        )

        assert (response.status_code, response.json["active"]) == (200, active)


def test_r60_a_deletion_is_one_and_for_ever(lonely_idp: Provider) -> None:
    user = lonely_idp.user(externalId="E")
    path = f"/Users/{user['id']}"

    assert lonely_idp.send("DELETE", path).status_code == 204

    assert refused(lonely_idp.get(path)) == (404, None)
    assert refused(lonely_idp.send("DELETE", path)) == (404, None)
    assert ids(lonely_idp.get("/Users", filter='externalId eq "E"')) == []
    tombstone = lonely_idp.tenant.document(user["id"])
    assert (tombstone["status"], tombstone["external_id"]) == ("deleted", None)
    assert said(lonely_idp, user["id"])[-1].type == "user.deleted"


# Lists


def test_users_are_found_by_what_names_them(idp: Provider) -> None:
    user, other = idp.user(externalId="E"), idp.user()
    group = idp.group(user["id"])

    for filter_ in (
        f'userName eq "{user["userName"].upper()}"',
        f'emails[type eq "work"].value eq "{user["userName"]}"',
        'externalId eq "E" and displayName sw "anna"',
        f'id eq "{user["id"]}"',
        f'groups.value eq "{group["id"]}"',
        f'groups.value eq "{group["id"]}" and active eq true',
    ):
        found = idp.get("/Users", filter=filter_)
        assert (ids(found), found.json["totalResults"]) == ([user["id"]], 1), filter_
    assert ids(idp.get("/Users", filter='externalId eq "e"')) == []
    assert ids(idp.get("/Users", filter='externalId eq "E" and displayName sw "b"')) == []
    both = f'id eq "{user["id"]}" or userName eq "{other["userName"]}"'
    assert sorted(ids(idp.get("/Users", filter=both))) == sorted([user["id"], other["id"]])
    assert refused(idp.get("/Users", filter='displayName eq "Anna"')) == (400, "invalidFilter")


def test_lists_come_in_pages_with_exact_totals(idp: Provider) -> None:
    created = [idp.tenant.admin_id, *(idp.user(active=nth != 1)["id"] for nth in range(4))]
    idp.send("DELETE", f"/Users/{created.pop()}")

    first = idp.get("/Users", count=3)
    rest = idp.get("/Users", startIndex=4, count=3)

    assert ids(first) + ids(rest) == created
    assert rest.json["totalResults"] == 4
    assert (rest.json["startIndex"], rest.json["itemsPerPage"]) == (4, 1)
    assert ids(idp.get("/Users", filter="active eq false")) == [created[2]]
    assert idp.get("/Users", count=0).json["totalResults"] == 4
    assert ids(idp.get("/Users", startIndex=10**30)) == []
    assert idp.get("/Users", count=-5, startIndex=-5).json["itemsPerPage"] == 0
    searched = idp.send("POST", "/Users/.search", {"filter": "active eq false", "count": 1})
    assert ids(searched) == [created[2]]


def test_r1_other_tenants_are_not_there(idp: Provider) -> None:
    stranger = Provider(idp.tenant.accounts.tenant())
    user, group = stranger.user(externalId="E"), stranger.group()

    assert refused(idp.get(f"/Users/{user['id']}")) == (404, None)
    assert refused(idp.get(f"/Groups/{group['id']}")) == (404, None)
    assert ids(idp.get("/Users", filter='externalId eq "E"')) == []
    assert ids(idp.get("/Users", filter=f'groups.value eq "{group["id"]}"')) == []
    assert user["id"] not in ids(idp.get("/Users"))


def test_who_is_looked_for_is_found_by_an_index(idp: Provider) -> None:
    database = idp.tenant.accounts.runtime.platform.database
    user = idp.user(externalId="E")
    database.command("profile", 2)
    try:
        for filter_ in (f'userName eq "{user["userName"]}"', 'externalId eq "E"', "active eq true"):
            assert user["id"] in ids(idp.get("/Users", filter=filter_))
    finally:
        database.command("profile", 0)

    looked: list[Document] = list(database["system.profile"].find({"ns": {"$regex": "users$"}}))
    plans = {each["planSummary"] for each in looked if each["op"] in ("query", "command")}
    assert not any("COLLSCAN" in plan for plan in plans), plans
    assert any("email_key" in plan for plan in plans)
    assert any("external_id" in plan for plan in plans)


# Groups


def test_groups_are_roles_and_members_have_them(idp: Provider) -> None:
    anna, bea = idp.user(), idp.user()

    group = idp.group(anna["id"], displayName="Night shift", externalId="G")

    path = f"/Groups/{group['id']}"
    assert [one["value"] for one in group["members"]] == [anna["id"]]
    assert group["members"][0]["$ref"].endswith(f"/scim/v2/Users/{anna['id']}")
    role = idp.tenant.get(f"/v1/roles/{group['id']}").json
    assert (role["name"], role["category"], role["permissions"]) == ("Night shift", "other", [])
    assert idp.get(f"/Users/{anna['id']}").json["groups"][0]["display"] == "Night shift"

    added = idp.patch(path, {"op": "Add", "path": "members", "value": [{"value": bea["id"]}]})
    assert {one["value"] for one in added.json["members"]} == {anna["id"], bea["id"]}
    for operation in (
        {"op": "Remove", "path": "members", "value": [{"value": anna["id"]}]},
        {"op": "remove", "path": f'members[value eq "{anna["id"]}"]'},
    ):
        left = idp.patch(path, operation)
        assert [one["value"] for one in left.json["members"]] == [bea["id"]]
    renamed = idp.patch(
        path, {"op": "replace", "value": {"id": group["id"], "displayName": "Day shift"}}
    )
    assert (renamed.json["displayName"], renamed.json["externalId"]) == ("Day shift", "G")
    other = idp.patch(path, {"op": "replace", "path": "members", "value": [{"value": anna["id"]}]})
    assert [one["value"] for one in other.json["members"]] == [anna["id"]]
    assert "members" not in idp.patch(path, {"op": "remove", "path": "members"}).json


def test_groups_are_found_and_shown_without_their_members(idp: Provider) -> None:
    anna = idp.user()
    group = idp.group(anna["id"], displayName="Night shift")

    assert ids(idp.get("/Groups", filter='displayName eq "night SHIFT"')) == [group["id"]]
    assert ids(idp.get("/Groups", filter=f'members.value eq "{anna["id"]}"')) == [group["id"]]
    assert idp.get("/Groups").json["totalResults"] == 7
    assert len(ids(idp.get("/Groups", startIndex=2, count=3))) == 3
    shown = idp.get(f"/Groups/{group['id']}", excludedAttributes="members").json
    assert "members" not in shown


def test_a_group_is_deleted_with_its_members_and_a_default_role_stays(idp: Provider) -> None:
    anna = idp.user()
    group = idp.group(anna["id"])

    assert idp.send("DELETE", f"/Groups/{group['id']}").status_code == 204

    assert refused(idp.get(f"/Groups/{group['id']}")) == (404, None)
    assert "groups" not in idp.get(f"/Users/{anna['id']}").json
    default = idp.tenant.role("Planner")
    assert refused(idp.send("DELETE", f"/Groups/{default}")) == (400, "mutability")


def test_a_large_group_is_changed_though_its_members_are_not_listed(
    idp: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bea, cleo = idp.user(), idp.user(), idp.user()
    path = f"/Groups/{idp.group(anna['id'], bea['id'])['id']}"
    monkeypatch.setattr(groups, "MOST_MEMBERS", 1)

    added = idp.patch(path, {"op": "add", "path": "members", "value": [{"value": cleo["id"]}]})
    left = idp.patch(path, {"op": "remove", "path": f'members[value eq "{bea["id"]}"]'})
    everyone = idp.patch(path, {"op": "remove", "path": "members"})

    assert (added.status_code, left.status_code) == (204, 204)
    assert refused(everyone) == refused(idp.get(path)) == (400, "tooMany")
    found = idp.get("/Users", filter=f'groups.value eq "{path.removeprefix("/Groups/")}"')
    assert sorted(ids(found)) == sorted([anna["id"], cleo["id"]])


def test_operations_that_look_at_members_too_often_are_refused(
    idp: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bea = idp.user(), idp.user()
    path = f"/Groups/{idp.group(anna['id'], bea['id'])['id']}"
    monkeypatch.setattr(patching, "MOST_LOOKS", 3)
    others = {"op": "remove", "path": 'members[type eq "Group"]'}
    renamed = {"op": "replace", "path": "displayName", "value": "Renamed"}

    assert refused(idp.patch(path, renamed, others, others)) == (413, None)

    assert idp.get(path).json["displayName"] != "Renamed"
    assert len(idp.patch(path, others).json["members"]) == 2


def test_r42_whose_token_may_not_change_members_is_refused_before_they_are_looked_at(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = Provider(tenant).group(Provider(tenant).user()["id"])
    idp = Provider(tenant, "accounts.scim:edit", "accounts.roles:edit")
    monkeypatch.setattr(patching, "MOST_LOOKS", 0)

    for filter_ in ('type eq "Group"', 'value eq "nobody"'):
        refusal = idp.patch(
            f"/Groups/{group['id']}", {"op": "remove", "path": f"members[{filter_}]"}
        )
        assert refused(refusal) == (403, None)


def test_a_group_takes_no_strangers_and_no_name_twice(idp: Provider) -> None:
    group, nobody = idp.group(), "0197a000-0000-7000-8000-0000000000ff"

    unknown = idp.patch(
        f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": nobody}]}
    )
    twice = idp.send("POST", "/Groups", {"displayName": group["displayName"].upper()})

    assert refused(unknown) == (400, "invalidValue")
    assert refused(twice) == (409, "uniqueness")


def test_r72_nobody_gives_more_by_scim_than_their_token_has(tenant: Tenant) -> None:
    narrow = Provider(tenant, "accounts.scim:edit", "accounts.users:edit")
    anna, planner = narrow.user(), tenant.role("Planner")
    add = {"op": "add", "path": "members", "value": [{"value": anna["id"]}]}

    assert refused(narrow.patch(f"/Groups/{planner}", add)) == (403, None)

    assert Provider(tenant).patch(f"/Groups/{planner}", add).status_code == 200
    for path, value in (("userName", "moved@x.example"), ("password", PASSWORD)):
        change = {"op": "replace", "path": path, "value": value}
        assert refused(narrow.patch(f"/Users/{anna['id']}", change)) == (403, None)


def test_r42_a_group_is_renamed_and_its_members_changed_only_where_the_token_says_so(
    tenant: Tenant,
) -> None:
    anna, scopes = Provider(tenant).user(), {"accounts.users:edit", "accounts.roles:edit"}
    operations: dict[str, dict[str, Any]] = {
        "accounts.roles:edit": {"op": "replace", "path": "displayName", "value": "Other"},
        "accounts.users:edit": {"op": "add", "path": "members", "value": [{"value": anna["id"]}]},
    }

    for lacks, operation in operations.items():
        path = f"/Groups/{Provider(tenant).group()['id']}"
        idp = Provider(tenant, "accounts.scim:edit", *(scopes - {lacks}))
        (other,) = operations.keys() - {lacks}
        assert refused(idp.patch(path, operation)) == (403, None)
        assert idp.patch(path, operations[other]).status_code == 200


# Who may


@pytest.mark.parametrize(
    "method, path, lacks",
    [
        ("GET", "/Users", "accounts.scim:edit"),
        ("POST", "/Users", "accounts.users:edit"),
        ("PATCH", "/Users/{id}", "accounts.users:edit"),
        ("DELETE", "/Users/{id}", "accounts.users:delete"),
        ("POST", "/Groups", "accounts.roles:edit"),
        ("DELETE", "/Groups/{id}", "accounts.roles:edit"),
    ],
)
def test_r42_a_token_does_only_what_it_names(
    tenant: Tenant, method: str, path: str, lacks: str
) -> None:
    scopes = {"accounts.scim:edit", "accounts.users:edit", "accounts.users:delete"}
    idp = Provider(tenant, *((scopes | {"accounts.roles:edit"}) - {lacks}))

    response = idp.send(method, path.format(id=tenant.admin_id), {"schemas": []})

    assert refused(response) == (403, None)
    assert lacks in response.json["detail"]


def test_r42_a_token_is_good_as_it_is_until_it_ends(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    later, idp = Later(monkeypatch), Provider(tenant)
    assert idp.get("/Users").status_code == 200
    (kept,) = tenant.document(tenant.admin_id)["access_tokens"]
    assert kept["last_used_at"] is not None
    good = idp.token
    assert good is not None

    other = good[:-1] + ("E" if good.endswith("A") else "A")
    for token in (None, "", "srp_", f"{good}x", other, good.replace("srp_t", "srp_u")):
        idp.token = token
        response = idp.get("/Users")
        assert refused(response) == (401, None), token
        assert response.headers["WWW-Authenticate"] == "Bearer"
    idp.token = tenant.token
    assert idp.get("/Users").status_code == 200

    idp.token = good
    later.pass_by(days=31)
    assert refused(idp.get("/Users")) == (401, None)


def test_r42_whoever_is_deactivated_has_no_tokens_any_more(tenant: Tenant) -> None:
    idp = Provider(tenant)
    tenant.create(is_admin=True)

    gone = idp.patch(f"/Users/{tenant.admin_id}", {"op": "replace", "path": "active", "value": 0})

    assert gone.json["active"] is False
    assert refused(idp.get("/Users")) == (401, None)


# The protocol


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "", 404),
        ("GET", "/Nothing", 404),
        ("GET", "/Users/not-an-id", 404),
        ("GET", "/Schemas/urn:nothing", 404),
        ("PUT", "/Users", 405),
        ("POST", "/ServiceProviderConfig", 405),
        ("DELETE", "/Schemas", 405),
        ("POST", "/Bulk", 501),
        ("GET", "/Me", 501),
        ("POST", "/.search", 501),
        ("GET", "/Schemas?filter=id%20pr", 403),
    ],
)
def test_what_there_is_not_is_refused_in_its_form(
    idp: Provider, method: str, path: str, status: int
) -> None:
    assert refused(idp.send(method, path))[0] == status


def test_addresses_are_those_where_the_service_is_mounted(idp: Provider) -> None:
    user = idp.user()
    mounted = {"base_url": "https://staffroll.example/account"}

    shown = idp.send("GET", f"/Users/{user['id']}", **mounted).json
    wrong = idp.send("PUT", "/Schemas", **mounted)

    location = f"https://staffroll.example/account/scim/v2/Users/{user['id']}"
    assert shown["meta"]["location"] == location
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET")


def test_what_there_is_is_told_to_everyone(idp: Provider) -> None:
    idp.token = None

    config = idp.get("/ServiceProviderConfig").json
    kinds = [one["name"] for one in idp.get("/ResourceTypes").json["Resources"]]
    schema = idp.get(f"/Schemas/{USER.upper()}").json

    features = ("patch", "filter", "etag", "changePassword", "bulk", "sort")
    assert [config[name]["supported"] for name in features] == [True] * 4 + [False] * 2
    assert kinds == ["User", "Group"]
    written = {one["name"]: one["mutability"] for one in schema["attributes"]}
    assert written["password"] == "writeOnly"
    assert written["groups"] == written["displayName"] == "readOnly"


@pytest.mark.parametrize(
    "body, options",
    [
        (b"{", {}),
        (b"[]", {}),
        (b'"text"', {}),
        (b"\xff", {}),
        (b'{"userName": "\\ud800@x.example"}', {}),
        (b"[" * 100_000, {}),
        (b"{}", {"content_type": "text/plain"}),
    ],
)
def test_what_is_no_json_object_is_malformed(
    idp: Provider, body: bytes, options: dict[str, str]
) -> None:
    user = idp.user()
    for method, path in (("POST", "/Users"), ("PATCH", f"/Users/{user['id']}")):
        options = {"content_type": "application/scim+json", **options}
        assert refused(idp.send(method, path, data=body, **options))[0] in (400, 415)


def deep(levels: int) -> str:
    return '{"a": ' * levels + "1" + "}" * levels


@pytest.mark.parametrize(
    "operations",
    [
        '{"op": "add", "value": {"x": ' + deep(400) + "}}",
        '{"op": "add", "path": "members", "value": ' + deep(400) + "}",
        '{"op": "add", "path": "emails", "value": ' + deep(400) + "}",
        ",".join(['{"op": "add", "path": "externalId", "value": "E"}'] * 1001),
        '{"op": "add", "path": "' + "x" * 2001 + '", "value": 1}',
        '{"op": "add", "path": "members[' + "(" * 900 + 'x pr", "value": 1}',
        ",".join(['{"op": "add", "path": "' + "x" * 1000 + '", "value": 1}'] * 101),
        '{"op": "add", "value": {' + ",".join(f'"{"x" * 100}{n}": 1' for n in range(999)) + "}}",
    ],
    ids=["unknown", "members", "emails", "operations", "path", "parentheses", "paths", "names"],
)
def test_what_is_too_much_is_refused(idp: Provider, operations: str) -> None:
    body = f'{{"schemas": ["{PATCH}"], "Operations": [{operations}]}}'.encode()
    for path in (f"/Users/{idp.tenant.admin_id}", f"/Groups/{idp.tenant.role('Agent')}"):
        response = idp.send("PATCH", path, data=body, content_type="application/scim+json")

        assert response.status_code == 200 or 400 <= refused(response)[0] < 500
    many = " or ".join(["id eq 1"] * 3000)
    assert refused(idp.send("POST", "/Users/.search", {"filter": many})) == (400, "invalidFilter")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
PATHS = st.sampled_from(
    [
        None, "active", "userName", "name", "name.familyName", "emails", "emails.value", "groups",
        'emails[type eq "work"].value', 'emails[value eq "\\ud800"].value', "members", "id", "meta",
        'members[value eq "x"]', "members.value", 'members[type pr]', "externalId", "schemas", "x",
        "password", "displayName", USER, f"{ENTERPRISE}:manager", "", "][", "timezone",
    ]
)  # fmt: skip
OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "Replace", "remove"])},
    optional={"path": PATHS, "value": JSON | st.just([{"value": "x"}])},
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(OPERATIONS, max_size=3) | JSON)
def test_any_operations_are_done_or_refused(idp: Provider, operations: Any) -> None:
    for path in (f"/Users/{idp.tenant.admin_id}", f"/Groups/{idp.tenant.role('Agent')}"):
        response = idp.send("PATCH", path, {"schemas": [PATCH], "Operations": operations})

        if response.status_code != 200:
            status, _ = refused(response)
            assert 400 <= status < 500, operations
        else:
            name = response.json.get("userName", "admin@x.example")
            assert "@" in name


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["userName", "members.value", "id", "active", "externalId", "groups"]),
    st.sampled_from(["eq", "sw", "gt", "pr"]),
    st.text(max_size=12) | st.just('"\\ud800"') | st.just('"a\\u0000b"'),
)
def test_any_filter_is_answered_or_refused(idp: Provider, name: str, op: str, value: str) -> None:
    for kind in ("Users", "Groups"):
        response = idp.get(f"/{kind}", filter=f"{name} {op} {value}")

        assert response.status_code == 200 or 400 <= refused(response)[0] < 500
