"""Signing in where several worker processes share the work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from staffroll.local import Mongod
from tests.support.apart import Apart

RIGHT = "a good long password of hers"
WRONG = "not the password of hers"


@pytest.fixture
def accounts(mongod: Mongod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    suite = Apart(mongod.uri, "embedded:", tmp_path_factory.mktemp("sign-in"))
    suite.environ |= {"STAFFROLL_TRIES_PER_ADDRESS": "0", "STAFFROLL_TRIES_PER_ACCOUNT": "0"}
    try:
        suite.start("accounts", "serve", 2)
        suite.start("accounts", "consume")
        suite.wait_until_ready("accounts")
        yield suite
    finally:
        suite.close()


def test_r20_of_many_wrong_passwords_on_two_workers_exactly_the_third_locks(
    accounts: Apart,
) -> None:
    acme = accounts.tenant_in_accounts()
    anna = {"last_name": "Ray", "first_name": "Anna", "email": "anna@acme.example"}
    id_ = acme.create("accounts", anna | {"password": RIGHT}).json()["id"]

    def sign_in(password: str) -> int:
        credentials = {"tenant": acme.tenant_id, "email": anna["email"], "password": password}
        url = f"{accounts.url('accounts')}/v1/sign-in"
        return requests.post(url, json=credentials, timeout=30).status_code

    with ThreadPoolExecutor(20) as pool:
        answers = Counter(pool.map(sign_in, [WRONG] * 100))

    assert set(answers) <= {401, 503}  # 503: more than may wait for a hash
    assert answers[401] >= 3
    stored = accounts.database("accounts")["users"].find_one({"_id": id_})
    assert stored["security"]["failed_sign_ins"] == 3
    assert stored["security"]["locked_at"] is not None
    assert sign_in(RIGHT) == 401
    assert acme.post("accounts", f"/v1/users/{id_}/unlock").status_code == 200
    assert sign_in(RIGHT) == 200
