"""Part 9: a tenant that is suspended or deleted, where accounts is followed."""

from __future__ import annotations

from dataclasses import replace

from staffroll.bus import Message
from staffroll.bus.applying import Reject
from staffroll.bus.consumer import Consumer
from staffroll.events import Event, RoleState, TenantState
from staffroll.ids import new_id
from tests.support.services import TenantHere, a_user, body_of, told
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


def _late_news(tenant: TenantHere) -> list[Event]:
    """What somebody might put back from among the dead letters after the tenant is no more."""
    role = RoleState(name="Planner", category="planner", permissions=[])
    return [
        told("user.created", new_id(), 1, a_user(), tenant_id=tenant.id),
        told("role.updated", new_id(), 1, role, tenant_id=tenant.id),
    ]


def test_late_news_of_a_deleted_tenant_brings_nothing_of_it_back(tenant: TenantHere) -> None:
    here = tenant.here
    hear(tenant, "tenant.deleted", 2, "deleted")
    for _ in range(2):
        here.chore("erasing deleted tenants").run()
    handle = here.service.make_handler(here.runtime)
    other = here.new_tenant()
    news = _late_news(tenant)

    elsewhere = [replace(event, subject=new_id(), tenant_id=other.id) for event in news]
    for event in (*news, *elsewhere):
        handle(event)

    heard = {
        (document["tenant_id"], document["_id"])
        for name in (here.service.outboxes[0], "roles")
        for document in here.runtime.platform[name].find({}, {"tenant_id": 1})
    }
    assert {id_ for tenant_id, id_ in heard if tenant_id == tenant.id} == set()
    assert {(other.id, event.subject) for event in elsewhere} <= heard


def test_late_dead_letters_of_a_deleted_tenant_are_dropped(tenant: TenantHere) -> None:
    here = tenant.here
    other = here.new_tenant()
    letters = here.runtime.broker.dead_letters(here.service.name)
    letters.drop()
    news = [_late_news(one)[0] for one in (tenant, other)]
    here.runtime.broker.publish(
        [Message.direct(event, f"{here.service.name}.events") for event in news]
    )

    def refuse(_event: Event) -> None:
        raise Reject("of the test")

    consumer = Consumer(here.runtime.broker, [f"{here.service.name}.events"], refuse)
    consumer.start()
    eventually(lambda: letters.count() == 2)
    consumer.stop()
    hear(tenant, "tenant.deleted", 2, "deleted")

    here.chore("dropping late dead letters").run()

    assert [Event.from_json(one.body).tenant_id for one in letters.list()] == [other.id]
    letters.drop()


def test_r64_a_deleted_tenant_is_brought_back_by_nothing_newer(tenant: TenantHere) -> None:
    hear(tenant, "tenant.deleted", 2, "deleted")

    hear(tenant, "tenant.updated", 1002, "active")

    eventually(lambda: tenant.request("GET").status_code == 401)
    (kept,) = tenant.here.runtime.platform["tenants"].find({"_id": tenant.id})
    assert (kept["state"]["status"], kept["version"]) == ("deleted", 2)
