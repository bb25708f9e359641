"""R20-R22: the third failure in a row locks, exactly, and a stranger sees no difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import argon2
import pytest
from click.testing import CliRunner

from staffroll import clock
from staffroll.errors import OutboxFull
from staffroll.events import Event
from staffroll.web.tokens import KeyRing, verify
from staffroll_accounts.cli import tenant as tenant_commands
from staffroll_accounts.passwords import Passwords
from tests.support.accounts import PASSWORD, SECRET, Accounts, Answer, Tenant, environ_of

WRONG = "wrong horse battery"


def attempt(tenant: Tenant, email: str, password: str = WRONG, **changes: Any) -> Answer:
    body = {"tenant": tenant.id, "email": email, "password": password, **changes}
    return tenant.post("/v1/sign-in", body, token=None)


def lock(tenant: Tenant, email: str) -> None:
    for _ in range(3):
        attempt(tenant, email)


def told(tenant: Tenant, user_id: str) -> list[Event]:
    """News of the user that waits, oldest first; only where the broker is away."""
    waiting = tenant.document(user_id)["outbox"]
    return [Event.from_json(entry["body"]) for entry in waiting]


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was verified."""
    seen: list[str] = []
    verify = argon2.PasswordHasher.verify

    def counting(hasher: argon2.PasswordHasher, hashed: Any, password: Any) -> bool:
        seen.append(hashed)
        return verify(hasher, hashed, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counting)
    return seen  # type: ignore[return-value]


def test_r20_the_third_failure_in_a_row_locks_and_says_so(lonely_tenant: Tenant) -> None:
    tenant = lonely_tenant
    user = tenant.create(password=PASSWORD)

    before = [(attempt(tenant, user["email"]), tenant.document(user["id"]))[1] for _ in range(2)]
    attempt(tenant, user["email"])

    after = tenant.document(user["id"])
    assert [one["security"]["failed_sign_ins"] for one in before] == [1, 2]
    assert all(one["security"]["locked_at"] is None for one in before)
    assert after["security"]["locked_at"] is not None
    locked = told(tenant, user["id"])[-1]
    assert (locked.type, locked.data["locked"], locked.data["changed"]) == (
        "user.locked",
        True,
        ["locked"],
    )
    assert locked.data["token_generation"] == before[-1]["token_generation"] + 1
    assert len(after["mails"]) == len(before[-1]["mails"]) + 1
    assert tenant.get(f"/v1/users/{user['id']}").json["locked"] is True


def test_r20_a_success_resets_the_count(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD)

    for _ in range(3):
        attempt(tenant, user["email"])
        attempt(tenant, user["email"])
        assert attempt(tenant, user["email"], PASSWORD).status_code == 200


def test_r22_a_locked_account_answers_like_a_wrong_password(
    tenant: Tenant, hashes: list[str]
) -> None:
    user = tenant.create(password=PASSWORD)
    lock(tenant, user["email"])
    hashes.clear()

    right, wrong, nobody = (
        attempt(tenant, user["email"], PASSWORD),
        attempt(tenant, user["email"]),
        attempt(tenant, "nobody@x.example"),
    )

    told = [{**answer.json, "request_id": ""} for answer in (right, wrong, nobody)]
    assert told[0] == told[1] == told[2]
    assert told[0]["code"] == "sign_in_failed"
    assert len(hashes) == 3


def test_r20_while_too_much_waits_for_the_broker_failures_count_and_lock_as_ever(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = tenant.create(password=PASSWORD)

    def full() -> None:
        raise OutboxFull

    monkeypatch.setattr(tenant.accounts.runtime.outbox, "check_room", full)

    answers = [attempt(tenant, user["email"]) for _ in range(3)]
    answers += [attempt(tenant, user["email"], PASSWORD), attempt(tenant, "nobody@x.example")]

    assert {answer.json["code"] for answer in answers} == {"sign_in_failed"}
    assert tenant.document(user["id"])["security"]["locked_at"] is not None


def test_r20_of_200_wrong_passwords_at_once_exactly_the_third_locks(
    lonely_tenant: Tenant, hashes: list[str]
) -> None:
    tenant = lonely_tenant
    user = tenant.create(password=PASSWORD)
    versions = tenant.document(user["id"])["version"]
    hashes.clear()

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: attempt(tenant, user["email"]), range(200)))

    document = tenant.document(user["id"])
    assert {answer.json["code"] for answer in answers} == {"sign_in_failed"}
    assert document["security"]["failed_sign_ins"] == 3
    assert document["version"] == versions + 1
    assert [event.type for event in told(tenant, user["id"])].count("user.locked") == 1
    assert len(document["mails"]) == 1
    failed = [entry for entry in document["audit"] if entry["action"] == "sign-in.failed"]
    assert len(failed) == 3
    assert len(hashes) == 200


