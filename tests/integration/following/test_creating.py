"""Creating in scheduling or people: pending, confirmed, rejected (R6, R7)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from staffroll.events import payload_of
from tests.support.services import AGENT_ROLE, TenantHere, a_user, grant, new_id, refuse


def test_r6_a_new_one_is_pending_and_accounts_is_asked(tenant: TenantHere) -> None:
    response = tenant.create(last_name="Müller", first_name="Ada", email="ada@example.org")

    assert response.status_code == 202
    assert response.json["state"] == "pending"
    assert response.headers["Location"].endswith(f"{tenant.path}/{response.json['id']}")
    wish = tenant.said(response.json["id"], "user.requested")
    asked = payload_of(wish)
    assert (asked.last_name, asked.first_name, asked.email) == ("Müller", "Ada", "ada@example.org")
    assert (asked.attempt, asked.roles, asked.active) == (1, None, True)
    assert (wish.source, wish.actor) == (tenant.here.service.name, tenant.admin)


def test_r6_what_accounts_grants_is_confirmed(tenant: TenantHere) -> None:
    id_, wish = tenant.pending(email="ada@example.org")

    tenant.here.handle(grant(wish))

    shown = tenant.read(id_)
    assert (shown["state"], shown["email"]) == ("confirmed", "ada@example.org")
    assert (shown["user_status"], shown["roles"]) == ("active", [AGENT_ROLE])
    assert tenant.stored(id_)["seen"] == {"accounts": 1}


def test_r6_what_accounts_refuses_shows_why(tenant: TenantHere) -> None:
    id_, wish = tenant.pending()

    tenant.here.handle(refuse(wish))

    shown = tenant.read(id_)
    assert shown["state"] == "rejected"
    assert shown["rejection"]["code"] == "email_taken"
    assert shown["rejection"]["errors"]["email"][0]["code"] == "email_taken"


def test_whoever_waits_gets_201_when_accounts_grants(tenant: TenantHere) -> None:
    tenant.here.accounts = grant

    response = tenant.create(wait=10)

    assert (response.status_code, response.json["state"]) == (201, "confirmed")
    assert response.headers["Preference-Applied"] == "wait=10"
    assert response.headers["ETag"] == f'"{response.json["version"]}"'


def test_whoever_waits_gets_409_with_the_reason_when_accounts_refuses(tenant: TenantHere) -> None:
    tenant.here.accounts = refuse

    response = tenant.create(wait=10)

    assert (response.status_code, response.json["code"]) == (409, "email_taken")
    assert response.json["errors"]["email"][0]["code"] == "email_taken"
    assert tenant.read(response.json["id"])["state"] == "rejected"


def test_whoever_waits_in_vain_gets_202(tenant: TenantHere) -> None:
    response = tenant.create(wait=0)

    assert (response.status_code, response.json["state"]) == (202, "pending")
    assert response.headers["Preference-Applied"] == "wait=0"


def test_the_same_key_creates_once(tenant: TenantHere) -> None:
    body = {"last_name": "Berg", "email": "once@example.org"}
    key = {"Idempotency-Key": "a"}

    first = tenant.request("POST", json=body, headers=key)
    again = tenant.request("POST", json=body, headers=key)
    other = tenant.request("POST", json={**body, "last_name": "Tal"}, headers=key)

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json["id"] == first.json["id"]
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")


def test_the_same_request_many_times_at_once_creates_once(tenant: TenantHere) -> None:
    own = {"personnel_number": "A 1"} if tenant.here.service.name == "scheduling" else {}
    body = {"last_name": "Berg", "email": "once@example.org", **own}
    headers = {**tenant.token(), "Idempotency-Key": "a"}
    app = tenant.here.client.application

    def post(_: int) -> Any:
        return app.test_client().post(tenant.path, json=body, headers=headers)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(16)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == 1


def test_r3_a_first_name_may_be_missing_a_last_name_not(tenant: TenantHere) -> None:
    without_first = tenant.create()
    without_last = tenant.request("POST", json={"email": "a@example.org"})

    assert (without_first.status_code, without_first.json["first_name"]) == (202, "")
    assert (without_last.status_code, list(without_last.json["errors"])) == (422, ["last_name"])


def test_r5_a_language_that_the_tenant_does_not_offer_is_refused_at_once(
    tenant: TenantHere,
) -> None:
    response = tenant.create(language="fr")

    assert response.status_code == 422
    assert response.json["errors"]["language"][0]["code"] == "language_not_offered"


def test_r72_nobody_gives_a_role_that_permits_more_than_they_may(tenant: TenantHere) -> None:
    somebody = tenant.known()
    weak, strong, unknown = new_id(), new_id(), new_id()
    edit = f"{tenant.permission}:edit"
    tenant.know_role(weak, [edit])
    tenant.know_role(strong, ["accounts.users:edit"])
    token = tenant.token(somebody, permissions=[edit])

    answers = {
        role: tenant.request(
            "POST",
            as_=token,
            json={"last_name": "Berg", "email": "new@example.org", "roles": [role]},
        )
        for role in (weak, strong, unknown)
    }

    assert answers[weak].status_code == 202
    assert answers[strong].json["code"] == "role_not_yours"
    assert answers[unknown].json["code"] == "role_unknown"


def test_r6_nothing_else_is_done_with_a_pending_one(tenant: TenantHere) -> None:
    id_, _ = tenant.pending()

    edited = tenant.change(id_, last_name="Tal")
    discarded = tenant.request("DELETE", f"/{id_}")

    assert (edited.status_code, edited.json["code"]) == (409, "not_confirmed")
    assert (discarded.status_code, discarded.json["code"]) == (409, "not_confirmed")


def test_r6_a_rejected_one_is_corrected_and_sent_again(tenant: TenantHere) -> None:
    id_, first = tenant.rejected(email="taken@example.org")

    response = tenant.change(id_, email="free@example.org")

    assert (response.status_code, response.json["state"]) == (202, "pending")
    wish = tenant.said(id_, "user.requested", nth=1)
    assert (payload_of(wish).attempt, payload_of(wish).email) == (2, "free@example.org")
    assert wish.request_id == first.request_id
    tenant.here.handle(refuse(first))
    assert tenant.read(id_)["state"] == "pending"


def test_r6_whoever_corrects_and_waits_hears_the_new_answer(tenant: TenantHere) -> None:
    id_, _ = tenant.rejected()
    tenant.here.accounts = grant

    response = tenant.change(id_, wait=10, email="free@example.org")

    assert (response.status_code, response.json["state"]) == (200, "confirmed")


def test_r6_a_rejected_one_is_discarded_without_a_trace(tenant: TenantHere) -> None:
    id_, _ = tenant.rejected()

    response = tenant.request("DELETE", f"/{id_}")

    assert response.status_code == 204
    assert tenant.request("GET", f"/{id_}").status_code == 404
    assert tenant.document(id_) is None


def test_f12_a_late_confirmation_after_a_refusal_confirms(tenant: TenantHere) -> None:
    id_, wish = tenant.rejected()

    tenant.here.handle(grant(wish))

    assert tenant.read(id_)["state"] == "confirmed"


def test_r1_another_tenant_sees_nothing_of_it(tenant: TenantHere) -> None:
    id_ = tenant.known()
    other = tenant.here.new_tenant()

    assert other.request("GET", f"/{id_}").status_code == 404
    assert other.request("GET").json["total"] == 1


def test_who_is_unknown_pending_or_signed_out_is_let_in_nowhere(tenant: TenantHere) -> None:
    pending, _ = tenant.pending()
    signed_out = tenant.known()
    tenant.hear("user.sessions-revoked", signed_out, 2, a_user(token_generation=2))
    gone = tenant.known()
    tenant.hear("user.deactivated", gone, 2, a_user(status="deactivated"))

    answers = [
        tenant.request("GET", as_=tenant.token(subject))
        for subject in (new_id(), pending, signed_out, gone)
    ]

    assert [answer.json["code"] for answer in answers] == ["token_revoked"] * 4


def test_a_wish_that_is_not_answered_in_time_is_sent_again_unchanged(tenant: TenantHere) -> None:
    id_, first = tenant.pending()
    tenant.make_due(id_)

    send_again = tenant.here.chore("sending unanswered wishes again").run
    send_again()
    send_again()

    again = tenant.said(id_, "user.requested", nth=1)
    assert again.request_id == first.request_id
    assert payload_of(again) == payload_of(first)
    assert again.actor == tenant.admin
    assert tenant.stored(id_)["due_at"] > datetime.now(UTC)


def test_many_processes_that_send_again_send_once(tenant: TenantHere) -> None:
    id_, _ = tenant.pending()
    tenant.make_due(id_)
    before = tenant.stored(id_)["revision"]

    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(tenant.here.chore("sending unanswered wishes again").run)

    assert tenant.stored(id_)["revision"] == before + 1
