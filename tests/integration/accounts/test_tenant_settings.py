"""Part 9: what an organisation sets, its being suspended, and its end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from staffroll import clock, open_tenants
from staffroll.cli import main
from staffroll.events import Event, payload_of
from staffroll.ids import new_id
from staffroll_accounts import due
from staffroll_accounts.actions import tenants
from staffroll_accounts.cli import service
from tests.support.accounts import PASSWORD, SECRET, Accounts, Answer, Tenant
from tests.support.waiting import eventually

READ, EDIT = "accounts.tenant:read", "accounts.tenant:edit"


def change(tenant: Tenant, **changes: Any) -> Answer:
    headers = changes.pop("headers", {})
    return tenant.patch("/v1/tenant", changes, headers=headers)


def document(tenant: Tenant) -> dict[str, Any]:
    found = tenant.accounts.runtime.platform["tenants"].find_one({"_id": tenant.id})
    assert found is not None
    return found


def said(tenant: Tenant) -> list[Event]:
    return [Event.from_json(entry["body"]) for entry in document(tenant)["outbox"]]


def sign_in(tenant: Tenant) -> Answer:
    body = {"tenant": tenant.id, "email": "admin@x.example", "password": PASSWORD}
    return tenant.accounts.send("POST", "/v1/sign-in", None, json=body)


def test_settings_are_read_and_changed_and_told(lonely_tenant: Tenant) -> None:
    tenant = lonely_tenant

    before = tenant.get("/v1/tenant").json
    after = change(tenant, name="Acme", languages=["de", "pt-br"], time_zone="Asia/Tokyo")

    assert (before["languages"], before["password_min_length"]) == (["en", "de"], 12)
    assert (after.status_code, after.headers["ETag"]) == (200, '"2"')
    assert after.json["languages"] == ["de", "pt-BR"]
    told = said(tenant)[-1]
    assert (told.type, told.sequence) == ("tenant.updated", 2)
    assert (payload_of(told).name, payload_of(told).time_zone) == ("Acme", "Asia/Tokyo")
    (entry,) = document(tenant)["audit"]
    assert entry["changed"] == ["languages", "name", "time_zone"]


def test_r5_new_users_get_what_the_tenant_sets(tenant: Tenant) -> None:
    change(tenant, languages=["fr", "de"], time_zone="Asia/Tokyo")

    user = tenant.create()

    assert (user["language"], user["time_zone"]) == ("fr", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("languages", []),
        ("languages", ["xx-nonsense"]),
        ("languages", ["de", "no such"]),
        ("languages", ["de"] * 51),
        ("time_zone", "Mars/Olympus"),
        ("name", ""),
        ("name", "=1+1"),
        ("password_min_length", 7),
        ("password_min_length", 65),
        ("password_min_length", "12"),
        ("status", "active"),
        ("id", "other"),
    ],
)
def test_settings_that_cannot_be_are_refused(tenant: Tenant, name: str, value: object) -> None:
    before = tenant.get("/v1/tenant").json

    response = change(tenant, **{name: value})

    assert response.status_code == 422, response.text
    assert any(field.partition(".")[0] == name for field in response.json["errors"])
    assert tenant.get("/v1/tenant").json == before


def test_languages_count_once(tenant: Tenant) -> None:
    assert change(tenant, languages=["de", "DE", "en", "de"]).json["languages"] == ["de", "en"]


def test_r15_a_lost_update_is_refused(tenant: Tenant) -> None:
    first = change(tenant, name="A", headers={"If-Match": '"1"'})
    second = change(tenant, name="B", headers={"If-Match": '"1"'})

    assert (first.status_code, second.status_code) == (200, 412)


def test_r30_the_tenants_password_length_holds_for_new_passwords(tenant: Tenant) -> None:
    change(tenant, password_min_length=20)
    body = {"last_name": "A", "first_name": "B", "email": "a@x.example"}

    short = tenant.post("/v1/users", {**body, "password": "plum-otter-19-char"})
    good = tenant.post("/v1/users", {**body, "password": "plum-otter-vest-crane-7"})

    assert (short.status_code, list(short.json["errors"])) == (422, ["password"])
    assert good.status_code == 201


def test_a_lower_password_length_needs_to_be_shown_that_it_is_you(tenant: Tenant) -> None:
    an_hour_ago = clock.now() - timedelta(hours=1)
    stale = tenant.token_of({"id": tenant.admin_id, "is_admin": True}, entered_at=an_hour_ago)

    security = tenant.patch("/v1/tenant", {"password_min_length": 8}, token=stale)
    name = tenant.patch("/v1/tenant", {"name": "New"}, token=stale)

    assert (security.status_code, security.json["code"]) == (403, "step_up_needed")
    assert name.status_code == 200


def test_only_who_may_reads_and_changes_settings(tenant: Tenant) -> None:
    reader, nobody = tenant.token_of(tenant.create(), READ), tenant.token_of(tenant.create())

    assert tenant.get("/v1/tenant", token=nobody).status_code == 403
    assert tenant.get("/v1/tenant", token=reader).status_code == 200
    assert tenant.patch("/v1/tenant", {"name": "X"}, token=reader).status_code == 403


@pytest.fixture
def command(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`staffroll tenant …` on the same database."""
    settings = accounts.runtime.settings
    for name in ("mongodb_uri", "mongodb_prefix", "broker_url", "broker_prefix"):
        monkeypatch.setenv(f"STAFFROLL_{name.upper()}", getattr(settings, name))
    monkeypatch.setenv("STAFFROLL_SECRET_KEY", SECRET)
    return lambda *arguments: CliRunner().invoke(main, ["tenant", *arguments])


