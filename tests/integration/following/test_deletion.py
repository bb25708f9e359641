"""R60-R63: deleting begins here as well, is decided by accounts, and leaves nothing behind."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import bson
import pytest

from staffroll import clock
from staffroll.erasing import Erasing
from staffroll.events import Event, RequestRejected, payload_of
from staffroll.ids import new_id
from staffroll.mongo.erasing import Due
from tests.support.services import TenantHere, a_tombstone, a_user, body_of, told

DELETE = "accounts.users:delete"
NOBODY = "0197a000-0000-7000-8000-0000000000ff"


def grant(wish: Event) -> Event:
    """Accounts does as it is asked."""
    assert payload_of(wish).confirm == wish.subject
    return told("user.deleted", wish.subject, 9, a_tombstone(), tenant_id=wish.tenant_id)


def refuse(wish: Event) -> Event:
    rejection = RequestRejected(attempt=1, code="last_admin", detail="This is the last admin.")
    return told(
        "request.rejected",
        wish.subject,
        1,
        rejection,
        tenant_id=wish.tenant_id,
        request_id=wish.request_id,
    )


def delete(tenant: TenantHere, id_: str, wait: int | None = None, **options: Any) -> Any:
    headers = {} if wait is None else {"Prefer": f"wait={wait}"}
    query = {"confirm": id_}
    return tenant.request("DELETE", f"/{id_}", query_string=query, headers=headers, **options)


@pytest.mark.parametrize("confirm", [{}, {"confirm": ""}, {"confirm": NOBODY}])
def test_r60_without_the_id_once_more_it_is_said_what_would_be_lost(
    tenant: TenantHere, confirm: dict[str, str]
) -> None:
    id_ = tenant.known(first_name="Ada", last_name="Berg")

    answer = tenant.request("DELETE", f"/{id_}", query_string=confirm)

    problem = body_of(answer)
    assert (answer.status_code, problem["code"]) == (428, "confirmation_needed")
    assert (problem["name"], problem["confirm"]) == ("Ada Berg", id_)
    assert problem["statement"] == (
        "I understand that the user record and all scheduling data for Ada Berg will be deleted."
    )
    shifts = {"future_shifts": 0} if tenant.here.service.name == "scheduling" else {}
    assert problem["would_lose"] == {"roles": 1, **shifts}
    assert tenant.read(id_)["deletion"] is None


def test_r63_a_deletion_is_wished_of_accounts_and_shown_until_it_answers(
    tenant: TenantHere,
) -> None:
    id_ = tenant.known()

    answer = delete(tenant, id_)

    pending = {"state": "pending", "code": None, "detail": None}
    assert (answer.status_code, answer.json["deletion"]) == (202, pending)
    assert answer.json.keys() == {"id", "version", "deletion"}
    wish = tenant.said(id_, "user.deletion-requested")
    assert (wish.actor, payload_of(wish).confirm) == (tenant.admin, id_)
    assert tenant.read(id_)["deletion"] == pending


def test_r63_who_waits_hears_that_it_is_done(tenant: TenantHere) -> None:
    tenant.here.accounts = grant
    id_ = tenant.known()

    answer = delete(tenant, id_, wait=10)

    assert (answer.status_code, answer.data) == (204, b"")
    assert tenant.request("GET", f"/{id_}").status_code == 404


def test_r16_a_refused_deletion_is_shown_tried_again_and_dismissed(tenant: TenantHere) -> None:
    tenant.here.accounts = refuse
    id_ = tenant.known()

    answers = [delete(tenant, id_, wait=10) for _ in range(2)]
    shown = tenant.read(id_)
    dismissed = tenant.request("DELETE", f"/{id_}/deletion")

    assert [(one.status_code, one.json["code"]) for one in answers] == [(422, "last_admin")] * 2
    assert (shown["state"], shown["deletion"]["code"]) == ("confirmed", "last_admin")
    first, second = (tenant.said(id_, "user.deletion-requested", nth) for nth in (0, 1))
    assert first.request_id != second.request_id
    assert dismissed.status_code == 204
    assert tenant.read(id_)["deletion"] is None
    assert body_of(tenant.request("DELETE", f"/{id_}/deletion"))["code"] == "not_rejected"


def test_r63_to_ask_twice_asks_accounts_once(tenant: TenantHere) -> None:
    id_ = tenant.known()

    answers = [delete(tenant, id_) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202] * 3
    assert len({answer.json["version"] for answer in answers}) == 1
    tenant.said(id_, "user.deletion-requested")
    assert sum(one.type == "user.deletion-requested" for one in _heard(tenant, id_)) == 1


def test_r63_a_wish_that_is_not_answered_is_sent_again(tenant: TenantHere) -> None:
    id_ = tenant.known()
    delete(tenant, id_)
    wish = tenant.said(id_, "user.deletion-requested")
    long_ago, due = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    changes = {"deletion.sent_at": long_ago, "deletion.resend_at": due, "due_at": due}
    _nothing_waits(tenant, id_)
    tenant.here.records.update_one({"_id": id_}, {"$set": changes})

    tenant.here.chore("sending unanswered wishes again").run()

    again = tenant.said(id_, "user.deletion-requested", nth=1)
    assert (again.request_id, again.actor) == (wish.request_id, tenant.admin)
    assert tenant.stored(id_)["due_at"] > clock.now()


def test_r60_deleting_needs_its_own_permission_and_the_password_once_more(
    tenant: TenantHere,
) -> None:
    id_ = tenant.known()
    others = [
        tenant.token(tenant.known(), permissions=[f"{tenant.permission}:{kind}"])
        for kind in ("read", "edit")
    ]
    deleter = tenant.known()
    stale = tenant.token(deleter, permissions=[DELETE], entered_at=time.time() - 3600)

    refused = [delete(tenant, id_, as_=token) for token in (*others, stale)]

    assert [one.json["code"] for one in refused] == ["forbidden", "forbidden", "step_up_needed"]
    assert tenant.read(id_)["deletion"] is None
    assert delete(tenant, id_, as_=tenant.token(deleter, permissions=[DELETE])).status_code == 202


def test_r6_a_refused_one_is_discarded_by_who_may_edit_without_confirming(
    tenant: TenantHere,
) -> None:
    (id_, _), (other, _) = tenant.rejected(), tenant.rejected()
    editor = tenant.token(tenant.known(), permissions=[f"{tenant.permission}:edit"])
    deleter = tenant.token(tenant.known(), permissions=[DELETE])

    kept = tenant.request("DELETE", f"/{other}", as_=deleter)
    gone = tenant.request("DELETE", f"/{id_}", as_=editor)

    assert (gone.status_code, kept.status_code) == (204, 403)
    assert (tenant.document(id_), tenant.document(other) is None) == (None, False)


def test_r15_another_version_is_neither_deleted_nor_previewed(tenant: TenantHere) -> None:
    id_ = tenant.known()
    tenant.hear("user.updated", id_, 2, a_user())

    stale = [
        tenant.request("DELETE", f"/{id_}", headers={"If-Match": '"1"'}, query_string=query)
        for query in ({}, {"confirm": id_})
    ]

    assert [one.status_code for one in stale] == [412, 412]


def test_r1_nobody_of_another_tenant_is_deleted(tenant: TenantHere) -> None:
    stranger = tenant.here.new_tenant()
    id_ = stranger.known()

    assert delete(tenant, id_).status_code == 404
    assert tenant.request("DELETE", f"/{id_}/deletion").status_code == 404


def test_r9_who_asked_for_a_deletion_is_noted(tenant: TenantHere) -> None:
    id_ = tenant.known()
    delete(tenant, id_)

    tenant.here.chore("writing the audit trail").run()

    lines = tenant.here.client.get(
        "/v1/audit", query_string={"subject": id_}, headers=tenant.token()
    )
    newest = body_of(lines)["items"][0]
    assert newest["action"].endswith(".deletion-requested")
    assert newest["actor"] == tenant.admin


def test_r62_the_receipt_waits_until_the_trail_is_rid_of_addresses(tenant: TenantHere) -> None:
    id_ = tenant.known()
    headers = tenant.token(id_, permissions=[f"{tenant.permission}:edit"])
    environ = {"REMOTE_ADDR": "203.0.113.88"}
    tenant.request("PATCH", f"/{id_}", as_=headers, json={"last_name": "Own"}, environ_base=environ)
    tenant.here.chore("writing the audit trail").run()
    assert b"203.0.113.88" in _everything(tenant)
    tenant.hear("user.deleted", id_, 9, a_tombstone())

    tenant.here.chore("erasing deleted users").run()
    early = tenant.stored(id_)
    tenant.finish_erasing()

    assert "erasing_since" in early
    assert "erasing_since" not in tenant.stored(id_)
    assert payload_of(tenant.said(id_, "user.erased")).service == tenant.here.service.name
    assert b"203.0.113.88" not in _everything(tenant)


def test_r61_nothing_personal_is_left_anywhere_here(tenant: TenantHere) -> None:
    headers = {"Idempotency-Key": new_id()}
    secrets = _a_whole_life(tenant, headers)
    id_ = next(iter(secrets))
    personal = [text.encode() for text in secrets[id_]]
    before = _everything(tenant)
    assert [text for text in personal if text not in before] == []

    tenant.hear("user.deleted", id_, 9, a_tombstone())
    tenant.finish_erasing()

    tenant.said(id_, "user.erased")
    after = _everything(tenant)
    assert [text for text in personal if text in after] == []


def test_r61_news_and_wishes_that_wait_are_overtaken(tenant: TenantHere) -> None:
    id_ = tenant.known()
    entries = [
        {"id": new_id(), "at": clock.now(), "body": "Secret", "exchange": "", "key": "nowhere"}
        for _ in range(100)
    ]
    tenant.here.records.update_one(
        {"_id": id_},
        {"$set": {"outbox": entries, "outbox_lease_until": datetime(2030, 1, 1, tzinfo=UTC)}},
    )

    tenant.hear("user.deleted", id_, 9, a_tombstone())

    assert "Secret" not in repr(tenant.stored(id_))


def test_r62_dead_letters_that_tell_of_the_deleted_are_dropped_early_or_late(
    tenant: TenantHere,
) -> None:
    gone, late, other = tenant.known(), tenant.known(), tenant.known()
    for id_ in (gone, other):
        _bury(tenant, id_)
    for id_ in (gone, late):
        tenant.hear("user.deleted", id_, 9, a_tombstone())

    tenant.finish_erasing()
    _bury(tenant, late)
    tenant.here.chore("dropping late dead letters").run()

    letters = tenant.here.runtime.broker.dead_letters(tenant.here.service.name).list()
    assert {Event.from_json(one.body).subject for one in letters} & {gone, late, other} == {other}


def test_r62_one_that_cannot_be_erased_does_not_stop_the_others(tenant: TenantHere) -> None:
    broken, other = tenant.known(), tenant.known()
    for id_ in (broken, other):
        tenant.hear("user.deleted", id_, 9, a_tombstone())
    finished: list[str] = []

    def step(due: Due) -> bool:
        if due.user_id == broken:
            raise RuntimeError("a bug")
        return True

    erasing = Erasing(
        tenant.here.runtime,
        tenant.here.service.outboxes[0],
        {"state": "deleted"},
        [step],
        lambda due: finished.append(due.user_id),
        lambda _: None,
    )
    erasing.run()

    assert (broken in finished, other in finished) == (False, True)


def test_r61_who_is_deleted_is_let_in_no_more(tenant: TenantHere) -> None:
    id_ = tenant.known(is_admin=True)
    token = tenant.token(id_)
    assert tenant.request("GET", as_=token).status_code == 200

    tenant.hear("user.deleted", id_, 9, a_tombstone())

    assert tenant.request("GET", as_=token).status_code == 401
    assert delete(tenant, id_).status_code == 404
    assert tenant.change(id_, last_name="Back").status_code == 404


def test_r61_a_wish_that_was_refused_late_changes_nothing_of_a_tombstone(
    tenant: TenantHere,
) -> None:
    id_ = tenant.known()
    delete(tenant, id_)
    wish = tenant.said(id_, "user.deletion-requested")
    tenant.hear("user.deleted", id_, 9, a_tombstone())
    before = tenant.stored(id_)

    tenant.here.handle(refuse(wish))
    tenant.hear("user.updated", id_, 10, a_user())

    after = tenant.stored(id_)
    assert {**after, "outbox": [], "audit": []} == {**before, "outbox": [], "audit": []}


def _a_whole_life(tenant: TenantHere, headers: dict[str, str]) -> dict[str, list[str]]:
    """Somebody who was created here, and all the texts that tell who they are."""
    body = {
        "last_name": "Zarathustra",
        "first_name": "Friedrich",
        "email": f"sils.{new_id()}@maria.example",
    }
    own = {
        "scheduling": {"personnel_number": f"GEHEIM-{new_id()}"},
        "people": {"title": "Prophet", "business_phone": "+41818265369"},
    }[tenant.here.service.name]
    created = tenant.request("POST", json={**body, **own}, headers=headers)
    assert created.status_code == 202, created.text
    id_ = body_of(created)["id"]
    wish = tenant.said(id_, "user.requested")
    user = a_user(**body, applied_requests=[wish.request_id])
    tenant.hear("user.created", id_, 1, user)
    tenant.change(id_, email=f"other.{body['email']}")
    return {id_: [*body.values(), *own.values()]}


def _everything(tenant: TenantHere) -> bytes:
    database = tenant.here.runtime.platform.database
    return b"".join(
        bson.encode(document)
        for name in database.list_collection_names()
        for document in database[name].find({})
    )


def _heard(tenant: TenantHere, id_: str) -> list[Event]:
    return [event for event in list(tenant.here.heard) if event.subject == id_]


def _nothing_waits(tenant: TenantHere, id_: str) -> None:
    tenant.here.records.update_one({"_id": id_}, {"$set": {"outbox": []}})


def _bury(tenant: TenantHere, id_: str) -> None:
    """A message about somebody that nobody could apply."""
    runtime = tenant.here.runtime
    name = runtime.service
    grave = {
        "_id": new_id(),
        "message_id": new_id(),
        "queue": f"{name}.events",
        "type": "user.updated",
        "body": told("user.updated", id_, 1, a_user(), tenant_id=tenant.id).to_json(),
        "reason": "rejected",
        "error": "",
        "died_at": clock.now(),
        "deliveries": 1,
    }
    bus = f"{runtime.settings.broker_prefix}bus"
    runtime.platform.database.client[bus][f"dead.{name}"].insert_one(grave)