def test_r20_a_right_password_among_the_wrong_ones_never_opens_a_locked_account(
    tenant: Tenant,
) -> None:
    for _ in range(5):
        user = tenant.create(password=PASSWORD)
        passwords = [WRONG] * 6 + [PASSWORD] + [WRONG] * 6

        with ThreadPoolExecutor(13) as pool:
            list(pool.map(partial(attempt, tenant, user["email"]), passwords))

        security = tenant.document(user["id"])["security"]
        assert security["failed_sign_ins"] == 3
        assert security["locked_at"] is not None
        assert attempt(tenant, user["email"], PASSWORD).status_code == 401


def test_r21_an_admin_unlocks(lonely_tenant: Tenant) -> None:
    tenant = lonely_tenant
    user = tenant.create(password=PASSWORD)
    lock(tenant, user["email"])

    response = tenant.post(f"/v1/users/{user['id']}/unlock")

    assert (response.status_code, response.json["locked"]) == (200, False)
    assert told(tenant, user["id"])[-1].type == "user.unlocked"
    assert tenant.document(user["id"])["security"]["failed_sign_ins"] == 0
    assert attempt(tenant, user["email"], PASSWORD).status_code == 200


def test_r21_unlocking_whoever_is_not_locked_tells_nothing(lonely_tenant: Tenant) -> None:
    tenant = lonely_tenant
    user = tenant.create(password=PASSWORD)
    attempt(tenant, user["email"])
    before = tenant.document(user["id"])

    tenant.post(f"/v1/users/{user['id']}/unlock")

    after = tenant.document(user["id"])
    assert after["version"] == before["version"]
    assert after["security"]["failed_sign_ins"] == 0


def test_r72_an_editor_unlocks_no_admin(tenant: Tenant) -> None:
    editor = tenant.token_of(tenant.create(), "accounts.users:edit")
    lock(tenant, "admin@x.example")

    response = tenant.post(f"/v1/users/{tenant.admin_id}/unlock", token=editor)

    assert response.json["code"] == "account_not_yours"


def test_locking_ends_sessions(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD)
    signed_in = attempt(tenant, user["email"], PASSWORD).json
    lock(tenant, user["email"])

    used = tenant.get("/v1/me", token=signed_in["access_token"])
    body = {"grant": "refresh_token", "refresh_token": signed_in["refresh_token"]}
    refreshed = tenant.post("/v1/token", body, token=None)

    assert (used.status_code, used.json["code"]) == (401, "token_revoked")
    assert refreshed.json["code"] == "refresh_token_invalid"


def test_r16_the_platform_team_unlocks_the_only_admin(
    accounts: Accounts, tenant: Tenant, mongodb_uri: str, prefix: str
) -> None:
    lock(tenant, "admin@x.example")
    environ = environ_of(mongodb_uri, prefix)

    done = CliRunner().invoke(
        tenant_commands, ["unlock", tenant.id, "Admin@x.example"], env=environ
    )
    missing = CliRunner().invoke(
        tenant_commands, ["unlock", tenant.id, "nobody@x.example"], env=environ
    )

    assert done.exit_code == 0, done.output
    assert attempt(tenant, "admin@x.example", PASSWORD).status_code == 200
    assert missing.exit_code == 1
    assert SECRET not in done.output


