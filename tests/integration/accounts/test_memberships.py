"""R16, R50-R52: what follows in accounts from what scheduling tells of staff memberships."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staffroll import clock
from staffroll.events import Event
from staffroll.ids import new_id
from staffroll_accounts import due
from tests.support.accounts import PASSWORD, Answer, Tenant

_versions = itertools.count(1)


def employee(tenant: Tenant, user_id: str, sequence: int, status: str, **data: Any) -> Event:
    """What scheduling says of somebody."""
    kind = data.pop(
        "kind", "membership.ended" if status == "not_employed" else "membership.started"
    )
    said = {"status": status, "join_date": "2026-01-01", "leave_date": None, **data}
    return tenant.wish(kind, user_id, said, source="scheduling", sequence=sequence, request_id=None)


def hear(tenant: Tenant, *events: Event) -> None:
    for event in events:
        tenant.accounts.handle(event)


def ended(tenant: Tenant, user_id: str) -> None:
    hear(tenant, employee(tenant, user_id, next(_versions), "not_employed"))


def started(tenant: Tenant, user_id: str) -> None:
    hear(tenant, employee(tenant, user_id, next(_versions), "employed"))


def said(tenant: Tenant, user_id: str) -> list[Event]:
    """All that was said of the user, the creation left out; their broker is away."""
    waiting = tenant.document(user_id)["outbox"]
    return [Event.from_json(entry["body"]) for entry in waiting][1:]


def sign_in(tenant: Tenant, email: str, password: str = PASSWORD) -> Answer:
    wish = {"tenant": tenant.id, "email": email, "password": password}
    return tenant.post("/v1/sign-in", wish, token=None)


def refresh(tenant: Tenant, session: dict[str, Any]) -> Answer:
    wish = {"grant": "refresh_token", "refresh_token": session["refresh_token"]}
    return tenant.post("/v1/token", wish, token=None)


def counted(tenant: Tenant) -> set[str]:
    (document,) = tenant.accounts.runtime.platform["tenants"].find({"_id": tenant.id})
    return set(document["admins"])


def status(tenant: Tenant, user_id: str) -> str:
    found: str = tenant.document(user_id)["status"]
    return found


def test_r51_who_has_no_membership_any_more_is_deactivated_and_unbilled(
    lonely_tenant: Tenant,
) -> None:
    tenant = lonely_tenant
    user = tenant.create(roles=[tenant.role("Planner")])

    ended(tenant, user["id"])

    (event,) = said(tenant, user["id"])
    assert (event.type, event.sequence) == ("user.deactivated", 2)
    assert (event.data["status"], event.data["changed"]) == ("deactivated", ["status"])
    assert (event.data["token_generation"], event.data["roles"]) == (2, user["roles"])
    assert tenant.get("/v1/users?status=billed").json["total"] == 1
    unbilled = tenant.get("/v1/users?status=unbilled").json
    assert [item["id"] for item in unbilled["items"]] == [user["id"]]


def test_r51_all_sessions_and_tokens_end_and_nobody_signs_in(lonely_tenant: Tenant) -> None:
    tenant = lonely_tenant
    user = tenant.create(password=PASSWORD, roles=[tenant.role("Planner")])
    session = sign_in(tenant, user["email"]).json
    token = session["access_token"]
    expires_at = (clock.now() + timedelta(days=30)).isoformat()
    script = {"name": "script", "scopes": ["accounts.users:read"], "expires_at": expires_at}
    made = tenant.post("/v1/me/tokens", script, token=token).json["token"]

    ended(tenant, user["id"])

    assert sign_in(tenant, user["email"]).json["code"] == "sign_in_failed"
    assert refresh(tenant, session).status_code == 401
    assert tenant.get("/v1/me", token=token).json["code"] == "token_revoked"
    exchange = {"grant": "access_token", "access_token": made}
    assert tenant.post("/v1/token", exchange, token=None).status_code == 401


def test_r52_who_returns_has_password_and_roles_as_they_were_and_no_lock(
    lonely_tenant: Tenant,
) -> None:
    tenant = lonely_tenant
    user = tenant.create(password=PASSWORD, roles=[tenant.role("Planner")])
    for _ in range(3):
        sign_in(tenant, user["email"], "wrong horse battery")
    before = tenant.document(user["id"])["security"]
    ended(tenant, user["id"])

    started(tenant, user["id"])

    event = said(tenant, user["id"])[-1]
    assert (event.type, event.data["status"]) == ("user.reactivated", "active")
    assert (event.data["changed"], event.data["locked"]) == (["locked", "status"], False)
    after = tenant.document(user["id"])
    assert after["security"]["password_hash"] == before["password_hash"]
    assert (after["security"]["failed_sign_ins"], after["roles"]) == (0, user["roles"])
    assert sign_in(tenant, user["email"]).status_code == 200


def test_r51_a_session_of_before_does_not_come_back_with_who_returns(
    lonely_tenant: Tenant,
) -> None:
    tenant = lonely_tenant
    user = tenant.create(password=PASSWORD)
    session = sign_in(tenant, user["email"]).json

    ended(tenant, user["id"])
    started(tenant, user["id"])

    assert refresh(tenant, session).status_code == 401
    assert tenant.get("/v1/me", token=session["access_token"]).status_code == 401


def test_r50_what_changes_nothing_is_not_told(lonely_tenant: Tenant) -> None:
    tenant = lonely_tenant
    user = tenant.create()

    for kind in ("membership.changed", "employee.updated", "membership.started"):
        version = next(_versions)
        hear(tenant, employee(tenant, user["id"], version, "employed", kind=kind, future_shifts=4))

    assert said(tenant, user["id"]) == []
    document = tenant.document(user["id"])
    assert document["version"] == 1
    heard = document["scheduled"]
    assert (heard["seen"], heard["is_employed"], heard["future_shifts"]) == (version, True, 4)


def test_bus_5_a_duplicate_and_whatever_is_older_change_nothing(lonely_tenant: Tenant) -> None:
    tenant = lonely_tenant
    user = tenant.create()
    gone = employee(tenant, user["id"], 1000, "not_employed")

    hear(tenant, gone, gone, employee(tenant, user["id"], 999, "employed"), gone)

    assert [event.type for event in said(tenant, user["id"])] == ["user.deactivated"]


def test_r61_nobody_who_is_deleted_or_unknown_is_brought_back(lonely_tenant: Tenant) -> None:
    tenant = lonely_tenant
    user = tenant.create()
    tenant.accounts.runtime.platform["users"].update_one(
        {"tenant_id": tenant.id, "_id": user["id"]}, {"$set": {"status": "deleted"}}
    )
    before = tenant.document(user["id"])

    started(tenant, user["id"])
    started(tenant, new_id())

    assert tenant.document(user["id"]) == before


def test_r1_a_membership_elsewhere_changes_nobody_here(lonely_tenant: Tenant, lonely: Any) -> None:
    user = lonely_tenant.create()
    elsewhere = lonely.tenant()

    hear(elsewhere, employee(elsewhere, user["id"], 7, "not_employed"))

    assert status(lonely_tenant, user["id"]) == "active"


def test_r16_the_last_admin_stays_active_until_there_is_another(lonely_tenant: Tenant) -> None:
    tenant, last = lonely_tenant, lonely_tenant.admin_id
    user = tenant.create()

    ended(tenant, last)
    due.deactivate_leaving(tenant.accounts.runtime).run()

    assert (status(tenant, last), counted(tenant)) == ("active", {last})
    assert said(tenant, last) == []
    tenant.patch(f"/v1/users/{user['id']}", {"is_admin": True})
    due.deactivate_leaving(tenant.accounts.runtime).run()
    due.deactivate_leaving(tenant.accounts.runtime).run()
    assert (status(tenant, last), counted(tenant)) == ("deactivated", {user["id"]})
    assert [event.type for event in said(tenant, last)] == ["user.deactivated"]


def test_r16_the_last_admin_who_returns_in_time_just_stays(lonely_tenant: Tenant) -> None:
    tenant, last = lonely_tenant, lonely_tenant.admin_id
    ended(tenant, last)

    started(tenant, last)
    tenant.create(is_admin=True)
    due.deactivate_leaving(tenant.accounts.runtime).run()

    assert status(tenant, last) == "active"
    assert said(tenant, last) == []


def test_r16_a_deactivated_admin_counts_again_when_they_return(lonely_tenant: Tenant) -> None:
    tenant = lonely_tenant
    other = tenant.create(is_admin=True)

    ended(tenant, other["id"])
    left = counted(tenant)
    refused = tenant.patch(f"/v1/users/{tenant.admin_id}", {"is_admin": False})
    started(tenant, other["id"])
    back = counted(tenant)
    granted = tenant.patch(f"/v1/users/{tenant.admin_id}", {"is_admin": False})

    assert (left, refused.json["code"]) == ({tenant.admin_id}, "last_admin")
    assert back == {tenant.admin_id, other["id"]}
    assert granted.status_code == 200


def test_r16_admin_access_of_somebody_deactivated_does_not_count(lonely_tenant: Tenant) -> None:
    tenant = lonely_tenant
    user = tenant.create()
    ended(tenant, user["id"])

    tenant.patch(f"/v1/users/{user['id']}", {"is_admin": True})
    mending = due.AdminMending(tenant.accounts.runtime, grace_seconds=0)
    mending.run()
    mending.run()

    assert counted(tenant) == {tenant.admin_id}


def test_r16_of_admins_who_leave_at_once_one_stays_until_there_is_another(
    lonely_tenant: Tenant,
) -> None:
    tenant = lonely_tenant
    admins = [tenant.create(is_admin=True)["id"] for _ in range(3)] + [tenant.admin_id]
    together = Barrier(len(admins))

    def leave(user_id: str) -> None:
        together.wait(10)
        ended(tenant, user_id)

    with ThreadPoolExecutor(len(admins)) as pool:
        list(pool.map(leave, admins))

    active = [one for one in admins if status(tenant, one) == "active"]
    assert len(active) == 1
    assert counted(tenant) == set(active)


@pytest.fixture(scope="module")
def shuffled(lonely: Any) -> Tenant:
    """A tenant for many runs of one test."""
    found: Tenant = lonely.tenant()
    return found


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_f7_shuffled_and_doubled_the_newest_decides_and_each_change_is_told_once(
    shuffled: Tenant, data: st.DataObject
) -> None:
    tenant = shuffled
    user = tenant.create()
    statuses = data.draw(st.lists(st.sampled_from(["employed", "not_employed"]), min_size=1))
    events = [
        employee(tenant, user["id"], number, status)
        for number, status in enumerate(statuses, start=1)
    ]
    order: Sequence[Event] = data.draw(
        st.permutations([*events, *data.draw(st.lists(st.sampled_from(events), max_size=5))])
    )

    hear(tenant, *order)

    newest = "active" if statuses[-1] == "employed" else "deactivated"
    assert status(tenant, user["id"]) == newest
    told = [event.data["status"] for event in said(tenant, user["id"])]
    assert told == [("deactivated", "active")[n % 2] for n in range(len(told))]
    assert tenant.document(user["id"])["version"] == 1 + len(told)
    assert (told[-1] if told else "active") == newest
