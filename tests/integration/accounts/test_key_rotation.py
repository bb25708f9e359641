"""Signing keys change with overlap, and what is encrypted follows the newest secret."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from joserfc import jws

from staffroll_accounts.actions.keys import drop_old
from staffroll_accounts.cli import keys as key_commands
from staffroll_accounts.here import keys_of
from staffroll_accounts.store import cipher
from staffroll_accounts.tokens import Issuer
from tests.support.accounts import PASSWORD, SECRET, Accounts, Tenant, environ_of

NEW_SECRET = "another secret of this test run that is long"


@pytest.fixture
def accounts(mongodb_uri: str, database_name: str) -> Iterator[Accounts]:
    """Accounts whose keys no other test changes."""
    running = Accounts(environ_of(mongodb_uri, database_name))
    yield running
    running.close()


def key_id(token: str) -> str:
    return str(jws.extract_compact(token.encode()).headers()["kid"])


def published(accounts: Accounts) -> list[str]:
    answer = accounts.send("GET", "/.well-known/jwks.json", None)
    return [key["kid"] for key in answer.json["keys"]]


def age_newest(accounts: Accounts, by: timedelta) -> None:
    accounts.runtime.platform["keys"].update_one(
        {}, {"$set": {"keys.1.created_at": datetime.now(UTC) - by}}
    )


def issue(accounts: Accounts, tenant: Tenant) -> str:
    return accounts.token(tenant.id, tenant.admin_id, is_admin=True)


def test_a_new_key_is_published_before_it_signs(accounts: Accounts, tenant: Tenant) -> None:
    old = key_id(issue(accounts, tenant))

    new = accounts.keys.rotate()
    early = issue(accounts, tenant)
    age_newest(accounts, timedelta(seconds=11))
    late = issue(accounts, tenant)

    assert published(accounts) == [old, new]
    assert (key_id(early), key_id(late)) == (old, new)
    assert all(tenant.get("/v1/me", token=token).status_code == 200 for token in (early, late))


def test_a_running_issuer_notices_the_new_key(
    accounts: Accounts, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("staffroll_accounts.tokens._LOOK_AGAIN_SECONDS", 0.0)
    issuer = Issuer(accounts.keys, 600)
    claims: dict[str, Any] = {
        "subject": tenant.admin_id,
        "tenant_id": tenant.id,
        "is_admin": True,
        "permissions": (),
        "generation": 1,
    }
    before = key_id(issuer.issue(**claims))
    new = accounts.keys.rotate()
    age_newest(accounts, timedelta(minutes=1))

    after = key_id(issuer.issue(**claims))

    assert before != after == new


def test_an_old_key_is_dropped_when_no_token_of_it_can_be_good(accounts: Accounts) -> None:
    accounts.keys.signing()
    longest = timedelta(minutes=10)
    new = accounts.keys.rotate()
    age_newest(accounts, timedelta(minutes=11))

    drop_old(accounts.keys, longest, datetime.now(UTC))
    during = published(accounts)
    age_newest(accounts, timedelta(minutes=13))
    drop_old(accounts.keys, longest, datetime.now(UTC))

    assert len(during) == 2
    assert published(accounts) == [new]


def test_every_change_of_the_keys_is_told(mongodb_uri: str, database_name: str) -> None:
    lonely = Accounts(
        environ_of(mongodb_uri, database_name, broker_url="amqp://guest:guest@127.0.0.1:1/")
    )
    try:
        lonely.keys.signing()
        lonely.keys.rotate()
        (document,) = lonely.dump_whole("keys")
    finally:
        lonely.close()

    assert [entry["type"] for entry in document["outbox"]] == ["keys.updated"] * 2
    assert document["version"] == 2


def test_a_leaked_key_is_taken_back_at_once(accounts: Accounts, tenant: Tenant) -> None:
    stolen = issue(accounts, tenant)

    new = accounts.keys.rotate(at_once=True)

    fresh = accounts.send("GET", "/v1/me", issue(accounts, tenant))
    assert published(accounts) == [new]
    assert fresh.status_code == 200
    # Whoever verifies with what they know forgets it within a minute; a new process at once.
    app = Accounts.app_of(accounts.runtime)
    headers = {"Authorization": f"Bearer {stolen}"}
    assert app.test_client().get("/v1/me", headers=headers).status_code == 401


def test_rotating_encrypts_everything_with_the_newest_secret(
    accounts: Accounts, tenant: Tenant, mongodb_uri: str, database_name: str
) -> None:
    old = cipher(SECRET)
    user = tenant.create()
    users = accounts.runtime.platform["users"]
    one = {"tenant_id": tenant.id, "_id": user["id"]}
    sealed = {
        "security.pending_seed": old.encrypt(b"PENDING"),
        "security.two_factor": {
            "sealed_seed": old.encrypt(b"SEED"),
            "enabled_at": datetime.now(UTC),
            "last_step": 0,
            "recovery_hashes": [],
        },
        "mails": [{"id": "m1", "at": datetime.now(UTC), "sealed": old.encrypt(b"MAIL")}],
    }
    users.update_one(one, {"$set": sealed})
    revision = tenant.document(user["id"])["revision"]
    environ = environ_of(mongodb_uri, database_name, secret_key=f"{NEW_SECRET},{SECRET}")

    done = CliRunner().invoke(key_commands, ["rotate"], env=environ)

    assert done.exit_code == 0, done.output
    new = cipher(NEW_SECRET)
    document = tenant.document(user["id"])
    opened = [
        document["security"]["pending_seed"],
        document["security"]["two_factor"]["sealed_seed"],
        document["mails"][0]["sealed"],
    ]
    assert [new.decrypt(each) for each in opened] == [b"PENDING", b"SEED", b"MAIL"]
    assert document["revision"] > revision
    (keys,) = accounts.dump()["keys"]
    assert all(b"PRIVATE" in new.decrypt(key["private"]) for key in keys["keys"])
    assert len(keys["keys"]) == 2
    assert "users have" in done.output


def test_with_the_new_secret_alone_everything_goes_on(
    accounts: Accounts, tenant: Tenant, mongodb_uri: str, database_name: str
) -> None:
    both = environ_of(mongodb_uri, database_name, secret_key=f"{NEW_SECRET},{SECRET}")
    CliRunner().invoke(key_commands, ["rotate"], env=both)

    alone = Accounts(environ_of(mongodb_uri, database_name, secret_key=NEW_SECRET))
    try:
        body = {"tenant": tenant.id, "email": "admin@x.example", "password": PASSWORD}
        signed_in = alone.send("POST", "/v1/sign-in", None, json=body)
        assert keys_of(alone.runtime).signing().id in published(alone)
    finally:
        alone.close()

    assert signed_in.status_code == 200
