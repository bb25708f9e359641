"""Part 9: a tenant that is suspended or deleted, where accounts is followed."""

from __future__ import annotations

from staffroll.events import TenantState
from tests.support.services import TenantHere, body_of
from tests.support.waiting import eventually


def hear(tenant: TenantHere, event_type: str, version: int, status: str) -> None:
    state = TenantState(
        name="" if status == "deleted" else "A",
        status=status,
        languages=["en", "de"],
        time_zone="Europe/Berlin",
    )
    tenant.hear(event_type, tenant.id, version, state)


def test_tokens_of_a_suspended_tenant_are_refused_until_it_is_resumed(tenant: TenantHere) -> None:
    tenant.known()
    before = tenant.request("GET").json

    hear(tenant, "tenant.suspended", 2, "suspended")
    eventually(lambda: tenant.request("GET").status_code == 401)
    refused = tenant.request("GET")
    hear(tenant, "tenant.updated", 3, "active")

    assert body_of(refused)["code"] == "token_revoked"
    eventually(lambda: tenant.request("GET").json == before)


def test_other_tenants_go_on(tenant: TenantHere) -> None:
    other = tenant.here.new_tenant()

    hear(tenant, "tenant.suspended", 2, "suspended")

    eventually(lambda: tenant.request("GET").status_code == 401)
    assert other.request("GET").status_code == 200


def test_everything_of_a_deleted_tenant_goes(tenant: TenantHere) -> None:
    tenant.known()
    other = tenant.here.new_tenant()
    here = tenant.here.runtime.platform

    hear(tenant, "tenant.deleted", 2, "deleted")
    for _ in range(2):
        tenant.here.chore("erasing deleted tenants").run()

    left = {
        name: here[name].count_documents({"tenant_id": tenant.id})
        for name in here.database.list_collection_names()
    }
    assert {name: count for name, count in left.items() if count} == {"tenants": 1}
    assert other.request("GET").status_code == 200
    eventually(lambda: tenant.request("GET").status_code == 401)


def test_r64_a_deleted_tenant_is_brought_back_by_nothing_newer(tenant: TenantHere) -> None:
    hear(tenant, "tenant.deleted", 2, "deleted")

    hear(tenant, "tenant.updated", 1002, "active")

    eventually(lambda: tenant.request("GET").status_code == 401)
    (kept,) = tenant.here.runtime.platform["tenants"].find({"_id": tenant.id})
    assert (kept["state"]["status"], kept["version"]) == ("deleted", 2)