def test_a_suspended_tenant_lets_nobody_in_and_keeps_all(
    tenant: Tenant, command: Callable[..., Result]
) -> None:
    assert sign_in(tenant).status_code == 200
    before = tenant.get("/v1/users").json

    suspended = command("suspend", tenant.id)

    assert suspended.exit_code == 0, suspended.output
    eventually(lambda: tenant.get("/v1/users").status_code == 401)
    assert tenant.get("/v1/users").json["code"] == "token_revoked"
    assert sign_in(tenant).json["code"] == "sign_in_failed"

    command("resume", tenant.id)

    eventually(lambda: tenant.get("/v1/users").json == before)
    assert sign_in(tenant).status_code == 200
    trail = [entry["action"] for entry in document(tenant)["audit"]]
    assert trail == ["tenant.suspended", "tenant.resumed"]


def test_tenants_are_listed_and_shown(tenant: Tenant, command: Callable[..., Result]) -> None:
    listed, shown = command("list"), command("show", tenant.id)

    assert f"{tenant.id}  active  {tenant.id}" in listed.output
    assert "Europe/Berlin" in shown.output
    assert "en, de" in shown.output


@pytest.mark.parametrize("verb", ["show", "suspend", "resume"])
def test_a_tenant_that_is_not_there_is_said_so(command: Callable[..., Result], verb: str) -> None:
    result = command(verb, "nobody-there")

    assert (result.exit_code, "no tenant nobody-there" in result.output) == (1, True)


def test_deleting_needs_the_id_twice(tenant: Tenant, command: Callable[..., Result]) -> None:
    without = command("delete", tenant.id)
    wrong = command("delete", tenant.id, "--confirm", "other")

    assert (without.exit_code, wrong.exit_code) == (2, 1)
    assert document(tenant)["status"] == "active"


def test_a_deleted_tenant_leaves_its_id_and_nothing_else(
    lonely: Accounts, lonely_tenant: Tenant
) -> None:
    tenant = lonely_tenant
    tenant.create()
    other = lonely.tenant()
    others = lonely.runtime.platform["users"].count_documents({"tenant_id": other.id})
    scope = lonely.scope(tenant.id)
    tenants.delete(scope)
    for _ in range(2):
        due.erase_tenants(lonely.runtime).run()

    database = lonely.runtime.platform.database
    left = {
        name: list(database[name].find({"tenant_id": tenant.id}))
        for name in database.list_collection_names()
    }
    tombstones = left.pop("tenants")
    assert not any(left.values())
    assert [(one["_id"], one["status"], one["name"]) for one in tombstones] == [
        (tenant.id, "deleted", "")
    ]
    assert tombstones[0]["admins"] == []
    assert said(tenant)[-1].type == "tenant.deleted"
    users = lonely.runtime.platform["users"]
    assert users.count_documents({"tenant_id": other.id}) == others


def test_the_id_of_a_deleted_tenant_is_never_given_again(
    tenant: Tenant, command: Callable[..., Result]
) -> None:
    deleted = command("delete", tenant.id, "--confirm", tenant.id)
    due.erase_tenants(tenant.accounts.runtime).run()

    again = command("create", tenant.id, "--admin-email", "b@x.example")

    assert deleted.exit_code == 0, deleted.output
    assert (again.exit_code, "already" in again.output) == (1, True)
    assert command("show", tenant.id).exit_code == 1
    assert sign_in(tenant).json["code"] == "sign_in_failed"


def test_what_late_messages_bring_back_goes_again(tenant: Tenant) -> None:
    erasing = due.erase_tenants(tenant.accounts.runtime)
    tenants.delete(tenant.accounts.scope(tenant.id))
    erasing.run()
    platform = tenant.accounts.runtime.platform
    platform["requests"].insert_one({"_id": new_id(), "tenant_id": tenant.id})

    erasing.run()

    assert platform["requests"].count_documents({"tenant_id": tenant.id}) == 0


def test_r16_the_set_of_admins_is_mended_after_a_crash(accounts: Accounts, tenant: Tenant) -> None:
    second = tenant.create(is_admin=True)
    stale = tenant.create()
    stored = accounts.runtime.platform["tenants"]
    stored.update_one({"_id": tenant.id}, {"$set": {"admins": [tenant.admin_id, stale["id"]]}})
    mending = due.AdminMending(accounts.runtime, grace_seconds=0)

    mending.run()

    assert sorted(document(tenant)["admins"]) == sorted([tenant.admin_id, second["id"]])


def test_r16_a_change_that_is_under_way_is_not_mended(accounts: Accounts, tenant: Tenant) -> None:
    tenant.create(is_admin=True)
    stored = accounts.runtime.platform["tenants"]
    stored.update_one({"_id": tenant.id}, {"$set": {"admins": [tenant.admin_id]}})
    mending = due.AdminMending(accounts.runtime, grace_seconds=60)

    for _ in range(2):
        mending.run()

    assert document(tenant)["admins"] == [tenant.admin_id]


def test_edits_at_once_all_count(tenant: Tenant) -> None:
    bodies = [{"name": "N"}, {"time_zone": "Asia/Tokyo"}, {"languages": ["fr"]}]
    threads = [threading.Thread(target=tenant.patch, args=("/v1/tenant", body)) for body in bodies]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = tenant.get("/v1/tenant").json
    assert (found["name"], found["time_zone"], found["languages"]) == ("N", "Asia/Tokyo", ["fr"])
    assert found["version"] == 4


def test_the_chores_are_those_of_the_service(accounts: Accounts) -> None:
    names = {chore.name for chore in service.make_chores(accounts.runtime)}

    assert names >= {
        "writing the audit trail",
        "finishing deleted roles",
        "giving roles what is new",
        "erasing deleted tenants",
        "counting admins anew",
    }
    assert open_tenants.KNOWN_FOR_SECONDS <= 1
