"""R60-R63: users are deleted for ever, with their confirmation and all that accounts has."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import bson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from staffroll import clock
from staffroll.bus.applying import Reject
from staffroll.events import Event, payload_of
from staffroll.ids import new_id
from staffroll.mongo.audit import AuditWriter
from staffroll.web.lists import Position
from staffroll_accounts.actions import deletion
from staffroll_accounts.domain.deletion import SERVICES
from staffroll_accounts.due import AdminMending, erase_users, tell_deletions_again
from staffroll_accounts.store import AUDITED
from tests.support.accounts import PASSWORD, Accounts, Answer, Tenant, a_user
from tests.support.waiting import eventually

DELETE, EDIT, READ = "accounts.users:delete", "accounts.users:edit", "accounts.users:read"
NOBODY = "0197a000-0000-7000-8000-0000000000ff"


def _path(user_id: str, confirm: str | None = None) -> str:
    query = "" if confirm is None else f"?confirm={confirm}"
    return f"/v1/users/{user_id}{query}"


def _delete(tenant: Tenant, user_id: str, **options: Any) -> Answer:
    options.setdefault("token", tenant.token)
    return tenant.accounts.send("DELETE", _path(user_id, user_id), **options)


def _preview(tenant: Tenant, user_id: str, **options: Any) -> Answer:
    options.setdefault("token", tenant.token)
    return tenant.accounts.send("DELETE", _path(user_id), **options)


def _sign_in(tenant: Tenant, email: str, password: str = PASSWORD) -> Answer:
    body = {"tenant": tenant.id, "email": email, "password": password}
    return tenant.accounts.send("POST", "/v1/sign-in", None, json=body)


def _everything(accounts: Accounts) -> bytes:
    """All that accounts has stored, of all tenants."""
    database = accounts.runtime.platform.database
    return b"".join(
        bson.encode(document)
        for name in database.list_collection_names()
        for document in database[name].find({})
    )


def _finish_erasing(tenant: Tenant, user_id: str) -> None:
    """Let the deletion lie some seconds back, and do what a consumer does every second."""
    runtime = tenant.accounts.runtime
    back = tenant.document(user_id)["erasing_since"] - timedelta(seconds=10)
    where = {"tenant_id": tenant.id, "_id": user_id}
    runtime.platform["users"].update_one(where, {"$set": {"erasing_since": back}})
    runtime.platform["reset_requests"].delete_many({"tenant_id": tenant.id})
    eventually(lambda: _is_erased(tenant, user_id))


def _is_erased(tenant: Tenant, user_id: str) -> bool:
    runtime = tenant.accounts.runtime
    AuditWriter(runtime.platform, AUDITED).run()
    erase_users(runtime).run()
    return "erasing_since" not in tenant.document(user_id)


def _trail_waits(tenant: Tenant) -> bool:
    AuditWriter(tenant.accounts.runtime.platform, AUDITED).run()
    return tenant.accounts.scope(tenant.id).store.audit.has_waiting(AUDITED, clock.now())


def _erasure(tenant: Tenant, user_id: str) -> dict[str, Any]:
    return cast(dict[str, Any], tenant.get(f"/v1/erasures/{user_id}").json)


def _hear(tenant: Tenant, user_id: str, service: str) -> None:
    data = {"service": service}
    tenant.accounts.handle(Event("user.erased", service, tenant.id, user_id, 2, data))


@pytest.mark.parametrize("confirm", [None, "", "yes", NOBODY])
def test_r60_without_the_users_id_once_more_nothing_is_deleted_and_it_is_said_what_would_be(
    tenant: Tenant, confirm: str | None
) -> None:
    user = tenant.create(first_name="Anna", last_name="Müller", password=PASSWORD)
    tenant.give(user["id"], [READ])
    assert _sign_in(tenant, user["email"]).status_code == 200
    known = {"seen": 3, "is_employed": True, "future_shifts": 12, "heard_at": clock.now()}
    tenant.accounts.runtime.platform["users"].update_one(
        {"tenant_id": tenant.id, "_id": user["id"]}, {"$set": {"scheduled": known}}
    )

    answer = tenant.accounts.send("DELETE", _path(user["id"], confirm), tenant.token)

    problem = json.loads(answer.data)
    assert (answer.status_code, problem["code"]) == (428, "confirmation_needed")
    assert problem["name"] == "Anna Müller"
    assert problem["statement"] == (
        "I understand that the user record and all scheduling data for Anna Müller will be deleted."
    )
    assert problem["confirm"] == user["id"]
    assert problem["would_lose"] == {
        "future_shifts": 12,
        "roles": 1,
        "sessions": 1,
        "access_tokens": 0,
    }
    assert problem["as_of"]["future_shifts"]
    assert tenant.get(_path(user["id"])).status_code == 200


def test_r60_what_is_confirmed_is_not_logged(tenant: Tenant) -> None:
    user = tenant.create(last_name="Zweistein")

    with capture_logs() as logs:
        assert _preview(tenant, user["id"]).status_code == 428
        assert _delete(tenant, user["id"]).status_code == 204

    assert len(logs) >= 2
    assert "confirm=" not in repr(logs)
    assert "Zweistein" not in repr(logs)


def test_r60_of_whom_scheduling_has_not_told_the_preview_says_so(tenant: Tenant) -> None:
    user = tenant.create()

    problem = json.loads(_preview(tenant, user["id"]).data)

    assert (problem["would_lose"]["future_shifts"], problem["as_of"]) == (
        0,
        {"future_shifts": None},
    )


def test_r60_deleting_needs_its_permission_and_the_password_once_more(tenant: Tenant) -> None:
    user, editor, deleter = tenant.create(), tenant.create(), tenant.create()
    long_ago = clock.now() - timedelta(hours=1)
    may_edit = tenant.token_of(editor, READ, EDIT)
    stale = tenant.token_of(deleter, DELETE, entered_at=long_ago)

    answers = [_delete(tenant, user["id"], token=token) for token in (None, may_edit, stale)]

    assert [answer.status_code for answer in answers] == [401, 403, 403]
    assert answers[2].json["code"] == "step_up_needed"
    assert tenant.get(_path(user["id"])).status_code == 200
    assert _delete(tenant, user["id"], token=tenant.token_of(deleter)).status_code == 204


def test_r60_a_version_that_is_not_the_newest_is_not_deleted(tenant: Tenant) -> None:
    user = tenant.create()
    tenant.patch(_path(user["id"]), {"first_name": "Anne"})

    stale = [ask(tenant, user["id"], headers={"If-Match": '"1"'}) for ask in (_delete, _preview)]

    assert [answer.status_code for answer in stale] == [412, 412]
    assert _delete(tenant, user["id"], headers={"If-Match": '"2"'}).status_code == 204


def test_r1_nobody_of_another_tenant_is_deleted_or_shown(tenant: Tenant) -> None:
    stranger = tenant.accounts.tenant()
    user = stranger.create()
    _delete(stranger, stranger.create()["id"])
    [gone] = stranger.get("/v1/erasures").json["items"]

    assert _delete(tenant, user["id"]).status_code == 404
    assert _preview(tenant, user["id"]).status_code == 404
    assert tenant.get(f"/v1/erasures/{gone['user_id']}").status_code == 404
    assert tenant.get("/v1/erasures").json["items"] == []
    assert stranger.get(_path(user["id"])).status_code == 200


def test_r72_somebody_with_admin_access_is_deleted_only_by_an_admin(tenant: Tenant) -> None:
    admin, planner, deleter = tenant.create(is_admin=True), tenant.create(), tenant.create()
    tenant.give(planner["id"], [EDIT])
    token = tenant.token_of(deleter, DELETE, READ)

    refused = [_delete(tenant, one["id"], token=token) for one in (admin, planner)]
    seen = _preview(tenant, admin["id"], token=token)

    assert [(one.status_code, one.json["code"]) for one in refused] == [
        (422, "account_not_yours")
    ] * 2
    assert seen.json["code"] == "account_not_yours"
    assert _delete(tenant, admin["id"]).status_code == 204


def test_r16_the_last_admin_is_not_deleted(tenant: Tenant) -> None:
    answer = _delete(tenant, tenant.admin_id)

    assert (answer.status_code, answer.json["code"]) == (422, "last_admin")
    assert tenant.get(_path(tenant.admin_id)).json["is_admin"]


def test_r16_of_two_admins_who_delete_each_other_at_once_one_stays(accounts: Accounts) -> None:
    for _ in range(10):
        tenant, a, b = _two_admins(accounts)

        answers = _at_once(_delete_as, [(tenant, a, b), (tenant, b, a)])

        codes = sorted(answer.status_code for answer in answers)
        # The second may find itself deleted already.
        assert codes in ([204, 422], [204, 401]), [answer.text for answer in answers]
        assert len(_admins(tenant)) == 1
        assert _counted(tenant) == _admins(tenant)


def test_r16_deleting_and_taking_admin_access_at_once_leaves_one(accounts: Accounts) -> None:
    for _ in range(10):
        tenant, a, b = _two_admins(accounts)

        with ThreadPoolExecutor(2) as pool:
            pool.submit(_delete_as, tenant, a, b)
            pool.submit(_demote_as, tenant, b, a)

        assert len(_admins(tenant)) == 1
        assert _counted(tenant) == _admins(tenant)


def test_r16_an_admin_who_was_deleted_is_counted_no_more(tenant: Tenant) -> None:
    other = tenant.create(is_admin=True)

    _delete(tenant, other["id"])

    AdminMending(tenant.accounts.runtime, grace_seconds=0).run()
    assert _counted(tenant) == {tenant.admin_id}


def test_r61_nothing_personal_is_left_anywhere_in_accounts(
    accounts: Accounts, tenant: Tenant
) -> None:
    email = f"Zarathustra.{new_id()}@nietzsche.example"
    headers = {"Idempotency-Key": new_id()}
    body = a_user(last_name="Zarathustra", first_name="Übermensch", email=email, invite=True)
    user = tenant.post("/v1/users", body, headers=headers).json
    password = "also sprach er zu euch"
    tenant.accounts.send(
        "PUT", f"/v1/users/{user['id']}/password", tenant.token, json={"password": password}
    )
    environ = {"REMOTE_ADDR": "203.0.113.77"}
    signed_in = accounts.send(
        "POST",
        "/v1/sign-in",
        None,
        json={"tenant": tenant.id, "email": email, "password": password},
        environ_base=environ,
        headers={"User-Agent": "Zarathustras Browser"},
    ).json
    token = signed_in["access_token"]
    accounts.send("PATCH", "/v1/me", token, json={"language": "de"}, environ_base=environ)
    accounts.send("POST", "/v1/password-resets", None, json={"tenant": tenant.id, "email": email})
    wish = tenant.wish(
        "user.change-requested",
        user["id"],
        {"attempt": 1, "base_version": 0, "fields": {"last_name": "Zarathustra II"}},
    )
    accounts.handle(wish)
    before = _everything(accounts)
    secrets = [b"Zarathustra", "Übermensch".encode(), b"203.0.113.77", b"nietzsche", b"zarathustra"]
    assert [secret in before for secret in secrets] == [True] * 5

    assert _delete(tenant, user["id"]).status_code == 204

    _finish_erasing(tenant, user["id"])
    after = _everything(accounts)
    assert [secret for secret in secrets if secret in after] == []


def test_r61_mail_and_news_that_wait_go_with_the_person(lonely_tenant: Tenant) -> None:
    user = lonely_tenant.create(last_name="Waiting", invite=True)
    lonely_tenant.patch(_path(user["id"]), {"email": "waiting@x.example"})

    assert _delete(lonely_tenant, user["id"]).status_code == 204

    document = lonely_tenant.document(user["id"])
    [entry] = document["outbox"]
    assert (entry["type"], document["mails"]) == ("user.deleted", [])
    assert b"aiting" not in bson.encode(document)


def test_r61_a_full_outbox_keeps_nobody_from_being_deleted(lonely_tenant: Tenant) -> None:
    user = lonely_tenant.create()
    lonely_tenant.patch(_path(user["id"]), {"first_name": "Anna"})
    newest = lonely_tenant.document(user["id"])["outbox"][-1]
    # Updates would be folded into one; turns in a life all stay.
    turns = [{**newest, "id": new_id(), "type": "user.deactivated"} for _ in range(100)]
    users = lonely_tenant.accounts.runtime.platform.database["users"]
    users.update_one({"_id": user["id"]}, {"$set": {"outbox": turns}})
    full = lonely_tenant.patch(_path(user["id"]), {"first_name": "Once more"})

    deleted = _delete(lonely_tenant, user["id"])

    assert (full.status_code, deleted.status_code) == (503, 204)


def test_r61_who_is_deleted_is_let_in_nowhere(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD)
    tenant.give(user["id"], [READ])
    session = _sign_in(tenant, user["email"]).json
    access = tenant.accounts.send(
        "POST",
        "/v1/me/tokens",
        session["access_token"],
        json={
            "name": "script",
            "scopes": [READ],
            "expires_at": (clock.now() + timedelta(days=1)).isoformat(),
        },
    ).json
    assert "token" in access, access

    _delete(tenant, user["id"])

    sent = tenant.accounts.send
    assert sent("GET", "/v1/me", session["access_token"]).status_code == 401
    grants = [
        {"grant": "refresh_token", "refresh_token": session["refresh_token"]},
        {"grant": "access_token", "access_token": access["token"]},
    ]
    assert [sent("POST", "/v1/token", None, json=grant).status_code for grant in grants] == [
        401,
        401,
    ]
    assert _sign_in(tenant, user["email"]).json["code"] == "sign_in_failed"
    assert tenant.get(_path(user["id"])).status_code == 404
    assert _delete(tenant, user["id"]).status_code == 404
    assert tenant.patch(_path(user["id"]), {"first_name": "Back"}).status_code == 404


def test_r63_the_email_is_free_at_once_and_the_key_makes_somebody_new(tenant: Tenant) -> None:
    body, headers = a_user(), {"Idempotency-Key": new_id()}
    user = tenant.post("/v1/users", body, headers=headers).json

    _delete(tenant, user["id"])

    again = tenant.post("/v1/users", body, headers=headers)
    assert (again.status_code, again.json["email"]) == (201, body["email"])
    assert again.json["id"] != user["id"]


def test_r9_the_trail_says_who_deleted_whom_and_holds_no_address_of_theirs(
    accounts: Accounts, tenant: Tenant
) -> None:
    user = tenant.create(password=PASSWORD)
    _sign_in(tenant, user["email"])
    AuditWriter(accounts.runtime.platform, AUDITED).run()

    _delete(tenant, user["id"])
    AuditWriter(accounts.runtime.platform, AUDITED).run()

    lines = tenant.get(f"/v1/audit?subject={user['id']}").json["items"]
    assert (lines[0]["action"], lines[0]["actor"]) == ("user.deleted", tenant.admin_id)
    theirs = tenant.get(f"/v1/audit?actor={user['id']}").json["items"]
    assert theirs
    assert [line["address"] for line in theirs] == [None] * len(theirs)
    assert accounts.scope(tenant.id).store.audit.verify().broken is None


def test_r62_receipts_are_shown_until_all_have_said_so(tenant: Tenant) -> None:
    user = tenant.create()
    _delete(tenant, user["id"])
    begun = _erasure(tenant, user["id"])

    for service in ("people", "scheduling", "people", "somebody-else"):
        _hear(tenant, user["id"], service)
    partial = _erasure(tenant, user["id"])
    open_ones = tenant.get("/v1/erasures?complete=false").json
    _hear(tenant, user["id"], "export")
    _finish_erasing(tenant, user["id"])
    whole = _erasure(tenant, user["id"])

    assert [one["erased_at"] for one in begun["services"]] == [None] * 4
    assert [one["service"] for one in begun["services"]] == list(SERVICES)
    missing = [one["service"] for one in partial["services"] if one["erased_at"] is None]
    assert (missing, partial["is_complete"]) == (["accounts", "export"], False)
    assert [one["user_id"] for one in open_ones["items"]] == [user["id"]]
    assert (whole["is_complete"], whole["completed_at"] is not None) == (True, True)
    assert tenant.get("/v1/erasures?complete=false").json["total"] == 0
    assert "tell_at" not in tenant.document(user["id"])["erasure"]


def test_r62_accounts_says_its_own_receipt_when_nothing_is_left(lonely_tenant: Tenant) -> None:
    user = lonely_tenant.create()
    _delete(lonely_tenant, user["id"])
    erase_users(lonely_tenant.accounts.runtime).run()
    early = lonely_tenant.document(user["id"])

    _say_own_receipt(lonely_tenant, user["id"])

    assert "accounts" in early["erasure"]["missing"]
    said = [Event.from_json(one["body"]) for one in lonely_tenant.document(user["id"])["outbox"]]
    assert [(one.type, one.sequence) for one in said] == [("user.deleted", 2), ("user.erased", 2)]
    assert payload_of(said[1]).service == "accounts"
    assert "accounts" not in lonely_tenant.document(user["id"])["erasure"]["missing"]


def test_r62_a_request_for_a_reset_mail_holds_up_the_receipt_until_it_was_looked_at(
    accounts: Accounts, tenant: Tenant
) -> None:
    user = tenant.create()
    body = {"tenant": tenant.id, "email": user["email"]}
    accounts.send("POST", "/v1/password-resets", None, json=body)
    _delete(tenant, user["id"])
    where = {"tenant_id": tenant.id, "_id": user["id"]}
    long_ago = tenant.document(user["id"])["erasing_since"] - timedelta(seconds=10)
    requests = accounts.runtime.platform["reset_requests"]
    asked = {"$set": {"at": long_ago}}
    requests.update_many({"tenant_id": tenant.id}, asked)
    accounts.runtime.platform["users"].update_one(where, {"$set": {"erasing_since": long_ago}})

    eventually(lambda: not _trail_waits(tenant))
    held_up = not _is_erased(tenant, user["id"])
    requests.delete_many({"tenant_id": tenant.id})

    assert held_up
    eventually(lambda: _is_erased(tenant, user["id"]))


def test_r62_a_receipt_of_who_is_not_deleted_is_none(tenant: Tenant) -> None:
    user = tenant.create()

    _hear(tenant, user["id"], "people")

    assert tenant.get(f"/v1/erasures/{user['id']}").status_code == 404
    assert "erasure" not in tenant.document(user["id"])


def test_r62_the_list_of_erasures_comes_in_pages(tenant: Tenant) -> None:
    ids = [tenant.create()["id"] for _ in range(5)]
    for id_ in ids:
        _delete(tenant, id_)
    seen, cursor = [], ""

    while True:
        page = tenant.get(f"/v1/erasures?limit=2&cursor={cursor}").json
        seen += [one["user_id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert (seen, page["total"]) == (ids, 5)
    assert tenant.get("/v1/erasures?cursor=WyJ4IiwieSJd").json["code"] == "cursor_invalid"


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-31T00:00:00"]
)
def test_r62_a_cursor_at_a_moment_that_does_not_exist_is_refused(
    tenant: Tenant, moment: str
) -> None:
    cursor = Position(moment, NOBODY).to_cursor()

    answer = tenant.get(f"/v1/erasures?cursor={cursor}")

    assert (answer.status_code, answer.json["code"]) == (422, "cursor_invalid")


def test_r62_a_deletion_is_told_again_to_who_owes_a_receipt_and_to_nobody_else(
    lonely_tenant: Tenant,
) -> None:
    user = lonely_tenant.create()
    _delete(lonely_tenant, user["id"])
    for service in ("people", "scheduling"):
        _hear(lonely_tenant, user["id"], service)
    _say_own_receipt(lonely_tenant, user["id"])
    runtime = lonely_tenant.accounts.runtime
    pauses = []

    for _ in range(3):
        _make_due(lonely_tenant, user["id"])
        tell_deletions_again(runtime).run()
        erasure = lonely_tenant.document(user["id"])["erasure"]
        pauses.append((erasure["tell_at"] - clock.now()).total_seconds())

    waiting = lonely_tenant.document(user["id"])["outbox"]
    again = [one for one in waiting if one["type"] == "user.deleted"][1:]
    assert [(one["exchange"], one["key"]) for one in again] == [("", "export.events")] * 2
    assert [Event.from_json(one["body"]).replay for one in again] == [True, True]
    assert pauses[0] < pauses[1] < pauses[2]
    _hear(lonely_tenant, user["id"], "export")
    assert "tell_at" not in lonely_tenant.document(user["id"])["erasure"]


def test_r62_dead_letters_that_tell_of_the_deleted_are_dropped(tenant: Tenant) -> None:
    user, other = tenant.create(), tenant.create()
    broker = tenant.accounts.runtime.broker
    _bury(tenant, user["id"])
    _bury(tenant, other["id"])
    _delete(tenant, user["id"])

    _finish_erasing(tenant, user["id"])

    letters = broker.dead_letters("accounts").list()
    subjects = [Event.from_json(letter.body).subject for letter in letters]
    assert (user["id"] in subjects, other["id"] in subjects) == (False, True)


def test_r63_a_deletion_that_another_place_asks_for_is_done(tenant: Tenant) -> None:
    user = tenant.create()

    tenant.accounts.handle(_wish(tenant, user["id"]))

    assert tenant.get(_path(user["id"])).status_code == 404
    assert _erasure(tenant, user["id"])["user_id"] == user["id"]


def test_r63_a_deletion_that_is_asked_for_again_is_told_again(lonely_tenant: Tenant) -> None:
    user = lonely_tenant.create()
    wish = _wish(lonely_tenant, user["id"])

    for _ in range(3):
        lonely_tenant.accounts.handle(wish)

    document = lonely_tenant.document(user["id"])
    told = [Event.from_json(one["body"]) for one in document["outbox"]]
    assert [(one.type, one.sequence) for one in told] == [("user.deleted", 2)] * 3
    assert document["version"] == 2


@pytest.mark.parametrize("kind", ["last_admin", "forbidden", "account_not_yours", "not_found"])
def test_r63_a_deletion_is_refused_with_the_reason(tenant: Tenant, kind: str) -> None:
    user = tenant.create(is_admin=kind == "account_not_yours")
    whom, actor = user["id"], tenant.admin_id
    if kind == "last_admin":
        whom = tenant.admin_id
    elif kind == "forbidden":
        actor = tenant.create()["id"]
    elif kind == "account_not_yours":
        actor = tenant.create()["id"]
        tenant.give(actor, [DELETE])
    else:
        whom = new_id()
    wish = _wish(tenant, whom, actor=actor)

    tenant.accounts.handle(wish)

    refusal = tenant.accounts.scope(tenant.id).store.refusals.find(wish.request_id or "")
    assert refusal is not None
    assert (refusal.code, refusal.attempt) == (kind, 1)
    if kind != "not_found":
        assert tenant.get(_path(whom)).status_code == 200


@pytest.mark.parametrize("actor", ["deactivated", "deleted", "unknown"])
def test_r72_who_is_not_active_here_deletes_nobody(tenant: Tenant, actor: str) -> None:
    user, admin = tenant.create(), tenant.create(is_admin=True)
    if actor == "deactivated":
        tenant.accounts.runtime.platform["users"].update_one(
            {"_id": admin["id"]}, {"$set": {"status": "deactivated"}}
        )
    if actor == "deleted":
        _delete(tenant, admin["id"])
    who = new_id() if actor == "unknown" else admin["id"]

    tenant.accounts.handle(_wish(tenant, user["id"], actor=who))

    assert tenant.get(_path(user["id"])).status_code == 200


def test_a_deletion_that_names_two_people_is_refused_for_good(tenant: Tenant) -> None:
    user, other = tenant.create(), tenant.create()
    wish = tenant.wish("user.deletion-requested", user["id"], {"confirm": other["id"]})

    with pytest.raises(Reject):
        tenant.accounts.handle(wish)

    assert tenant.get(_path(user["id"])).status_code == 200


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_r61_no_late_wish_or_news_brings_anybody_back(tenant: Tenant, data: st.DataObject) -> None:
    user = tenant.create()
    _delete(tenant, user["id"])
    tombstone = _lasting(tenant, user["id"])
    late = data.draw(st.lists(st.sampled_from(_late(tenant, user)), min_size=1, max_size=8))

    for event in late:
        tenant.accounts.handle(event)

    assert _lasting(tenant, user["id"]) == tombstone
    assert tenant.get(_path(user["id"])).status_code == 404
    assert tenant.post("/v1/users", a_user(email=user["email"])).status_code == 201


def _late(tenant: Tenant, user: dict[str, Any]) -> list[Event]:
    """All that may still be on its way to accounts when somebody is deleted."""
    fields = {"last_name": "Late", "email": f"{new_id()}@x.example"}
    employee = {
        "status": "employed",
        "personnel_number": "P-1",
        "future_shifts": 4,
        "join_date": "2026-01-01",
    }
    told = [
        Event(kind, "scheduling", tenant.id, user["id"], number, employee)
        for number, kind in enumerate(
            ("employee.updated", "membership.started", "membership.ended"), 5
        )
    ]
    gone = Event("employee.updated", "scheduling", tenant.id, user["id"], 9, {"status": "deleted"})
    return [
        tenant.wish("user.requested", user["id"], {"attempt": 1, **fields}),
        tenant.wish(
            "user.change-requested",
            user["id"],
            {"attempt": 1, "base_version": 1, "fields": fields},
        ),
        _wish(tenant, user["id"]),
        *told,
        gone,
    ]


def _lasting(tenant: Tenant, user_id: str) -> dict[str, Any]:
    passing = ("outbox", "audit", "erasure", "erasing_since", "outbox_lease_until")
    document = tenant.document(user_id)
    return {name: value for name, value in document.items() if name not in passing}


def _wish(tenant: Tenant, user_id: str, **changes: Any) -> Event:
    return tenant.wish("user.deletion-requested", user_id, {"confirm": user_id}, **changes)


def _bury(tenant: Tenant, user_id: str) -> None:
    """A message about the user that nobody could apply."""
    database = tenant.accounts.runtime.platform.database.client[
        f"{tenant.accounts.environ['STAFFROLL_MONGODB_PREFIX']}bus"
    ]
    body = Event("user.requested", "people", tenant.id, user_id, 1, {"last_name": "X"}).to_json()
    grave = {
        "_id": new_id(),
        "message_id": new_id(),
        "queue": "accounts.requests",
        "type": "user.requested",
        "body": body,
        "reason": "rejected",
        "error": "",
        "died_at": clock.now(),
        "deliveries": 1,
    }
    database["dead.accounts"].insert_one(grave)


def _make_due(tenant: Tenant, user_id: str) -> None:
    where = {"tenant_id": tenant.id, "_id": user_id}
    tenant.accounts.runtime.platform["users"].update_one(
        where, {"$set": {"erasure.tell_at": clock.now()}}
    )


def _say_own_receipt(tenant: Tenant, user_id: str) -> None:
    """What the chore does, whose look at dead letters needs a broker."""
    deletion.give_receipt(user_id, tenant.accounts.scope(tenant.id))


def _two_admins(accounts: Accounts) -> tuple[Tenant, dict[str, Any], dict[str, Any]]:
    """A tenant whose only admins are these two; both with a token that is good already."""
    tenant = accounts.tenant()
    a, b = tenant.create(is_admin=True), tenant.create(is_admin=True)
    assert _delete_as(tenant, a, {"id": tenant.admin_id}).status_code == 204
    return tenant, a, b


def _delete_as(tenant: Tenant, who: dict[str, Any], whom: dict[str, Any]) -> Answer:
    return _delete(tenant, whom["id"], token=tenant.token_of(who))


def _demote_as(tenant: Tenant, who: dict[str, Any], whom: dict[str, Any]) -> Answer:
    return tenant.patch(_path(whom["id"]), {"is_admin": False}, token=tenant.token_of(who))


def _admins(tenant: Tenant) -> set[str]:
    users = tenant.accounts.runtime.platform["users"].find({"tenant_id": tenant.id})
    return {one["_id"] for one in users if one["is_admin"]}


def _counted(tenant: Tenant) -> set[str]:
    (document,) = tenant.accounts.runtime.platform["tenants"].find({"_id": tenant.id})
    return set(document["admins"])


def _at_once(do: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(lambda each: do(*each), arguments))