def test_r33_a_sign_in_renews_a_hash_of_older_parameters(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD)
    old = argon2.PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    tenant.accounts.runtime.platform["users"].update_one(
        {"tenant_id": tenant.id, "_id": user["id"]}, {"$set": {"security.password_hash": old}}
    )

    assert attempt(tenant, user["email"], PASSWORD).status_code == 200

    renewed = tenant.document(user["id"])["security"]["password_hash"]
    assert argon2.extract_parameters(renewed).memory_cost == 8
    assert attempt(tenant, user["email"], PASSWORD).status_code == 200


def while_hashed(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen once, while a password is compared."""
    verify = Passwords.verify

    def slowly(passwords: Passwords, password: str, hashed: str | None) -> bool:
        fits = verify(passwords, password, hashed)
        monkeypatch.setattr(Passwords, "verify", verify)
        act()
        return fits

    monkeypatch.setattr(Passwords, "verify", slowly)


def test_r20_a_right_guess_that_is_hashed_while_the_third_wrong_one_counts_is_refused(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = tenant.create(password=PASSWORD)
    while_hashed(monkeypatch, lambda: lock(tenant, user["email"]))

    answer = attempt(tenant, user["email"], PASSWORD)

    assert (answer.status_code, answer.json["code"]) == (401, "sign_in_failed")


def test_a_password_that_is_replaced_while_it_is_hashed_is_good_no_more(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = tenant.create(password=PASSWORD)
    set_at = {"$set": {"security.password_changed_at": clock.now() + timedelta(seconds=1)}}
    users = tenant.accounts.runtime.platform["users"]
    while_hashed(monkeypatch, lambda: users.update_one({"_id": user["id"]}, set_at))

    assert attempt(tenant, user["email"], PASSWORD).status_code == 401


def test_r74_roles_that_are_given_while_the_password_is_hashed_count(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = tenant.create(password=PASSWORD, roles=[])
    users = tenant.accounts.runtime.platform["users"]
    given = {"$set": {"roles": [tenant.role("Trainer")]}}
    while_hashed(monkeypatch, lambda: users.update_one({"_id": user["id"]}, given))

    token = attempt(tenant, user["email"], PASSWORD).json["access_token"]

    claims = verify(token, KeyRing(tenant.accounts.keys.public))
    assert "accounts.users:read" in claims.permissions


def test_r9_a_success_after_no_failure_is_noted_beside_its_session_alone(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD)
    before = tenant.document(user["id"])["revision"]

    signed_in = attempt(tenant, user["email"], PASSWORD).json

    (session,) = tenant.accounts.runtime.platform["sessions"].find({"_id": signed_in["session_id"]})
    noted = [(entry["action"], entry["actor"], entry["subject"]) for entry in session["audit"]]
    assert noted == [("sign-in.succeeded", user["id"], user["id"])]
    assert tenant.document(user["id"])["revision"] == before


def test_r9_a_success_that_ends_a_row_of_failures_is_noted_where_they_are(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD)
    attempt(tenant, user["email"])

    signed_in = attempt(tenant, user["email"], PASSWORD).json

    document = tenant.document(user["id"])
    (session,) = tenant.accounts.runtime.platform["sessions"].find({"_id": signed_in["session_id"]})
    assert document["audit"][-1]["action"] == "sign-in.succeeded"
    assert document["security"]["failed_sign_ins"] == 0
    assert "audit" not in session


@pytest.mark.parametrize("why", ["wrong", "nobody", "locked", "deactivated"])
def test_r22_every_refusal_hashes_once_and_writes_once(tenant: Tenant, why: str) -> None:
    user = tenant.create(password=PASSWORD)
    email = "nobody@x.example" if why == "nobody" else user["email"]
    if why == "locked":
        lock(tenant, email)
    if why == "deactivated":
        tenant.accounts.runtime.platform["users"].update_one(
            {"tenant_id": tenant.id, "_id": user["id"]}, {"$set": {"status": "deactivated"}}
        )
    before = written(tenant, user["id"])

    attempt(tenant, email)

    assert written(tenant, user["id"]) == before + 1


def written(tenant: Tenant, user_id: str) -> int:
    """How often something was written about sign-ins of the tenant."""
    decoys = tenant.accounts.dump_whole("decoys")
    ours = [decoy for decoy in decoys if decoy["tenant_id"] == tenant.id]
    return len(ours) + int(tenant.document(user_id)["revision"])
