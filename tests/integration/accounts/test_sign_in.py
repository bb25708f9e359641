"""Signing in: R22, what a stranger learns, and the keys that tokens are verified with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import argon2
import pytest
from joserfc.jwk import KeySet

from staffroll.permissions import defaults
from staffroll.web.tokens import KeyRing, verify
from tests.support.accounts import PASSWORD, SECRET, Accounts, Tenant, environ_of


def _sign_in(tenant: Tenant, /, **changes: Any) -> Any:
    known: dict[str, Any] = {"tenant": tenant.id, "email": "admin@x.example", "password": PASSWORD}
    return tenant.post("/v1/sign-in", {**known, **changes}, token=None)


def _set(tenant: Tenant, user_id: str, **fields: object) -> None:
    database = tenant.accounts.runtime.platform.database
    database["users"].update_one({"tenant_id": tenant.id, "_id": user_id}, {"$set": fields})


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[argon2.Parameters]]:
    """The cost of every hash that was computed."""
    seen: list[argon2.Parameters] = []
    verify, hash_ = argon2.PasswordHasher.verify, argon2.PasswordHasher.hash

    def counting_verify(hasher: argon2.PasswordHasher, hashed: Any, password: Any) -> bool:
        seen.append(argon2.extract_parameters(hashed))
        return verify(hasher, hashed, password)

    def counting_hash(hasher: argon2.PasswordHasher, password: Any) -> str:
        hashed = hash_(hasher, password)
        seen.append(argon2.extract_parameters(hashed))
        return hashed

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counting_verify)
    monkeypatch.setattr(argon2.PasswordHasher, "hash", counting_hash)
    return seen  # type: ignore[return-value]


def test_who_signs_in_may_use_the_service(tenant: Tenant) -> None:
    response = _sign_in(tenant)

    assert response.status_code == 200
    assert response.json["token_type"] == "Bearer"
    assert response.json["expires_in"] > 0
    token = response.json["access_token"]
    assert tenant.get(f"/v1/users/{tenant.admin_id}", token=token).status_code == 200


def test_the_token_says_what_siblings_need_and_nothing_personal(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD, roles=[tenant.role("Trainer"), tenant.role("Finance")])
    jwks = tenant.get("/.well-known/jwks.json", token=None).json

    token = _sign_in(tenant, email=user["email"]).json["access_token"]
    claims = verify(token, KeyRing(lambda: jwks["keys"]))

    assert (claims.subject, claims.tenant_id, claims.generation) == (user["id"], tenant.id, 1)
    assert not claims.is_admin
    assert claims.permissions == {*defaults("trainer"), *defaults("finance")}
    assert {"export.users:read", "scheduling.employees:read"} <= claims.permissions


@pytest.mark.parametrize("email", ["ADMIN@X.EXAMPLE", " admin@x.example "])
def test_r4_the_e_mail_is_compared_as_it_is_unique(tenant: Tenant, email: str) -> None:
    assert _sign_in(tenant, email=email).status_code == 200


def test_r30_the_password_is_the_same_in_every_unicode_form(tenant: Tenant) -> None:
    user = tenant.create(password="gru\u0308ne Fru\u0308chte im Korb")

    assert (
        _sign_in(tenant, email=user["email"], password="grüne Früchte im Korb").status_code == 200
    )


@pytest.mark.parametrize(
    "why",
    ["tenant", "no_such_tenant_id", "e-mail", "password", "no_password", "deactivated", "locked",
     "deleted", "suspended"],
)  # fmt: skip
def test_r22_every_failure_looks_and_costs_the_same(
    accounts: Accounts, tenant: Tenant, hashes: list[argon2.Parameters], why: str
) -> None:
    user = tenant.create(password=PASSWORD)
    silent = tenant.create()
    wish: dict[str, Any] = {"email": user["email"]}
    match why:
        case "tenant":
            wish["tenant"] = "no-such-tenant"
        case "no_such_tenant_id":
            wish["tenant"] = "\u202e$ne"
        case "e-mail":
            wish["email"] = "nobody@x.example"
        case "password":
            wish["password"] = "wrong horse battery"
        case "no_password":
            wish["email"] = silent["email"]
        case "deactivated" | "deleted":
            _set(tenant, user["id"], status=why)
        case "locked":
            _set(tenant, user["id"], **{"security.locked_at": datetime.now(UTC)})
        case "suspended":
            accounts.runtime.platform.database["tenants"].update_one(
                {"_id": tenant.id}, {"$set": {"status": "suspended"}}
            )
    cost = argon2.extract_parameters(tenant.document(user["id"])["security"]["password_hash"])
    hashes.clear()

    response = _sign_in(tenant, **wish)

    problem = {name: value for name, value in response.json.items() if name != "request_id"}
    assert problem == {
        "type": "urn:staffroll:problem:sign_in_failed",
        "title": "Unauthorized",
        "status": 401,
        "code": "sign_in_failed",
        "detail": "Organisation, e-mail and password do not go together.",
    }
    assert hashes == [cost]


def test_a_success_costs_one_hash_too(tenant: Tenant, hashes: list[argon2.Parameters]) -> None:
    hashes.clear()

    assert _sign_in(tenant).status_code == 200

    assert len(hashes) == 1


def test_r1_the_same_e_mail_signs_in_to_its_own_tenant(accounts: Accounts, tenant: Tenant) -> None:
    other = accounts.tenant()
    other.create(email="anna@x.example", password="another long password")
    user = tenant.create(email="anna@x.example", password=PASSWORD)

    token = _sign_in(tenant, email="anna@x.example").json["access_token"]

    assert tenant.get("/v1/digest?owner=accounts", token=token).status_code == 403
    claims = verify(token, KeyRing(accounts.keys.public))
    assert (claims.tenant_id, claims.subject) == (tenant.id, user["id"])
    assert _sign_in(other, email="anna@x.example").status_code == 401


def test_an_e_mail_in_the_wrong_field_is_not_logged(
    tenant: Tenant, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    _sign_in(tenant)
    _sign_in(tenant, tenant="anna@x.example")

    logged = capsys.readouterr().out
    assert tenant.id in logged
    assert "anna@x.example" not in logged


def test_published_keys_are_public(tenant: Tenant) -> None:
    response = tenant.get("/.well-known/jwks.json", token=None)

    keys = KeySet.import_key_set(response.json)
    assert response.status_code == 200
    assert response.json["keys"]
    assert all("d" not in key for key in response.json["keys"])
    assert all(not key.is_private for key in keys.keys)


def test_private_keys_are_encrypted_at_rest(accounts: Accounts, tenant: Tenant) -> None:
    _sign_in(tenant)

    (document,) = accounts.dump()["keys"]

    assert b"PRIVATE" not in document["keys"][0]["private"]
    assert "d" not in document["keys"][0]["public"]


def test_a_secret_that_does_not_open_the_keys_is_said_by_readyz_and_answered_503(
    mongodb_uri: str, database_name: str
) -> None:
    first = Accounts(environ_of(mongodb_uri, database_name))
    tenant = first.tenant()
    credentials = {"tenant": tenant.id, "email": "admin@x.example", "password": PASSWORD}
    assert _sign_in(tenant).status_code == 200
    other = "another secret that is long enough too"

    wrong = Accounts(environ_of(mongodb_uri, database_name, secret_key=other))
    both = Accounts(environ_of(mongodb_uri, database_name, secret_key=f"{other},{SECRET}"))

    try:
        ready = wrong.send("GET", "/readyz", None)
        refused = wrong.send("POST", "/v1/sign-in", None, json=credentials)
        mended = both.send("GET", "/readyz", None)
    finally:
        for running in (first, wrong, both):
            running.close()
    assert ready.status_code == 503
    assert "STAFFROLL_SECRET_KEY does not open" in ready.json["checks"]["signing keys"]
    assert (refused.status_code, refused.json["code"]) == (503, "signing_keys_locked")
    assert mended.status_code == 200
