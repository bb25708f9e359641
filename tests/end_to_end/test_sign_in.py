"""Signing in where several worker processes share the work."""

from __future__ import annotations

import email
import email.policy
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import requests

from staffroll.local import Mongod
from tests.support.apart import Apart, Client
from tests.support.smtp import token_in
from tests.support.waiting import eventually

RIGHT = "a good long password of hers"
WRONG = "not the password of hers"
AT_ONCE = 20


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where mail is written to."""
    return tmp_path_factory.mktemp("letters")


@pytest.fixture(scope="module")
def accounts(
    mongod: Mongod, tmp_path_factory: pytest.TempPathFactory, letters: Path
) -> Iterator[Apart]:
    suite = Apart(mongod.uri, "embedded:", tmp_path_factory.mktemp("sign-in"))
    suite.environ |= {
        "STAFFROLL_TRIES_PER_ADDRESS": "0",
        "STAFFROLL_TRIES_PER_ACCOUNT": "0",
        "STAFFROLL_HASHES_WAITING": str(AT_ONCE),
        "STAFFROLL_SMTP_URL": "",
        "STAFFROLL_MAIL_FOLDER": str(letters),
    }
    try:
        suite.start("accounts", "serve", 2)
        suite.start("accounts", "consume")
        suite.wait_until_ready("accounts")
        yield suite
    finally:
        suite.close()


class Anna:
    """A user of a tenant of her own, on the two workers."""

    def __init__(self, suite: Apart) -> None:
        self.suite = suite
        self.admin: Client = suite.tenant_in_accounts()
        self.email = f"anna@{self.admin.tenant_id}.example"
        names = {"last_name": "Ray", "first_name": "Anna", "email": self.email}
        self.id = self.admin.create("accounts", names | {"password": RIGHT}).json()["id"]

    def send(self, method: str, path: str, body: Any = None, token: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.suite.url('accounts')}{path}"
        return requests.request(method, url, json=body, headers=headers, timeout=30)

    def sign_in(self, password: str = RIGHT) -> requests.Response:
        credentials = {"tenant": self.admin.tenant_id, "email": self.email, "password": password}
        return self.send("POST", "/v1/sign-in", credentials)

    def refresh(self, refresh_token: str) -> requests.Response:
        wish = {"grant": "refresh_token", "refresh_token": refresh_token}
        return self.send("POST", "/v1/token", wish)

    def forget_the_password(self) -> None:
        body = {"tenant": self.admin.tenant_id, "email": self.email}
        assert self.send("POST", "/v1/password-resets", body).status_code == 202

    def use_link(self, token: str, password: str) -> requests.Response:
        return self.send("PUT", f"/v1/password-resets/{token}", {"password": password})

    def may(self, access_token: str) -> bool:
        return self.send("GET", "/v1/me", token=access_token).status_code == 200

    def sessions(self) -> list[dict[str, Any]]:
        """As they are stored."""
        return list(self.suite.database("accounts")["sessions"].find({"user_id": self.id}))

    @property
    def stored(self) -> dict[str, Any]:
        found: dict[str, Any] = self.suite.database("accounts")["users"].find_one({"_id": self.id})
        return found


@pytest.fixture
def anna(accounts: Apart) -> Anna:
    return Anna(accounts)


def all_at_once(calls: Sequence[Callable[[], requests.Response]]) -> list[requests.Response]:
    """What each of them answers, all sent at the same moment."""
    start = Barrier(len(calls))

    def call(one: Callable[[], requests.Response]) -> requests.Response:
        start.wait()
        return one()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


def outcomes(answers: Sequence[requests.Response]) -> Counter[str]:
    """How often each code was answered; ``ok`` where it is none."""
    return Counter("ok" if answer.ok else answer.json()["code"] for answer in answers)


def test_r20_of_many_wrong_passwords_on_two_workers_exactly_the_third_locks(anna: Anna) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = Counter(one.status_code for one in pool.map(anna.sign_in, [WRONG] * 100))

    assert set(answers) <= {401, 503}  # 503: more than may wait for a hash
    assert answers[401] >= 3
    assert anna.stored["security"]["failed_sign_ins"] == 3
    assert anna.stored["security"]["locked_at"] is not None
    assert anna.sign_in(RIGHT).status_code == 401
    assert anna.admin.post("accounts", f"/v1/users/{anna.id}/unlock").status_code == 200
    assert anna.sign_in(RIGHT).status_code == 200


def test_a_refresh_token_that_many_use_at_once_on_two_workers_has_one_successor(
    anna: Anna,
) -> None:
    newest = anna.sign_in().json()["refresh_token"]

    for rounds in range(1, 6):
        answers = all_at_once([partial(anna.refresh, newest)] * AT_ONCE)

        assert outcomes(answers) == {"ok": AT_ONCE}
        (newest,) = {answer.json()["refresh_token"] for answer in answers}
        (session,) = anna.sessions()
        assert {answer.json()["session_id"] for answer in answers} == {session["_id"]}
        assert (session["counter"], session["ended_at"]) == (1 + rounds, None)
        assert all(anna.may(answer.json()["access_token"]) for answer in answers[:2])


def test_a_refresh_token_that_is_used_again_on_two_workers_ends_its_session_for_everybody(
    anna: Anna,
) -> None:
    given = [anna.sign_in().json()]
    for _ in range(2):
        given.append(anna.refresh(given[-1]["refresh_token"]).json())
    other = anna.sign_in().json()
    stolen, newest = given[0]["refresh_token"], given[-1]["refresh_token"]

    # Thief and owner at the same moment: who of them comes first does not matter.
    calls = [partial(anna.refresh, stolen), partial(anna.refresh, newest)]
    answers = all_at_once(list(islice(cycle(calls), AT_ONCE)))

    assert set(outcomes(answers)) <= {"ok", "refresh_token_reused", "refresh_token_invalid"}
    assert outcomes(answers[::2])["ok"] == 0
    assert outcomes(answers[::2])["refresh_token_reused"] >= 1
    given += [answer.json() for answer in answers if answer.ok]
    assert not any(anna.may(one["access_token"]) for one in given)
    assert not any(anna.refresh(one["refresh_token"]).ok for one in given)
    assert {one["_id"]: one["ended_at"] is None for one in anna.sessions()} == {
        given[0]["session_id"]: False,
        other["session_id"]: True,
    }
    assert anna.may(anna.refresh(other["refresh_token"]).json()["access_token"])


def test_r32_a_link_that_many_use_at_once_on_two_workers_sets_one_password(
    anna: Anna, letters: Path
) -> None:
    signed_in = anna.sign_in().json()
    anna.forget_the_password()
    token = _link(letters, anna.email)
    passwords = [f"{RIGHT}, the {number}th" for number in range(AT_ONCE)]

    answers = all_at_once([partial(anna.use_link, token, password) for password in passwords])

    assert outcomes(answers) == {"ok": 1, "reset_token_invalid": AT_ONCE - 1}
    (won,) = [word for word, answer in zip(passwords, answers, strict=True) if answer.ok]
    lost = next(word for word in passwords if word != won)
    assert [anna.sign_in(word).status_code for word in (RIGHT, lost, won)] == [401, 401, 200]
    assert not anna.may(signed_in["access_token"])
    assert anna.stored["security"]["session_epoch"] == 2


def _link(letters: Path, address: str) -> str:
    """The token in the first mail to `address`, as soon as there is one."""

    def written() -> list[str]:
        messages = (
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in sorted(letters.glob("*.eml"))
        )
        return [token_in(message) for message in messages if message["To"] == address]

    return eventually(written, 30)[0]
