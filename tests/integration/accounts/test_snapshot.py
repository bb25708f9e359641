"""``snapshot.requested``: accounts tells all it owns again, into the queue that was named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from staffroll.bus import Delivery
from staffroll.events import PLATFORM_TENANT, Event, SnapshotWish, dump_payload, payload_of
from staffroll.ids import new_id
from tests.support.accounts import Accounts, Tenant
from tests.support.waiting import eventually


@pytest.fixture
def queue(accounts: Accounts) -> Iterator[str]:
    name = f"test.replay.{new_id()}"
    accounts.runtime.broker.open_queue(name)
    yield name
    accounts.runtime.broker.close_queue(name)


def _tell(accounts: Accounts, wish: SnapshotWish) -> list[Event]:
    """All that arrives in the queue, up to ``snapshot.done``."""
    heard: list[Event] = []

    def deliver(delivery: Delivery) -> None:
        heard.append(Event.from_json(delivery.body))
        delivery.ack()

    receiver = accounts.runtime.broker.receiver([wish.queue], deliver)
    accounts.handle(
        Event("snapshot.requested", "people", PLATFORM_TENANT, "accounts", 0, dump_payload(wish))
    )
    eventually(lambda: _is_whole(heard))
    receiver.stop()
    return [event for event in heard if event.type != "snapshot.done"]


def _is_whole(heard: list[Event]) -> bool:
    done = [payload_of(event).sent for event in heard if event.type == "snapshot.done"]
    return bool(done) and len(heard) == done[0] + 1


def test_a_snapshot_tells_keys_tenants_roles_and_users(
    accounts: Accounts, tenant: Tenant, queue: str
) -> None:
    other = accounts.tenant()
    user = tenant.create()

    told = _tell(accounts, SnapshotWish(queue=queue))

    assert {"keys.updated", "tenant.updated", "role.updated", "user.updated"} == {
        event.type for event in told
    }
    assert {event.tenant_id for event in told} >= {PLATFORM_TENANT, tenant.id, other.id}
    assert {tenant.admin_id, other.admin_id, user["id"]} <= {event.subject for event in told}
    assert all(event.replay for event in told)


def test_a_snapshot_tells_each_state_under_its_version(
    accounts: Accounts, tenant: Tenant, queue: str
) -> None:
    user = tenant.create()
    tenant.patch(f"/v1/users/{user['id']}", {"first_name": "Anne"})

    told = _tell(accounts, SnapshotWish(queue=queue, tenant_id=tenant.id, subjects=[user["id"]]))

    (event,) = told
    assert (event.type, event.sequence) == ("user.updated", 2)
    assert payload_of(event).first_name == "Anne"


def test_a_snapshot_of_one_tenant_tells_nothing_of_others(
    accounts: Accounts, tenant: Tenant, queue: str
) -> None:
    accounts.tenant()

    told = _tell(accounts, SnapshotWish(queue=queue, tenant_id=tenant.id))

    assert {event.tenant_id for event in told} <= {tenant.id, PLATFORM_TENANT}
    assert {event.subject for event in told} >= {tenant.id, tenant.admin_id}


def test_r61_a_snapshot_tells_of_tombstones_without_personal_data(
    accounts: Accounts, tenant: Tenant, queue: str
) -> None:
    user = tenant.create()
    accounts.runtime.platform.database["users"].update_one(
        {"tenant_id": tenant.id, "_id": user["id"]}, {"$set": {"status": "deleted"}}
    )

    told = _tell(accounts, SnapshotWish(queue=queue, tenant_id=tenant.id, subjects=[user["id"]]))

    (event,) = told
    assert event.type == "user.deleted"
    assert user["email"] not in event.to_json()
    assert user["last_name"] not in event.to_json()


def test_no_secret_is_in_a_snapshot(accounts: Accounts, tenant: Tenant, queue: str) -> None:
    told = _tell(accounts, SnapshotWish(queue=queue))

    text = "".join(event.to_json() for event in told)
    assert "argon2" not in text
    assert "PRIVATE" not in text
    (keys,) = [payload_of(event).keys for event in told if event.type == "keys.updated"]
    assert all("d" not in key for key in keys)


def test_digests_cover_every_user_and_notice_a_change(tenant: Tenant) -> None:
    users = [tenant.create() for _ in range(5)]
    ids = {tenant.admin_id, *(user["id"] for user in users)}

    before = tenant.get("/v1/digest?owner=accounts").json["buckets"]
    tenant.patch(f"/v1/users/{users[0]['id']}", {"first_name": "Anne"})
    after = tenant.get("/v1/digest?owner=accounts").json["buckets"]

    changed = users[0]["id"][-2:]
    assert sum(bucket["count"] for bucket in before.values()) == len(ids)
    assert {name for name in before if before[name] != after[name]} == {changed}
    items = tenant.get(f"/v1/digest/{changed}?owner=accounts").json["items"]
    assert items[users[0]["id"]] == 2
