"""``Idempotency-Key``: created once, however often it is asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from staffroll import clock
from staffroll.idempotency import KEPT_FOR
from tests.support.accounts import Accounts, Tenant, a_user


def _create(tenant: Tenant, body: dict[str, Any], key: str = "k1", **options: Any) -> Any:
    return tenant.post("/v1/users", body, headers={"Idempotency-Key": key}, **options)


def _count(tenant: Tenant) -> int:
    total: int = tenant.get("/v1/users").json["total"]
    return total


def test_the_same_key_twice_gives_the_same_answer_and_one_user(tenant: Tenant) -> None:
    body = a_user()

    first, second = _create(tenant, body), _create(tenant, body)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    assert _count(tenant) == 2


def test_the_same_key_ten_times_at_once_gives_one_user(tenant: Tenant) -> None:
    body = a_user()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: _create(tenant, body), range(10)))

    assert [answer.status_code for answer in answers] == [201] * 10
    assert len({answer.json["id"] for answer in answers}) == 1
    assert _count(tenant) == 2


def test_the_same_key_with_another_body_is_refused(tenant: Tenant) -> None:
    _create(tenant, a_user())

    response = _create(tenant, a_user())

    assert (response.status_code, response.json["code"]) == (422, "idempotency_key_reused")
    assert _count(tenant) == 2


def test_the_same_key_of_another_actor_is_another_key(tenant: Tenant) -> None:
    other = tenant.create(is_admin=True)
    _create(tenant, a_user())

    assert _create(tenant, a_user(), token=tenant.token_of(other)).status_code == 201


def test_r1_the_same_key_in_another_tenant_is_another_key(
    accounts: Accounts, tenant: Tenant
) -> None:
    body = a_user()

    created = [_create(where, body).json["id"] for where in (tenant, accounts.tenant())]

    assert created[0] != created[1]


def test_another_key_with_the_same_body_is_another_creation(tenant: Tenant) -> None:
    body = a_user()
    _create(tenant, body)

    assert _create(tenant, body, key="k2").json["code"] == "email_taken"


def test_a_refused_creation_uses_up_no_key(tenant: Tenant) -> None:
    taken = tenant.create()
    assert _create(tenant, a_user(email=taken["email"])).status_code == 409

    assert _create(tenant, a_user()).status_code == 201


def test_a_key_counts_for_a_day(tenant: Tenant) -> None:
    first = _create(tenant, a_user()).json
    long_ago = clock.now() - KEPT_FOR - timedelta(seconds=1)
    tenant.accounts.runtime.platform.database["users"].update_one(
        {"tenant_id": tenant.id, "_id": first["id"]}, {"$set": {"once.at": long_ago}}
    )

    second = _create(tenant, a_user())

    assert second.status_code == 201
    assert second.json["id"] != first["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel", "a\tb"])
def test_a_key_that_is_no_key_is_refused(tenant: Tenant, key: str) -> None:
    response = _create(tenant, a_user(), key=key)

    assert (response.status_code, response.json["code"]) == (422, "idempotency_key_invalid")


def test_the_key_is_kept_as_a_hash_in_the_user_itself(tenant: Tenant) -> None:
    created = _create(tenant, a_user(), key="order-4711").json

    once = tenant.document(created["id"])["once"]

    assert "order-4711" not in str(once)
    assert once.keys() == {"key", "fingerprint", "at"}
