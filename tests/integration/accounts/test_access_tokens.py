"""R42 over HTTP: personal access tokens, made, exchanged, narrowed, revoked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from staffroll import clock
from staffroll.web.tokens import KeyRing, verify
from tests.support.accounts import PASSWORD, Answer, Tenant
from tests.support.two_factor import Later, delete, put, set_up, token_of

ADMIN = "admin@x.example"


@pytest.fixture
def tenant(lonely_tenant: Tenant) -> Tenant:
    """What it says waits in its documents."""
    return lonely_tenant


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    return Later(monkeypatch)


@pytest.fixture
def planner(tenant: Tenant) -> dict[str, Any]:
    """Somebody who may read users, and more."""
    return tenant.create(password=PASSWORD, roles=[tenant.role("Planner")])


def _wish(*scopes: str, **changes: Any) -> dict[str, Any]:
    expires_at = clock.now() + timedelta(days=30)
    known: dict[str, Any] = {
        "name": "Nightly export",
        "scopes": list(scopes or ["accounts.users:read"]),
        "expires_at": expires_at.isoformat(),
    }
    return {**known, **changes}


def _make(tenant: Tenant, email: str, *scopes: str, **changes: Any) -> dict[str, Any]:
    response = tenant.post(
        "/v1/me/tokens", _wish(*scopes, **changes), token=token_of(tenant, email)
    )
    assert response.status_code == 201, response.json
    made: dict[str, Any] = response.json
    return made


def _exchange(tenant: Tenant, secret: str) -> Answer:
    body = {"grant": "access_token", "access_token": secret}
    return tenant.post("/v1/token", body, token=None)


def _exchanged(tenant: Tenant, made: dict[str, Any]) -> str:
    response = _exchange(tenant, made["token"])
    assert response.status_code == 200, response.json
    token: str = response.json["access_token"]
    return token


def _set(tenant: Tenant, user_id: str, **fields: object) -> None:
    database = tenant.accounts.runtime.platform.database
    database["users"].update_one({"tenant_id": tenant.id, "_id": user_id}, {"$set": fields})


def test_r42_a_token_is_shown_once_and_listed_without_its_secret(
    tenant: Tenant, planner: dict[str, Any]
) -> None:
    made = _make(tenant, planner["email"])

    listed = tenant.get("/v1/me/tokens", token=token_of(tenant, planner["email"]))

    secret = made.pop("token")
    assert secret.startswith(f"srp_{tenant.id}.{made['id']}.")
    assert listed.json == {"items": [made]}
    assert (made["name"], made["last_used_at"]) == ("Nightly export", None)
    assert secret not in listed.text


def test_r42_it_is_exchanged_for_a_short_token_that_is_narrowed_and_no_admin(
    tenant: Tenant,
) -> None:
    made = _make(tenant, ADMIN, "accounts.users:read", "export.users:read")

    response = _exchange(tenant, made["token"])

    claims = verify(response.json["access_token"], KeyRing(tenant.accounts.keys.public))
    assert (claims.subject, claims.tenant_id) == (tenant.admin_id, tenant.id)
    assert not claims.is_admin
    assert claims.narrowed_to == frozenset({"accounts.users:read", "export.users:read"})
    assert claims.permissions == claims.narrowed_to
    assert (claims.session_id, claims.authenticated_at) == (None, 0.0)
    assert 0 < response.json["expires_in"] <= 900
    assert response.json["refresh_token"] is None


def test_r42_it_can_do_what_its_scopes_name_and_nothing_else(tenant: Tenant) -> None:
    token = _exchanged(tenant, _make(tenant, ADMIN, "accounts.users:read"))

    assert tenant.get("/v1/users", token=token).status_code == 200
    assert tenant.get("/v1/me", token=token).json["id"] == tenant.admin_id
    new = {"last_name": "X", "first_name": "Y", "email": "new@x.example"}
    for method, path, body in [
        ("POST", "/v1/users", new),
        ("PATCH", f"/v1/users/{tenant.admin_id}", {"language": "de"}),
        ("GET", "/v1/security", None),
        ("PUT", "/v1/security", {"enforce_two_factor": True}),
        ("DELETE", f"/v1/users/{tenant.admin_id}/two-factor", None),
    ]:
        assert tenant.accounts.send(method, path, token, json=body).status_code == 403, path


def test_r42_it_cannot_change_the_security_of_its_owner(tenant: Tenant) -> None:
    every = sorted({"accounts.users:edit", "accounts.users:read", "accounts.security:edit"})
    made = _make(tenant, ADMIN, *every)
    token = _exchanged(tenant, made)

    for method, path, body in [
        ("PATCH", "/v1/me", {"language": "de"}),
        ("PUT", "/v1/me/password", {"current_password": PASSWORD, "password": "another one 42!"}),
        ("GET", "/v1/me/two-factor", None),
        ("POST", "/v1/me/two-factor", {"password": PASSWORD}),
        ("PUT", "/v1/me/two-factor", {"code": "123456"}),
        ("DELETE", "/v1/me/two-factor", {"password": PASSWORD}),
        ("POST", "/v1/me/two-factor/recovery-codes", {"password": PASSWORD}),
        ("GET", "/v1/me/tokens", None),
        ("POST", "/v1/me/tokens", _wish()),
        ("DELETE", f"/v1/me/tokens/{made['id']}", None),
        ("GET", "/v1/me/sessions", None),
    ]:
        answer = tenant.accounts.send(method, path, token, json=body)
        assert (answer.status_code, answer.json["code"]) == (403, "token_narrowed"), path
    for path in ("/v1/security", f"/v1/users/{tenant.admin_id}/two-factor"):
        body = {"enforce_two_factor": True} if path == "/v1/security" else {"enforced": True}
        assert put(tenant, path, body, token).json["code"] == "step_up_needed"


def test_r72_a_scope_that_one_lacks_is_refused(tenant: Tenant, planner: dict[str, Any]) -> None:
    token = token_of(tenant, planner["email"])

    refused = tenant.post("/v1/me/tokens", _wish("accounts.users:edit"), token=token)

    assert (refused.status_code, refused.json["code"]) == (422, "scope_not_yours")
    assert list(refused.json["errors"]) == ["scopes"]


@pytest.mark.parametrize("scope", ["me.two-factor:edit", "me.password:edit", "*", "x.y:read"])
def test_what_is_no_permission_is_no_scope(tenant: Tenant, scope: str) -> None:
    refused = tenant.post("/v1/me/tokens", _wish(scope), token=token_of(tenant, ADMIN))

    assert refused.status_code == 422


def test_r42_what_its_owner_loses_it_loses_at_once(tenant: Tenant, planner: dict[str, Any]) -> None:
    token = _exchanged(tenant, _make(tenant, planner["email"], "accounts.users:read"))
    assert tenant.get("/v1/users", token=token).status_code == 200

    _set(tenant, planner["id"], roles=[])

    assert tenant.get("/v1/users", token=token).status_code == 403


@pytest.mark.parametrize("days, is_good", [(-1, False), (0, False), (366, True), (367, False)])
def test_r42_a_token_expires_within_a_year(tenant: Tenant, days: int, is_good: bool) -> None:
    expires_at = (clock.now() + timedelta(days=days)).isoformat()

    response = tenant.post(
        "/v1/me/tokens", _wish(expires_at=expires_at), token=token_of(tenant, ADMIN)
    )

    assert response.status_code == (201 if is_good else 422)
    assert is_good or response.json["code"] == "expiry_invalid"


def test_an_expired_token_is_refused_and_not_listed(tenant: Tenant, later: Later) -> None:
    made = _make(tenant, ADMIN)

    later.pass_by(days=31)

    assert _exchange(tenant, made["token"]).json["code"] == "access_token_refused"
    listed = tenant.get("/v1/me/tokens", token=token_of(tenant, ADMIN))
    assert listed.json == {"items": []}


def test_r42_revoking_ends_it_and_what_was_made_from_it(tenant: Tenant) -> None:
    made, kept = _make(tenant, ADMIN), _make(tenant, ADMIN)
    token = _exchanged(tenant, made)

    answer = delete(tenant, f"/v1/me/tokens/{made['id']}", token_of(tenant, ADMIN))

    assert answer.status_code == 204
    assert tenant.get("/v1/users", token=token).json["code"] == "token_revoked"
    assert _exchange(tenant, made["token"]).status_code == 401
    assert _exchange(tenant, kept["token"]).status_code == 200
    waiting = tenant.document(tenant.admin_id)["outbox"]
    assert "user.sessions-revoked" in str(waiting[-1]["body"])
    again = delete(tenant, f"/v1/me/tokens/{made['id']}", token_of(tenant, ADMIN))
    assert again.status_code == 404


def test_making_one_needs_the_password_of_lately(tenant: Tenant, later: Later) -> None:
    token = token_of(tenant, ADMIN)
    later.pass_by(minutes=11)

    refused = tenant.post("/v1/me/tokens", _wish(), token=token)

    assert (refused.status_code, refused.json["code"]) == (403, "step_up_needed")


def test_nobody_revokes_or_sees_the_tokens_of_others(
    tenant: Tenant, planner: dict[str, Any]
) -> None:
    made = _make(tenant, planner["email"])
    admin = token_of(tenant, ADMIN)

    assert delete(tenant, f"/v1/me/tokens/{made['id']}", admin).status_code == 404
    assert tenant.get("/v1/me/tokens", token=admin).json == {"items": []}
    assert _exchange(tenant, made["token"]).status_code == 200


@pytest.mark.parametrize(
    "why", ["deactivated", "deleted", "locked", "password", "reset", "suspended"]
)
def test_r42_it_ends_with_its_owners_right_to_be_here(
    tenant: Tenant, planner: dict[str, Any], later: Later, why: str
) -> None:
    made = _make(tenant, planner["email"])
    match why:
        case "deactivated" | "deleted":
            _set(tenant, planner["id"], status=why)
        case "locked":
            _set(tenant, planner["id"], **{"security.locked_at": clock.now()})
        case "password":
            changed = put(
                tenant,
                f"/v1/users/{planner['id']}/password",
                {"password": "Quite another 1 than before"},
                tenant.token,
            )
            assert changed.status_code == 204, changed.json
        case "reset":
            set_up(tenant, token_of(tenant, planner["email"]), later)
            assert _exchange(tenant, made["token"]).status_code == 200
            delete(tenant, f"/v1/users/{planner['id']}/two-factor", tenant.token)
        case "suspended":
            tenant.accounts.runtime.platform.database["tenants"].update_one(
                {"_id": tenant.id}, {"$set": {"status": "suspended"}}
            )

    refused = _exchange(tenant, made["token"])

    assert (refused.status_code, refused.json["code"]) == (401, "access_token_refused")


def test_r41_it_is_no_way_around_a_second_factor_that_must_be_set_up(
    tenant: Tenant, later: Later, planner: dict[str, Any]
) -> None:
    made = _make(tenant, planner["email"])
    put(tenant, "/v1/security", {"enforce_two_factor": True}, tenant.token)

    assert _exchange(tenant, made["token"]).json["code"] == "access_token_refused"

    set_up(tenant, token_of(tenant, planner["email"]), later)
    assert _exchange(tenant, made["token"]).status_code == 200


def test_what_is_not_ours_is_refused_whatever_is_wrong_with_it(tenant: Tenant) -> None:
    other = tenant.accounts.tenant()
    made = _make(tenant, ADMIN)["token"]
    head, _, random = made.rpartition(".")
    id_ = head.rpartition(".")[2]

    for wrong in [
        made[:-1], f"{made}A", f"{head}.{random[::-1]}", made.replace("srp_", "sr_"),
        made.replace(tenant.id, other.id), made.replace(tenant.id, "no-such-tenant"),
        made.replace(tenant.id, "UPPER"), f"srp_{tenant.id}.{other.admin_id}.{random}",
        f"srp_..{random}", "srp_", id_, "x", tenant.token,
    ]:  # fmt: skip
        refused = _exchange(tenant, wrong)
        assert refused.status_code in (401, 422), wrong
        assert refused.json["code"] in ("access_token_refused", "invalid"), wrong


def test_it_is_no_bearer_token_itself(tenant: Tenant) -> None:
    made = _make(tenant, ADMIN)

    assert tenant.get("/v1/users", token=made["token"]).json["code"] == "token_invalid"


def test_r42_fifty_at_most_even_when_many_are_made_at_once(tenant: Tenant) -> None:
    token = token_of(tenant, ADMIN)
    for _ in range(47):
        assert tenant.post("/v1/me/tokens", _wish(), token=token).status_code == 201

    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(lambda _: tenant.post("/v1/me/tokens", _wish(), token=token), range(6))
        statuses = sorted(answer.status_code for answer in answers)

    assert statuses == [201] * 3 + [409] * 3
    assert len(tenant.get("/v1/me/tokens", token=token).json["items"]) == 50


def test_its_use_is_shown_to_its_owner(tenant: Tenant, planner: dict[str, Any]) -> None:
    made = _make(tenant, planner["email"])
    for _ in range(3):
        _exchanged(tenant, made)

    (item,) = tenant.get("/v1/me/tokens", token=token_of(tenant, planner["email"])).json["items"]

    assert item["last_used_at"] is not None
    audit = tenant.document(planner["id"])["audit"]
    used = [entry["changed"] for entry in audit if entry["action"] == "access-token.used"]
    assert used == [[f"access_tokens.{made['id']}"]]


def test_r42_only_a_hash_is_stored_and_nothing_is_logged_or_told(
    tenant: Tenant, planner: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    made = _make(tenant, planner["email"])
    access_token = _exchanged(tenant, made)
    delete(tenant, f"/v1/me/tokens/{made['id']}", token_of(tenant, planner["email"]))

    secret = made["token"].rpartition(".")[2]
    stored = repr([tenant.document(planner["id"]), tenant.accounts.dump()])
    logged = "".join(capfd.readouterr())

    assert "/v1/token" in logged
    assert secret not in stored
    assert secret not in logged
    assert access_token not in stored + logged
