"""Setting webhooks up over HTTP: who may, what is shown, how many, what is noted."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import structlog

from staffroll import clock
from staffroll.mongo.scoped import TenantCollection
from staffroll_accounts.actions.webhooks import TESTS_PER_MINUTE, disable, tell_admins
from staffroll_accounts.domain.webhooks import MOST_WEBHOOKS
from staffroll_accounts.here import at_rest_of, untold_webhooks_of
from staffroll_accounts.store import webhooks as store_webhooks
from staffroll_accounts.store.sealing import reseal_webhooks
from staffroll_accounts.store.webhooks import NOTICE_LEASE, Untold
from staffroll_accounts.webhooks.chores import telling
from tests.support.accounts import Accounts, Answer, Tenant

URL = "https://hooks.example.org/services/T0/path-secret?key=query-secret"


def create(tenant: Tenant, **changes: Any) -> Answer:
    options = {name: changes.pop(name) for name in ("token", "headers") if name in changes}
    return tenant.post("/v1/webhooks", {"url": URL, "events": ["user.*"], **changes}, **options)


def created(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    response = create(tenant, **changes)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json
    return made


def untold_of(tenant: Tenant) -> list[Untold]:
    return [
        one for one in untold_webhooks_of(tenant.accounts.runtime) if one.tenant_id == tenant.id
    ]


def trail(tenant: Tenant) -> list[str]:
    found = tenant.accounts.dump_whole("webhooks") + tenant.accounts.dump_whole("audit_notes")
    entries = [entry for one in found if one["tenant_id"] == tenant.id for entry in one["audit"]]
    return [entry["action"] for entry in sorted(entries, key=lambda entry: entry["id"])]


def test_a_webhook_is_created_shown_listed_changed_and_deleted(tenant: Tenant) -> None:
    response = create(tenant, description="Payroll")
    made = response.json
    path = response.headers["Location"]

    assert made["secret"].startswith("whsec_")
    shown = tenant.get(path)
    assert shown.headers["ETag"] == '"1"'
    assert shown.json == {name: value for name, value in made.items() if name != "secret"}
    assert (shown.json["is_enabled"], shown.json["disabled_reason"]) == (True, None)
    assert tenant.get("/v1/webhooks").json == {"items": [shown.json]}

    changed = tenant.patch(path, {"events": ["role.*", "user.created"]})
    assert (changed.json["version"], changed.json["events"]) == (2, ["role.*", "user.created"])
    assert tenant.patch(path, {"is_enabled": False}, headers={"If-Match": '"1"'}).status_code == 412
    disabled = tenant.patch(path, {"is_enabled": False}, headers={"If-Match": '"2"'}).json
    assert (disabled["disabled_reason"], disabled["is_enabled"]) == ("by_hand", False)

    assert tenant._send("DELETE", path, {}).status_code == 204
    assert tenant.get(path).status_code == 404
    assert trail(tenant) == [
        "webhook.created", "webhook.updated", "webhook.updated", "webhook.deleted",
    ]  # fmt: skip


def test_a_broker_that_is_away_is_not_waited_for(lonely_tenant: Tenant) -> None:
    made = created(lonely_tenant)

    assert lonely_tenant.get(f"/v1/webhooks/{made['id']}").status_code == 200


def test_the_secret_is_shown_once_sealed_at_rest_and_replaced_on_demand(
    accounts: Accounts, tenant: Tenant
) -> None:
    with structlog.testing.capture_logs() as logs:
        made = created(tenant)
        path = f"/v1/webhooks/{made['id']}"
        rotated = tenant.post(f"{path}/secret", headers={"If-Match": '"1"'})

    assert rotated.status_code == 200, rotated.text
    assert rotated.json["secret"] != made["secret"]
    assert rotated.json["old_secret_good_until"] is not None
    stored = str(accounts.dump_whole("webhooks"))
    told = tenant.get(path).text + tenant.get("/v1/webhooks").text + stored + str(logs)
    for secret in (made["secret"], rotated.json["secret"]):
        assert secret.removeprefix("whsec_") not in told
    assert "query-secret" not in str(logs)
    assert "path-secret" not in str(logs)
    assert trail(tenant) == ["webhook.created", "webhook.secret-rotated"]


def test_secrets_are_encrypted_anew_with_the_newest_secret_key(
    accounts: Accounts, tenant: Tenant
) -> None:
    made = created(tenant)
    tenant.post(f"/v1/webhooks/{made['id']}/secret")
    at_rest = at_rest_of(accounts.runtime)
    before = accounts.scope(tenant.id).store.webhooks.get(made["id"])

    reseal_webhooks(accounts.runtime.platform, at_rest)

    after = accounts.scope(tenant.id).store.webhooks.get(made["id"])
    old, new = (one.sealed_secrets(clock.now()) for one in (before, after))
    assert not set(old) & set(new)
    assert [*map(at_rest.decrypt, old)] == [*map(at_rest.decrypt, new)]


def test_creating_and_secrets_and_another_url_ask_for_the_password_once_more(
    tenant: Tenant,
) -> None:
    made = created(tenant)
    path = f"/v1/webhooks/{made['id']}"
    long_ago = clock.now() - timedelta(minutes=11)
    stale = tenant.accounts.token(tenant.id, tenant.admin_id, is_admin=True, entered_at=long_ago)

    refused = [
        create(tenant, token=stale),
        tenant.post(f"{path}/secret", token=stale),
        tenant.patch(path, {"url": "https://thief.example/"}, token=stale),
    ]

    assert [one.json["code"] for one in refused] == ["step_up_needed"] * 3
    assert tenant.patch(path, {"url": URL, "events": ["*"]}, token=stale).status_code == 200


def test_who_may_only_look_may_not_change(tenant: Tenant) -> None:
    made = created(tenant)
    path = f"/v1/webhooks/{made['id']}"
    token = tenant.token_of(tenant.create(), "accounts.webhooks:read")

    assert tenant.get(path, token=token).status_code == 200
    assert tenant.get(f"{path}/deliveries", token=token).status_code == 200
    for response in (
        create(tenant, token=token),
        tenant.patch(path, {"events": ["*"]}, token=token),
        tenant.post(f"{path}/secret", token=token),
        tenant.post(f"{path}/test", token=token),
        tenant._send("DELETE", path, {"token": token}),
    ):
        assert response.status_code == 403


@pytest.mark.parametrize(
    "changes, field, code",
    [
        ({"url": "http://hooks.example.org/"}, "url", "url_not_https"),
        ({"url": "https://10.0.0.1/"}, "url", "address_not_public"),
        ({"url": "https://[::ffff:127.0.0.1]/"}, "url", "address_not_public"),
        ({"url": "https://user:pw@hooks.example.org/"}, "url", "url_invalid"),
        ({"events": ["tenant.updated"]}, "events", "webhook_event_unknown"),
    ],
)
def test_what_cannot_be_is_refused_at_creation_and_change(
    tenant: Tenant, changes: dict[str, Any], field: str, code: str
) -> None:
    made = created(tenant)

    for response in (
        create(tenant, **changes),
        tenant.patch(f"/v1/webhooks/{made['id']}", changes),
    ):
        assert response.status_code == 422
        assert response.json["errors"][field][0]["code"] == code


def test_a_repeated_creation_gives_the_same_webhook_and_secret(tenant: Tenant) -> None:
    headers = {"Idempotency-Key": "k1"}

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: create(tenant, headers=headers), range(4)))

    assert {one.status_code for one in answers} == {201}
    assert len({json.dumps(one.json, sort_keys=True) for one in answers}) == 1
    assert len(tenant.get("/v1/webhooks").json["items"]) == 1
    assert create(tenant, headers=headers, description="x").json["code"] == "idempotency_key_reused"


def test_a_tenant_has_twenty_at_most_however_many_are_made_at_once(tenant: Tenant) -> None:
    for _ in range(MOST_WEBHOOKS - 2):
        created(tenant)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: create(tenant), range(4)))

    assert sorted(one.status_code for one in answers) == [201, 201, 409, 409]
    assert len(tenant.get("/v1/webhooks").json["items"]) == MOST_WEBHOOKS
    first = tenant.get("/v1/webhooks").json["items"][0]["id"]
    tenant._send("DELETE", f"/v1/webhooks/{first}", {})
    assert create(tenant).status_code == 201


def test_admins_get_a_mail_when_a_webhook_was_disabled_for_them(
    accounts: Accounts, tenant: Tenant
) -> None:
    other = tenant.create(is_admin=True)["id"]
    nobody = tenant.create()["id"]
    made = created(tenant)
    scope = accounts.scope(tenant.id)
    disable(made["id"], "failing", scope)

    (untold,) = untold_of(tenant)
    assert tell_admins(untold.webhook_id, untold.since, scope)

    for user_id, count in ((tenant.admin_id, 1), (other, 1), (nobody, 0)):
        assert len(tenant.document(user_id)["mails"]) == count
    sealed = tenant.document(other)["mails"][0]["sealed"]
    mail = json.loads(at_rest_of(accounts.runtime).decrypt(sealed))
    assert mail["template"] == "webhook-disabled"
    assert mail["data"]["host"] == "hooks.example.org"
    assert "path-secret" not in str(mail)
    assert untold_of(tenant) == []
    assert tenant.get(f"/v1/webhooks/{made['id']}").json["disabled_reason"] == "failing"


def test_of_several_processes_one_tells_the_admins(accounts: Accounts, tenant: Tenant) -> None:
    made = created(tenant)
    scope = accounts.scope(tenant.id)
    disable(made["id"], "failing", scope)
    (untold,) = untold_of(tenant)

    assert scope.store.webhooks.claim_notice(made["id"], untold.since, scope.now)
    assert untold_of(tenant) == []
    assert not tell_admins(made["id"], untold.since, scope)

    later = replace(scope, now=scope.now + NOTICE_LEASE)
    assert tell_admins(made["id"], untold.since, later)
    assert not tell_admins(made["id"], untold.since, later)
    assert len(tenant.document(tenant.admin_id)["mails"]) == 1


def test_notices_that_fail_do_not_keep_later_ones_from_their_turn(
    accounts: Accounts, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = created(tenant)["id"], created(tenant)["id"]
    for webhook_id in (broken, sound):
        disable(webhook_id, "failing", accounts.scope(tenant.id))
    monkeypatch.setattr(store_webhooks, "_AT_ONCE", 1)
    accounts.runtime.platform["webhooks"].update_one({"_id": broken}, {"$set": {"events": None}})
    rounds = telling(accounts.runtime)

    assert [rounds.run() for _ in range(3)] == [0, 1, 0]


def test_an_edit_during_a_deletion_is_neither_lost_nor_left_out_of_the_trail(
    accounts: Accounts, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/v1/webhooks/{created(tenant)['id']}"
    delete_one, edits = TenantCollection.delete_one, [{"events": ["*"]}, {"events": ["user.*"]}]

    def edit_meanwhile(self: TenantCollection, where: Any) -> bool:
        if self.name == "webhooks" and edits:
            assert tenant.patch(path, edits.pop(0)).status_code == 200
        return delete_one(self, where)

    monkeypatch.setattr(TenantCollection, "delete_one", edit_meanwhile)

    refused = tenant._send("DELETE", path, {"headers": {"If-Match": '"1"'}})
    assert (refused.status_code, tenant.get(path).json["version"]) == (412, 2)
    noted = trail(tenant)
    assert tenant._send("DELETE", path, {}).status_code == 204

    assert (noted.count("webhook.deleted"), noted.count("webhook.updated")) == (0, 1)
    assert Counter(trail(tenant)) == {
        "webhook.created": 1,
        "webhook.updated": 2,
        "webhook.deleted": 1,
    }


def test_test_events_are_limited_for_each_tenant(accounts: Accounts, tenant: Tenant) -> None:
    one, other = (f"/v1/webhooks/{created(tenant)['id']}/test" for _ in range(2))
    stranger = accounts.tenant()

    answers = [tenant.post(path) for path in [one, other] * (TESTS_PER_MINUTE // 2) + [one]]

    assert {response.status_code for response in answers[:-1]} == {202}
    assert (answers[-1].status_code, answers[-1].json["code"]) == (429, "too_many_requests")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert stranger.post(f"/v1/webhooks/{created(stranger)['id']}/test").status_code == 202
