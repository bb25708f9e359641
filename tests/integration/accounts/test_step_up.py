"""Dangerous acts ask for password or code once more; who must do something first does that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest

from staffroll.web.guard import PLATFORM_ACTOR
from tests.support.accounts import PASSWORD, Answer, Tenant, a_user
from tests.support.scim import PATCH

LONG_AGO = timedelta(minutes=11)


def sign_in(tenant: Tenant, email: str = "admin@x.example", **changes: Any) -> Answer:
    body = {"tenant": tenant.id, "email": email, "password": PASSWORD, **changes}
    return tenant.post("/v1/sign-in", body, token=None)


def refresh(tenant: Tenant, signed_in: dict[str, Any]) -> dict[str, Any]:
    body = {"grant": "refresh_token", "refresh_token": signed_in["refresh_token"]}
    found: dict[str, Any] = tenant.post("/v1/token", body, token=None).json
    return found


def aged(tenant: Tenant, signed_in: dict[str, Any]) -> dict[str, Any]:
    """The session's tokens, as if its password had been entered 11 minutes ago."""
    tenant.accounts.runtime.platform["sessions"].update_one(
        {"_id": signed_in["session_id"]},
        {"$set": {"authenticated_at": datetime.now(UTC) - LONG_AGO}},
    )
    return refresh(tenant, signed_in)


def set_security(tenant: Tenant, user_id: str, **fields: Any) -> None:
    tenant.accounts.runtime.platform["users"].update_one(
        {"tenant_id": tenant.id, "_id": user_id},
        {"$set": {f"security.{name}": value for name, value in fields.items()}},
    )


def with_second_factor(tenant: Tenant, user_id: str) -> pyotp.TOTP:
    seed = pyotp.random_base32()
    sealed = tenant.accounts.scope(tenant.id).store.at_rest.encrypt(seed.encode())
    factor = {
        "sealed_seed": sealed,
        "enabled_at": datetime.now(UTC),
        "last_step": 0,
        "recovery_hashes": [],
    }
    set_security(tenant, user_id, two_factor=factor)
    return pyotp.TOTP(seed)


@pytest.mark.parametrize("act", ["grant", "revoke", "create", "security"])
def test_dangerous_acts_ask_again_after_ten_minutes(tenant: Tenant, act: str) -> None:
    user = tenant.create(is_admin=act == "revoke")
    session = aged(tenant, sign_in(tenant).json)

    def do(token: str) -> Answer:
        match act:
            case "grant" | "revoke":
                change = {"is_admin": act == "grant"}
                return tenant.patch(f"/v1/users/{user['id']}", change, token=token)
            case "create":
                return tenant.post("/v1/users", a_user(is_admin=True), token=token)
            case _:
                body = {"enforce_two_factor": False}
                return tenant.accounts.send("PUT", "/v1/security", token, json=body)

    refused = do(session["access_token"])
    stepped = tenant.post("/v1/me/step-up", {"password": PASSWORD}, token=session["access_token"])
    done = do(stepped.json["access_token"])

    assert (refused.status_code, refused.json["code"]) == (403, "step_up_needed")
    assert stepped.json["session_id"] == session["session_id"]
    assert done.status_code in (200, 201), done.text


@pytest.mark.parametrize("act", ["password", "delete"])
def test_nor_does_a_session_do_them_by_scim(tenant: Tenant, act: str) -> None:
    path = f"/scim/v2/Users/{tenant.create(is_admin=True)['id']}"
    session = aged(tenant, sign_in(tenant).json)

    def do(token: str) -> Answer:
        if act == "delete":
            return tenant.accounts.send("DELETE", path, token)
        change = {"op": "replace", "path": "password", "value": "purple monkey dishwasher"}
        body = {"schemas": [PATCH], "Operations": [change]}
        return tenant.accounts.send("PATCH", path, token, json=body)

    refused = do(session["access_token"])
    stepped = tenant.post("/v1/me/step-up", {"password": PASSWORD}, token=session["access_token"])
    done = do(stepped.json["access_token"])

    assert refused.status_code == 403
    assert "password" in refused.json["detail"]
    assert done.status_code in (200, 204), done.text


@pytest.mark.parametrize("whose", ["another", "own"])
def test_r17_an_email_that_leads_to_admin_access_is_changed_after_step_up_only(
    tenant: Tenant, whose: str
) -> None:
    other = tenant.create(is_admin=True)
    session = aged(tenant, sign_in(tenant).json)
    path = f"/v1/users/{other['id'] if whose == 'another' else tenant.admin_id}"
    change = {"email": "thief@x.example"}

    refused = tenant.patch(path, change, token=session["access_token"])
    unchanged = tenant.get(path).json["email"]
    stepped = tenant.post("/v1/me/step-up", {"password": PASSWORD}, token=session["access_token"])
    done = tenant.patch(path, change, token=stepped.json["access_token"])

    assert (refused.status_code, refused.json["code"]) == (403, "step_up_needed")
    assert unchanged in ("admin@x.example", other["email"])
    assert (done.status_code, done.json["email"]) == (200, "thief@x.example")


def test_r17_without_admin_access_ones_own_email_is_changed_after_step_up_too(
    tenant: Tenant,
) -> None:
    user = tenant.create(password=PASSWORD)
    tenant.give(user["id"], ["accounts.users:edit"])
    token = aged(tenant, sign_in(tenant, user["email"]).json)["access_token"]
    path = f"/v1/users/{user['id']}"

    refused = tenant.patch(path, {"email": "thief@x.example"}, token=token)
    same = tenant.patch(path, {"email": user["email"], "first_name": "Eva"}, token=token)

    assert refused.json["code"] == "step_up_needed"
    assert same.status_code == 200


