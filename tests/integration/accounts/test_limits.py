"""R23: whoever tries too often is refused before anything dear is done."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import argon2
import pytest

from tests.support.accounts import PASSWORD, Accounts, Answer, Tenant, environ_of
from tests.support.waiting import eventually

PER_ADDRESS, PER_ACCOUNT = 30, 10


@pytest.fixture
def limited(mongodb_uri: str, database_name: str) -> Iterator[Accounts]:
    """Accounts with limits, behind one trusted proxy."""
    running = Accounts(
        environ_of(
            mongodb_uri,
            database_name,
            tries_per_address=PER_ADDRESS,
            tries_per_account=PER_ACCOUNT,
            trusted_proxies=1,
        )
    )
    yield running
    running.close()


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    seen: list[str] = []
    verify = argon2.PasswordHasher.verify

    def counting(hasher: argon2.PasswordHasher, hashed: Any, password: Any) -> bool:
        seen.append(hashed)
        return verify(hasher, hashed, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counting)
    return seen  # type: ignore[return-value]


def attempt(tenant: Tenant, email: str, address: str = "192.0.2.1", **changes: Any) -> Answer:
    body = {"tenant": tenant.id, "email": email, "password": "wrong horse battery", **changes}
    headers = {"X-Forwarded-For": address}
    return tenant.post("/v1/sign-in", body, token=None, headers=headers)


def test_r23_an_account_is_tried_ten_times_a_minute_from_wherever(
    limited: Accounts, hashes: list[str]
) -> None:
    tenant = limited.tenant()

    answers = [attempt(tenant, "nobody@x.example", f"192.0.2.{n}") for n in range(12)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert answers[-1].json["code"] == "too_many_requests"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert len(hashes) == 10
    assert attempt(tenant, "somebody@x.example").status_code == 401


def test_r23_an_address_tries_thirty_times_a_minute_whomever(
    limited: Accounts, hashes: list[str]
) -> None:
    tenant = limited.tenant()

    answers = [attempt(tenant, f"u{n}@x.example") for n in range(32)]

    assert [answer.status_code for answer in answers] == [401] * 30 + [429] * 2
    assert len(hashes) == 30
    assert attempt(tenant, "u0@x.example", "192.0.2.2").status_code == 401


def test_r23_even_the_right_password_waits(limited: Accounts) -> None:
    tenant = limited.tenant()
    for n in range(10):
        attempt(tenant, "admin@x.example", f"192.0.2.{n}")

    assert attempt(tenant, "admin@x.example", password=PASSWORD).status_code == 429


def test_r20_r23_of_200_at_once_few_are_hashed(limited: Accounts, hashes: list[str]) -> None:
    tenant = limited.tenant()
    user = tenant.create(password=PASSWORD)

    with ThreadPoolExecutor(32) as pool:
        answers = list(
            pool.map(lambda n: attempt(tenant, user["email"], f"192.0.2.{n}"), range(200))
        )

    statuses = [answer.status_code for answer in answers]
    assert statuses.count(401) == len(hashes) == PER_ACCOUNT
    assert statuses.count(429) == 200 - PER_ACCOUNT
    assert tenant.document(user["id"])["security"]["failed_sign_ins"] == 3


def test_the_first_who_come_at_once_are_all_let_in(limited: Accounts) -> None:
    tenant = limited.tenant()
    together = Barrier(8)

    def first(n: int) -> int:
        together.wait(10)
        return attempt(tenant, "new@x.example", f"192.0.2.{n}").status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(first, range(8)))

    assert answers == [401] * 8


def test_only_as_many_proxies_are_believed_as_there_are(limited: Accounts) -> None:
    tenant = limited.tenant()

    # What a client claims stands before what our one proxy saw.
    answers = [attempt(tenant, f"u{n}@x.example", f"10.0.0.{n}, 192.0.2.1") for n in range(31)]

    assert [answer.status_code for answer in answers] == [401] * 30 + [429]


def test_without_proxies_the_header_is_not_believed(accounts: Accounts, tenant: Tenant) -> None:
    signed_in = attempt(tenant, "admin@x.example", "192.0.2.9", password=PASSWORD).json

    items = tenant.get("/v1/me/sessions", token=signed_in["access_token"]).json["items"]

    assert [item["address"] for item in items] == ["127.0.0.1"]


def test_r33_more_than_may_wait_for_a_hash_are_sent_away(
    mongodb_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = Accounts(environ_of(mongodb_uri, database_name, hashes_at_once=1, hashes_waiting=1))
    tenant = accounts.tenant()
    go = Event()
    verify = argon2.PasswordHasher.verify

    def slow(hasher: argon2.PasswordHasher, hashed: Any, password: Any) -> bool:
        go.wait(10)
        return verify(hasher, hashed, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", slow)
    try:
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(attempt, tenant, f"u{n}@x.example") for n in range(8)]
            eventually(lambda: sum(one.done() for one in asked) == 6)
            go.set()
            answers = [one.result(10) for one in asked]
    finally:
        accounts.close()

    assert sorted(answer.status_code for answer in answers) == [401, 401] + [503] * 6
    (refused, *_) = [answer for answer in answers if answer.status_code == 503]
    assert (refused.json["code"], refused.headers["Retry-After"]) == ("too_busy", "1")


def test_r23_r32_who_asks_for_links_for_ever_leaves_one_that_can_be_used(limited: Accounts) -> None:
    tenant = limited.tenant()

    def ask(email: str, n: int) -> Answer:
        body = {"tenant": tenant.id, "email": email}
        headers = {"X-Forwarded-For": f"192.0.2.{n}"}
        return tenant.post("/v1/password-resets", body, token=None, headers=headers)

    known = [ask("admin@x.example", n) for n in range(7)]
    unknown = [ask("nobody@x.example", n) for n in range(7)]

    assert [one.status_code for one in known] == [202] * 5 + [429] * 2
    assert [one.status_code for one in unknown] == [202] * 5 + [429] * 2
    assert 60 < int(known[-1].headers["Retry-After"]) <= 900
    assert attempt(tenant, "admin@x.example").status_code == 401
