"""What lists ask of the database costs by what they show, not by how many there are."""

from __future__ import annotations

from typing import Any

import pytest

from staffroll import clock
from staffroll_accounts.store import users as user_store
from tests.load.plans import plans_of
from tests.support.accounts import Accounts, Tenant

OTHERS = 12
FACTOR: dict[str, Any] = {"sealed_seed": b"", "last_step": 0, "recovery_hashes": []}


@pytest.mark.parametrize(
    ("has_one", "is_enforced"),
    [(True, None), (True, True), (False, None), (False, True), (False, False)],
)
def test_r41_a_page_of_users_by_second_factor_looks_at_nobody_else(
    accounts: Accounts, tenant: Tenant, has_one: bool, is_enforced: bool | None
) -> None:
    users = accounts.runtime.platform["users"]
    factor = {**FACTOR, "enabled_at": clock.now()}
    pattern = tenant.document(tenant.admin_id)

    def put(name: str, second: dict[str, Any] | None) -> None:
        security = {
            **pattern["security"],
            "two_factor": second,
            "two_factor_enforced": bool(is_enforced),
        }
        changes = {"_id": name, "email_key": name, "sort": name, "last_name": name}
        users.insert_one({**pattern, **changes, "security": security})

    users.delete_one({"_id": tenant.admin_id})
    for name in ("y", "x"):
        put(f"{tenant.id}-{name}", factor if has_one else None)
    for number in range(OTHERS):
        put(f"{tenant.id}-{number:02}", None if has_one else factor)
    store, found = accounts.scope(tenant.id).store.users, []

    (plan,) = plans_of(
        accounts.runtime.platform.database,
        "accounts-serve",
        lambda: found.extend(
            store.page_by_factor(has_one=has_one, is_enforced=is_enforced, after=None, limit=10)[0]
        ),
    )

    assert [user.last_name for user in found] == [f"{tenant.id}-x", f"{tenant.id}-y"]
    assert plan.documents == 2
    assert plan.keys < OTHERS
    assert not plan.sorts


def test_nothing_usual_reads_all_documents_of_a_collection(
    accounts: Accounts, tenant: Tenant
) -> None:
    role, somebody = tenant.get("/v1/roles").json["items"][0]["id"], tenant.create()["id"]

    def everything() -> None:
        for path in ("/v1/users", "/v1/users?q=a", f"/v1/users?role={role}", "/v1/roles"):
            assert tenant.get(path).status_code == 200
        for path in ("/v1/security", "/v1/tenant", "/v1/audit", f"/v1/users/{somebody}"):
            assert tenant.get(path).status_code == 200
        edited = tenant.patch(f"/v1/users/{somebody}", {"roles": [role]})
        assert edited.status_code == 200
        tenant.create()

    plans = plans_of(accounts.runtime.platform.database, "accounts-serve", everything)

    assert len(plans) > 10
    assert [plan for plan in plans if plan.way == "all documents"] == []


def test_who_has_a_role_is_counted_alike_in_large_tenants_and_small_ones(
    accounts: Accounts, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = [item["id"] for item in tenant.get("/v1/roles").json["items"]]
    for number in range(3):
        tenant.create(roles=roles[: number + 1])
    accounts.runtime.tenant(tenant.id)["users"].update_one(
        {"roles": roles[2]}, {"$set": {"status": "deactivated"}}
    )
    store = accounts.scope(tenant.id).store.users

    small = store.count_many_with_roles(roles)
    monkeypatch.setattr(user_store, "COUNTED", 1)
    large = store.count_many_with_roles(roles)

    assert small[roles[0]] == large[roles[0]] == {"active": 2, "deactivated": 1}
    for role in roles:
        assert {"active": 0, "deactivated": 0, **small[role]} == large[role]
