"""R40, R41 over HTTP, with a real authenticator: set up, used, recovered, enforced, reset."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from xml.etree import ElementTree as ET

import pyotp
import pytest

from staffroll.events import Event
from staffroll_accounts.here import at_rest_of
from tests.support.accounts import PASSWORD, Tenant
from tests.support.two_factor import Later, delete, put, set_up, sign_in, token_of

ADMIN = "admin@x.example"


@pytest.fixture
def tenant(lonely_tenant: Tenant) -> Tenant:
    """What it says waits in its documents."""
    return lonely_tenant


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    return Later(monkeypatch)


def _mails(tenant: Tenant, user_id: str) -> list[dict[str, Any]]:
    cipher = at_rest_of(tenant.accounts.runtime)
    waiting = tenant.document(user_id)["mails"]
    return [json.loads(cipher.decrypt(mail["sealed"])) for mail in waiting]


def _events(tenant: Tenant, id_: str, collection: str = "users") -> list[Event]:
    database = tenant.accounts.runtime.platform.database
    document = database[collection].find_one({"_id": id_})
    assert document is not None
    return [Event.from_json(entry["body"]) for entry in document["outbox"]]


def _state(tenant: Tenant, token: str) -> tuple[str, int]:
    answer = tenant.get("/v1/me/two-factor", token=token).json
    return answer["state"], answer["recovery_codes_left"]


def test_r40_an_app_is_set_up_by_qr_code_and_confirmed_by_a_code(
    tenant: Tenant, later: Later
) -> None:
    token = token_of(tenant, ADMIN)
    assert _state(tenant, token) == ("off", 0)

    begun = tenant.post("/v1/me/two-factor", {"password": PASSWORD}, token=token)
    code = later.code(begun.json["secret"])
    confirmed = put(tenant, "/v1/me/two-factor", {"code": code}, token)

    app = pyotp.parse_uri(begun.json["uri"])
    assert (app.secret, app.name, app.issuer) == (begun.json["secret"], ADMIN, "Staffroll")
    assert ET.fromstring(begun.json["qr_svg"]).tag.endswith("svg")
    assert confirmed.status_code == 200
    codes = confirmed.json["recovery_codes"]
    assert (len(codes), len(set(codes)), {len(code) for code in codes}) == (10, 10, {10})
    assert _state(tenant, token) == ("on", 10)
    assert [mail["template"] for mail in _mails(tenant, tenant.admin_id)] == ["two-factor-on"]


def test_it_is_off_until_a_code_was_right(tenant: Tenant, later: Later) -> None:
    token = token_of(tenant, ADMIN)
    seed = tenant.post("/v1/me/two-factor", {"password": PASSWORD}, token=token).json["secret"]
    wrong = later.code(seed, minutes=10)

    refused = put(tenant, "/v1/me/two-factor", {"code": wrong}, token)

    assert (refused.status_code, refused.json["code"]) == (403, "two_factor_code_wrong")
    assert _state(tenant, token) == ("off", 0)
    assert sign_in(tenant, ADMIN).status_code == 200


def test_what_was_not_begun_cannot_be_confirmed(tenant: Tenant) -> None:
    refused = put(tenant, "/v1/me/two-factor", {"code": "123456"}, token_of(tenant, ADMIN))

    assert (refused.status_code, refused.json["code"]) == (409, "two_factor_not_begun")


def test_r40_signing_in_needs_password_and_code(tenant: Tenant, later: Later) -> None:
    factor = set_up(tenant, token_of(tenant, ADMIN), later)

    without = sign_in(tenant, ADMIN)
    good = sign_in(tenant, ADMIN, later.fresh_code(factor.seed))

    assert (without.status_code, without.json["code"]) == (401, "two_factor_needed")
    assert good.status_code == 200
    token = good.json["access_token"]
    assert tenant.get(f"/v1/users/{tenant.admin_id}", token=token).status_code == 200


def test_without_the_right_password_nobody_hears_of_the_second_factor(
    tenant: Tenant, later: Later
) -> None:
    set_up(tenant, token_of(tenant, ADMIN), later)

    refused = sign_in(tenant, ADMIN, password="wrong horse battery")

    assert refused.json["code"] == "sign_in_failed"


def test_r40_a_replayed_code_is_refused(tenant: Tenant, later: Later) -> None:
    factor = set_up(tenant, token_of(tenant, ADMIN), later)
    code = later.fresh_code(factor.seed)
    assert sign_in(tenant, ADMIN, code).status_code == 200

    replayed = sign_in(tenant, ADMIN, code)

    assert (replayed.status_code, replayed.json["code"]) == (401, "sign_in_failed")


def test_the_code_that_confirmed_the_app_does_not_sign_in(tenant: Tenant, later: Later) -> None:
    token = token_of(tenant, ADMIN)
    seed = tenant.post("/v1/me/two-factor", {"password": PASSWORD}, token=token).json["secret"]
    code = later.code(seed)
    put(tenant, "/v1/me/two-factor", {"code": code}, token)

    assert sign_in(tenant, ADMIN, code).status_code == 401


@pytest.mark.parametrize("kind", ["code", "recovery code"])
def test_r40_of_many_who_send_one_code_at_once_one_gets_in(
    tenant: Tenant, later: Later, kind: str
) -> None:
    factor = set_up(tenant, token_of(tenant, ADMIN), later)
    code = later.fresh_code(factor.seed) if kind == "code" else factor.recovery_codes[0]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: sign_in(tenant, ADMIN, code).status_code, range(16)))

    assert answers.count(200) == 1


def test_r20_wrong_codes_lock_like_wrong_passwords(tenant: Tenant, later: Later) -> None:
    factor = set_up(tenant, token_of(tenant, ADMIN), later)
    later.pass_by(minutes=5)

    for _ in range(3):
        wrong = later.code(factor.seed, minutes=20)
        assert sign_in(tenant, ADMIN, wrong).json["code"] == "sign_in_failed"

    assert tenant.document(tenant.admin_id)["security"]["locked_at"] is not None
    assert sign_in(tenant, ADMIN, later.fresh_code(factor.seed)).status_code == 401


def test_r20_wrong_passwords_of_who_is_signed_in_lock_too(tenant: Tenant) -> None:
    token = token_of(tenant, ADMIN)

    answers = [
        tenant.post("/v1/me/two-factor", {"password": "wrong horse battery"}, token=token)
        for _ in range(4)
    ]

    codes = [answer.json["code"] for answer in answers]
    assert codes == ["current_password_wrong"] * 3 + ["token_revoked"]
    assert tenant.document(tenant.admin_id)["security"]["locked_at"] is not None


def test_the_right_password_again_resets_the_count(tenant: Tenant) -> None:
    token = token_of(tenant, ADMIN)
    tenant.post("/v1/me/two-factor", {"password": "wrong horse battery"}, token=token)

    tenant.post("/v1/me/two-factor", {"password": PASSWORD}, token=token)

    assert tenant.document(tenant.admin_id)["security"]["failed_sign_ins"] == 0


def test_r40_each_recovery_code_signs_in_once(tenant: Tenant, later: Later) -> None:
    factor = set_up(tenant, token_of(tenant, ADMIN), later)
    first, second = factor.recovery_codes[:2]

    token = token_of(tenant, ADMIN, first)

    assert _state(tenant, token) == ("on", 9)
    assert sign_in(tenant, ADMIN, first).status_code == 401
    assert sign_in(tenant, ADMIN, f" {second[:5].upper()}-{second[5:]}").status_code == 200


def test_r40_new_recovery_codes_void_the_old(tenant: Tenant, later: Later) -> None:
    token = token_of(tenant, ADMIN)
    factor = set_up(tenant, token, later)

    renewed = tenant.post(
        "/v1/me/two-factor/recovery-codes", {"password": PASSWORD}, token=token
    ).json

    assert sign_in(tenant, ADMIN, factor.recovery_codes[0]).status_code == 401
    assert sign_in(tenant, ADMIN, renewed["recovery_codes"][0]).status_code == 200


@pytest.mark.parametrize(
    "method, path",
    [
        ("POST", "/v1/me/two-factor"),
        ("DELETE", "/v1/me/two-factor"),
        ("POST", "/v1/me/two-factor/recovery-codes"),
    ],
)
def test_r40_every_change_asks_for_the_password(
    tenant: Tenant, later: Later, method: str, path: str
) -> None:
    token = token_of(tenant, ADMIN)
    set_up(tenant, token, later)
    before = tenant.document(tenant.admin_id)["security"]["two_factor"]

    refused = tenant.accounts.send(method, path, token, json={"password": "wrong horse battery"})

    assert (refused.status_code, refused.json["code"]) == (403, "current_password_wrong")
    assert tenant.document(tenant.admin_id)["security"]["two_factor"] == before


def test_r40_switching_off_is_told_by_mail_and_a_password_is_enough_then(
    tenant: Tenant, later: Later
) -> None:
    token = token_of(tenant, ADMIN)
    set_up(tenant, token, later)

    off = delete(tenant, "/v1/me/two-factor", token, {"password": PASSWORD})

    assert (off.status_code, off.json["state"]) == (200, "off")
    assert _mails(tenant, tenant.admin_id)[-1]["template"] == "two-factor-off"
    assert sign_in(tenant, ADMIN).status_code == 200
    assert (
        tenant.post("/v1/me/two-factor/recovery-codes", {"password": PASSWORD}, token=token).json[
            "code"
        ]
        == "two_factor_off"
    )


@pytest.mark.parametrize("by", ["tenant", "user"])
def test_r41_who_must_have_one_sets_it_up_before_anything_else(
    tenant: Tenant, later: Later, by: str
) -> None:
    user = tenant.create(password=PASSWORD, roles=[tenant.role("Planner")])
    admin = token_of(tenant, ADMIN)
    if by == "tenant":
        answer = put(tenant, "/v1/security", {"enforce_two_factor": True}, admin)
    else:
        answer = put(tenant, f"/v1/users/{user['id']}/two-factor", {"enforced": True}, admin)
    assert answer.status_code == 200, answer.json

    signed_in = sign_in(tenant, user["email"]).json
    narrow = signed_in["access_token"]

    assert _state(tenant, narrow) == ("enforced", 0)
    for method, path, body in [
        ("GET", "/v1/users", None),
        ("GET", "/v1/me/tokens", None),
        ("PATCH", "/v1/me", {"language": "de"}),
        ("POST", "/v1/me/tokens", {"name": "x", "scopes": ["accounts.users:read"],
                                   "expires_at": "2027-01-01T00:00:00Z"}),
    ]:  # fmt: skip
        assert tenant.accounts.send(method, path, narrow, json=body).status_code == 403, path
    factor = set_up(tenant, narrow, later)
    assert tenant.get("/v1/me/two-factor", token=narrow).json["code"] == "token_revoked"
    renewed = {"grant": "refresh_token", "refresh_token": signed_in["refresh_token"]}
    for wide in (
        tenant.post("/v1/token", renewed, token=None).json["access_token"],
        token_of(tenant, user["email"], later.fresh_code(factor.seed)),
    ):
        assert tenant.get("/v1/users", token=wide).status_code == 200
        assert _state(tenant, wide) == ("on_enforced", 10)


def test_r41_who_signed_in_with_the_password_alone_is_out_once_the_owner_has_set_it_up(
    tenant: Tenant, later: Later
) -> None:
    user = tenant.create(password=PASSWORD)
    put(tenant, "/v1/security", {"enforce_two_factor": True}, token_of(tenant, ADMIN))
    thief, owner = sign_in(tenant, user["email"]).json, sign_in(tenant, user["email"]).json
    set_up(tenant, owner["access_token"], later)
    codes = "/v1/me/two-factor/recovery-codes"

    waited = tenant.post(
        "/v1/token",
        {"grant": "refresh_token", "refresh_token": thief["refresh_token"]},
        token=None,
    )
    asked = tenant.post(codes, {"password": PASSWORD}, token=thief["access_token"])
    begun = tenant.post("/v1/me/two-factor", {"password": PASSWORD}, token=thief["access_token"])

    assert (waited.status_code, waited.json["code"]) == (401, "refresh_token_invalid")
    assert (asked.json["code"], begun.json["code"]) == ("token_revoked", "token_revoked")


def test_r41_a_session_that_has_to_set_one_up_neither_renews_codes_nor_switches_off(
    tenant: Tenant,
) -> None:
    user = tenant.create(password=PASSWORD)
    put(tenant, "/v1/security", {"enforce_two_factor": True}, token_of(tenant, ADMIN))
    narrow = sign_in(tenant, user["email"]).json["access_token"]

    answers = (
        tenant.post("/v1/me/two-factor/recovery-codes", {"password": PASSWORD}, token=narrow),
        delete(tenant, "/v1/me/two-factor", narrow, {"password": PASSWORD}),
    )

    assert [one.json["code"] for one in answers] == ["token_narrowed", "token_narrowed"]


@pytest.mark.parametrize("by", ["tenant", "user"])
def test_r41_what_is_enforced_cannot_be_switched_off(tenant: Tenant, later: Later, by: str) -> None:
    token = token_of(tenant, ADMIN)
    set_up(tenant, token, later)
    if by == "tenant":
        put(tenant, "/v1/security", {"enforce_two_factor": True}, token)
    else:
        put(tenant, f"/v1/users/{tenant.admin_id}/two-factor", {"enforced": True}, token)

    refused = delete(tenant, "/v1/me/two-factor", token, {"password": PASSWORD})

    assert (refused.status_code, refused.json["code"]) == (422, "two_factor_enforced")
    assert _state(tenant, token) == ("on_enforced", 10)


def test_r41_the_security_page_counts_active_users_by_state(tenant: Tenant, later: Later) -> None:
    token = token_of(tenant, ADMIN)
    set_up(tenant, token, later)
    users = [tenant.create(password=PASSWORD) for _ in range(4)]
    for user in users[:2]:
        put(tenant, f"/v1/users/{user['id']}/two-factor", {"enforced": True}, token)
    set_up(tenant, token_of(tenant, users[0]["email"]), later)
    database = tenant.accounts.runtime.platform.database
    database["users"].update_one({"_id": users[3]["id"]}, {"$set": {"status": "deactivated"}})

    by_choice = tenant.get("/v1/security", token=token).json
    by_force = put(tenant, "/v1/security", {"enforce_two_factor": True}, token).json

    assert by_choice == {
        "enforce_two_factor": False,
        "two_factor": {"off": 1, "enforced": 1, "on": 1, "on_enforced": 1},
    }
    assert by_force == {
        "enforce_two_factor": True,
        "two_factor": {"off": 0, "enforced": 2, "on": 0, "on_enforced": 2},
    }


def test_r41_enforcing_for_all_is_told_and_noted_once(tenant: Tenant) -> None:
    token = token_of(tenant, ADMIN)

    for _ in range(2):
        put(tenant, "/v1/security", {"enforce_two_factor": True}, token)

    events = _events(tenant, tenant.id, "tenants")
    assert [(event.type, event.sequence) for event in events] == [
        ("tenant.created", 1),
        ("tenant.updated", 2),
    ]
    assert events[-1].data["enforce_two_factor"] is True
    document = tenant.accounts.runtime.platform.database["tenants"].find_one({"_id": tenant.id})
    assert document is not None
    assert document["admins"] == [tenant.admin_id]


def test_r41_two_who_change_the_tenant_at_once_both_get_an_answer(tenant: Tenant) -> None:
    token = token_of(tenant, ADMIN)

    def turn(number: int) -> int:
        body = {"enforce_two_factor": number % 2 == 0}
        return put(tenant, "/v1/security", body, token).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(turn, range(8)))

    assert answers == {200}
    versions = [event.sequence for event in _events(tenant, tenant.id, "tenants")]
    assert versions == list(range(1, len(versions) + 1))


def test_r41_an_admin_resets_the_second_factor_of_who_lost_it(tenant: Tenant, later: Later) -> None:
    user = tenant.create(password=PASSWORD)
    theirs = token_of(tenant, user["email"])
    set_up(tenant, theirs, later)

    answer = delete(tenant, f"/v1/users/{user['id']}/two-factor", token_of(tenant, ADMIN))

    assert answer.status_code == 204
    assert tenant.get("/v1/me", token=theirs).json["code"] == "token_revoked"
    assert _events(tenant, user["id"])[-1].type == "user.sessions-revoked"
    assert _mails(tenant, user["id"])[-1]["template"] == "two-factor-reset"
    stored = tenant.document(user["id"])["security"]
    assert (stored["two_factor"], stored["pending_seed"]) == (None, None)
    assert sign_in(tenant, user["email"]).status_code == 200


def test_r72_nobody_resets_the_factor_of_who_may_do_more(tenant: Tenant, later: Later) -> None:
    officer = tenant.create(password=PASSWORD)
    tenant.give(officer["id"], ["accounts.security:edit"])
    planner = tenant.create(password=PASSWORD, roles=[tenant.role("Planner")])
    set_up(tenant, token_of(tenant, ADMIN), later)
    token = token_of(tenant, officer["email"])

    for user_id in (tenant.admin_id, planner["id"]):
        path = f"/v1/users/{user_id}/two-factor"
        assert delete(tenant, path, token).json["code"] == "account_not_yours"
        assert put(tenant, path, {"enforced": True}, token).json["code"] == "account_not_yours"


@pytest.mark.parametrize(
    "method, path", [("PUT", "/v1/security"), ("PUT", "two-factor"), ("DELETE", "two-factor")]
)
def test_changing_the_security_of_others_needs_the_password_of_lately(
    tenant: Tenant, later: Later, method: str, path: str
) -> None:
    user = tenant.create()
    token = token_of(tenant, ADMIN)
    later.pass_by(minutes=11)
    body = {"enforced": True} if path == "two-factor" else {"enforce_two_factor": True}
    path = f"/v1/users/{user['id']}/two-factor" if path == "two-factor" else path

    answer = tenant.accounts.send(method, path, token, json=body if method == "PUT" else None)

    assert (answer.status_code, answer.json["code"]) == (403, "step_up_needed")


def test_reading_and_changing_security_are_permissions(tenant: Tenant) -> None:
    reader = tenant.create(password=PASSWORD)
    tenant.give(reader["id"], ["accounts.security:read"])
    token = token_of(tenant, reader["email"])

    assert tenant.get("/v1/security", token=token).status_code == 200
    assert tenant.get(f"/v1/users/{reader['id']}/two-factor", token=token).status_code == 200
    body = {"enforce_two_factor": True}
    assert put(tenant, "/v1/security", body, token).json["code"] == "forbidden"
    nobody = token_of(tenant, tenant.create(password=PASSWORD)["email"])
    assert tenant.get("/v1/security", token=nobody).json["code"] == "forbidden"


def test_one_changes_ones_own_language_and_zone_and_nothing_else(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD)
    token = token_of(tenant, user["email"])

    changed = tenant.patch("/v1/me", {"language": "de", "time_zone": "Asia/Tokyo"}, token=token)

    assert changed.status_code == 200
    assert (changed.json["language"], changed.json["time_zone"]) == ("de", "Asia/Tokyo")
    assert tenant.get("/v1/me", token=token).json == changed.json
    for name, value in [("is_admin", True), ("roles", []), ("last_name", "X"), ("id", "x"),
                        ("email", "other@x.example"), ("security", {}), ("status", "active")]:  # fmt: skip
        refused = tenant.patch("/v1/me", {name: value}, token=token)
        assert (refused.status_code, refused.json["code"]) == (422, "invalid"), name


def test_secrets_are_shown_once_and_stored_sealed_or_hashed(
    tenant: Tenant, later: Later, capfd: pytest.CaptureFixture[str]
) -> None:
    token = token_of(tenant, ADMIN)
    factor = set_up(tenant, token, later)
    used = later.fresh_code(factor.seed)
    sign_in(tenant, ADMIN, used)
    sign_in(tenant, ADMIN, factor.recovery_codes[0])

    answers = [
        tenant.get(path, token=token).text
        for path in ("/v1/me", "/v1/me/two-factor", "/v1/users", f"/v1/users/{tenant.admin_id}",
                     f"/v1/users/{tenant.admin_id}/two-factor", "/v1/security", "/metrics")
    ]  # fmt: skip
    delete(tenant, "/v1/me/two-factor", token, {"password": PASSWORD})
    stored = repr([tenant.document(tenant.admin_id), tenant.accounts.dump()])
    logged = "".join(capfd.readouterr())

    assert "sign-in" in logged
    for secret in (factor.seed, *factor.recovery_codes, PASSWORD):
        assert secret not in stored
        assert secret not in logged
        assert not any(secret in answer for answer in answers)