def test_harmless_edits_need_no_step_up(tenant: Tenant) -> None:
    user = tenant.create()
    token = aged(tenant, sign_in(tenant).json)["access_token"]

    change = {"first_name": "Eva", "email": "eva@x.example", "is_admin": False}
    response = tenant.patch(f"/v1/users/{user['id']}", change, token=token)

    assert response.status_code == 200


def test_refreshing_is_no_step_up(tenant: Tenant) -> None:
    user = tenant.create()
    token = refresh(tenant, aged(tenant, sign_in(tenant).json))["access_token"]

    response = tenant.patch(f"/v1/users/{user['id']}", {"is_admin": True}, token=token)

    assert response.json["code"] == "step_up_needed"


def test_the_platform_team_is_not_asked(tenant: Tenant) -> None:
    user = tenant.create()
    token = tenant.accounts.token(
        tenant.id, PLATFORM_ACTOR, is_admin=True, entered_at=datetime(2026, 1, 1, tzinfo=UTC)
    )

    response = tenant.patch(f"/v1/users/{user['id']}", {"is_admin": True}, token=token)

    assert response.status_code == 200


def test_a_code_is_enough_and_counts_once(tenant: Tenant) -> None:
    totp = with_second_factor(tenant, tenant.admin_id)
    code = totp.now()
    signed_in = sign_in(tenant, otp=totp.at(datetime.now(UTC) - timedelta(seconds=30))).json
    token = aged(tenant, signed_in)["access_token"]

    first = tenant.post("/v1/me/step-up", {"otp": code}, token=token)
    replayed = tenant.post("/v1/me/step-up", {"otp": code}, token=token)

    assert first.status_code == 200
    assert (replayed.status_code, replayed.json["code"]) == (403, "two_factor_code_wrong")


def test_r20_wrong_step_ups_lock(tenant: Tenant) -> None:
    token = sign_in(tenant).json["access_token"]

    answers = [
        tenant.post("/v1/me/step-up", {"password": "wrong horse battery"}, token=token)
        for _ in range(3)
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert tenant.get("/v1/me", token=token).json["code"] == "token_revoked"
    assert sign_in(tenant).status_code == 401


def test_without_a_session_there_is_no_step_up(tenant: Tenant) -> None:
    response = tenant.post("/v1/me/step-up", {"password": PASSWORD})

    assert (response.status_code, response.json["code"]) == (403, "no_session")


def test_r40_the_code_is_asked_for_only_after_the_right_password(tenant: Tenant) -> None:
    totp = with_second_factor(tenant, tenant.admin_id)

    wrong = sign_in(tenant, password="wrong horse battery")
    right = sign_in(tenant)
    both = sign_in(tenant, otp=totp.now())

    assert wrong.json["code"] == "sign_in_failed"
    assert (right.status_code, right.json["code"]) == (401, "two_factor_needed")
    assert both.status_code == 200


def test_r20_wrong_second_factors_lock(tenant: Tenant) -> None:
    totp = with_second_factor(tenant, tenant.admin_id)

    answers = [sign_in(tenant, otp="000000") for _ in range(3)]

    assert {answer.json["code"] for answer in answers} == {"sign_in_failed"}
    assert sign_in(tenant, otp=totp.now()).json["code"] == "sign_in_failed"
    assert tenant.document(tenant.admin_id)["security"]["locked_at"] is not None


def test_r31_who_must_change_the_password_can_do_nothing_else(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD, is_admin=True)
    set_security(tenant, user["id"], must_change_password=True)
    signed_in = sign_in(tenant, user["email"]).json
    token = signed_in["access_token"]
    body = {"current_password": PASSWORD, "password": "another horse battery"}

    refused = [
        tenant.get("/v1/users", token=token),
        tenant.get("/v1/me/sessions", token=token),
        tenant.post("/v1/me/step-up", {"password": PASSWORD}, token=token),
    ]
    changed = tenant.accounts.send("PUT", "/v1/me/password", token, json=body)
    free = refresh(tenant, signed_in)

    assert [answer.status_code for answer in refused] == [403] * 3
    assert refused[1].json["code"] == "token_narrowed"
    assert "me.password:edit" in refused[1].json["detail"]
    assert changed.status_code == 204, changed.text
    assert tenant.get("/v1/users", token=free["access_token"]).status_code == 200


def test_r41_who_must_set_up_a_second_factor_can_do_nothing_else(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD, is_admin=True)
    set_security(tenant, user["id"], two_factor_enforced=True)
    signed_in = sign_in(tenant, user["email"]).json

    refused = tenant.get("/v1/users", token=signed_in["access_token"])
    allowed = tenant.get("/v1/me/two-factor", token=signed_in["access_token"])
    with_second_factor(tenant, user["id"])
    free = refresh(tenant, signed_in)

    assert refused.json["code"] == "forbidden"
    assert allowed.status_code == 200
    assert tenant.get("/v1/users", token=free["access_token"]).status_code == 200


def test_a_narrowed_session_can_be_signed_out(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD)
    set_security(tenant, user["id"], must_change_password=True)
    signed_in = sign_in(tenant, user["email"]).json

    response = tenant.post("/v1/sign-out", token=signed_in["access_token"])

    assert response.status_code == 204
    assert tenant.get("/v1/me", token=signed_in["access_token"]).status_code == 401
