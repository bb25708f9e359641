"""What other services wish of accounts, and how each wish is answered, once and for all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from staffroll import clock
from staffroll.bus.applying import Reject
from staffroll.events import Event, payload_of
from staffroll.ids import new_id
from staffroll_accounts.actions import tenants
from tests.support.accounts import Accounts, Tenant, a_user

NOBODY = "0197a000-0000-7000-8000-00000000000a"


def _wish(**changes: Any) -> dict[str, Any]:
    return {"attempt": 1, **a_user(), **changes}


def _user(tenant: Tenant, user_id: str) -> dict[str, Any] | None:
    response = tenant.get(f"/v1/users/{user_id}")
    return response.json if response.status_code == 200 else None


def _ask(tenant: Tenant, wish: Event) -> list[Event]:
    """Hand the wish over and give all that was said in answer so far."""
    tenant.accounts.handle(wish)
    assert wish.request_id is not None
    return tenant.answers(wish.request_id)


def _codes(answers: list[Event]) -> list[str]:
    return [payload_of(event).code for event in answers]


def test_r2_a_wished_user_is_made_under_the_id_that_was_given(lonely_tenant: Tenant) -> None:
    id_ = new_id()
    wish = lonely_tenant.wish("user.requested", id_, _wish(email="anna@x.example"))

    (answer,) = _ask(lonely_tenant, wish)

    assert (answer.type, answer.subject, answer.sequence) == ("user.created", id_, 1)
    assert payload_of(answer).applied_requests == [wish.request_id]
    user = _user(lonely_tenant, id_)
    assert user is not None
    assert (user["email"], user["created_in"]) == ("anna@x.example", "people")


def test_a_late_wish_for_a_deleted_tenant_makes_nobody(accounts: Accounts) -> None:
    tenant = accounts.tenant()
    id_ = new_id()
    wish = tenant.wish("user.requested", id_, _wish())
    tenants.delete(accounts.scope(tenant.id))

    assert _ask(tenant, wish) == []

    assert accounts.runtime.platform["users"].find_one({"_id": id_}) is None


def test_r7_a_wished_user_gets_the_agent_role_unless_others_are_named(
    lonely_tenant: Tenant,
) -> None:
    plain, named, none = (new_id() for _ in range(3))
    planner = lonely_tenant.role("Planner")

    for id_, changes in ((plain, {}), (named, {"roles": [planner]}), (none, {"roles": []})):
        _ask(lonely_tenant, lonely_tenant.wish("user.requested", id_, _wish(**changes)))

    assert _roles(lonely_tenant, plain) == [lonely_tenant.role("Agent")]
    assert _roles(lonely_tenant, named) == [planner]
    assert _roles(lonely_tenant, none) == []


def test_r7_who_joins_later_is_made_deactivated(lonely_tenant: Tenant) -> None:
    id_ = new_id()

    _ask(lonely_tenant, lonely_tenant.wish("user.requested", id_, _wish(active=False)))

    user = _user(lonely_tenant, id_)
    assert user is not None
    assert user["status"] == "deactivated"


def test_r3_a_wished_user_needs_no_first_name(lonely_tenant: Tenant) -> None:
    id_ = new_id()
    data = _wish()
    del data["first_name"]

    (answer,) = _ask(lonely_tenant, lonely_tenant.wish("user.requested", id_, data))

    assert answer.type == "user.created"


def test_f2_a_granted_wish_that_comes_again_is_told_again_and_changes_nothing(
    lonely_tenant: Tenant,
) -> None:
    id_ = new_id()
    wish = lonely_tenant.wish("user.requested", id_, _wish())
    (first,) = _ask(lonely_tenant, wish)
    before = _user(lonely_tenant, id_)

    _, second = _ask(lonely_tenant, wish)

    assert _user(lonely_tenant, id_) == before
    assert (second.type, second.sequence) == ("user.updated", 1)
    assert {**second.data, "changed": []} == {**first.data, "changed": []}


def test_f2_a_granted_wish_is_told_again_after_the_user_changed(lonely_tenant: Tenant) -> None:
    id_ = new_id()
    wish = lonely_tenant.wish("user.requested", id_, _wish(email="anna@x.example"))
    _ask(lonely_tenant, wish)
    lonely_tenant.patch(f"/v1/users/{id_}", {"email": "new@x.example"})
    lonely_tenant.create(email="anna@x.example")

    answers = _ask(lonely_tenant, wish)

    assert answers[-1].type == "user.updated"
    assert payload_of(answers[-1]).email == "new@x.example"


def test_r4_a_wish_for_a_taken_e_mail_is_refused_with_its_reason(lonely_tenant: Tenant) -> None:
    id_ = new_id()
    wish = lonely_tenant.wish("user.requested", id_, _wish(email="ADMIN@x.example"))

    (answer,) = _ask(lonely_tenant, wish)

    assert (answer.type, answer.subject) == ("request.rejected", id_)
    rejection = payload_of(answer)
    assert (rejection.code, rejection.attempt) == ("email_taken", 1)
    assert rejection.errors["email"][0]["code"] == "email_taken"
    assert _user(lonely_tenant, id_) is None


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"last_name": ""}, "invalid", "last_name"),
        ({"last_name": "=1+1"}, "invalid", "last_name"),
        ({"last_name": "x;=1+1"}, "invalid", "last_name"),
        ({"email": "nobody"}, "invalid", "email"),
        ({"language": "tlh"}, "invalid", "language"),
        ({"time_zone": "Mars/Base"}, "invalid", "time_zone"),
        ({"roles": ["elsewhere"]}, "role_unknown", "roles"),
    ],
)
def test_r6_a_wish_that_breaks_a_rule_is_refused_by_field(
    lonely_tenant: Tenant, changes: dict[str, Any], code: str, field: str
) -> None:
    (answer,) = _ask(
        lonely_tenant, lonely_tenant.wish("user.requested", new_id(), _wish(**changes))
    )

    assert payload_of(answer).code == code
    assert payload_of(answer).errors.keys() == {field}


def test_a_refused_wish_stays_refused_though_the_e_mail_became_free(lonely_tenant: Tenant) -> None:
    taken = lonely_tenant.create(email="anna@x.example")
    id_ = new_id()
    wish = lonely_tenant.wish("user.requested", id_, _wish(email="anna@x.example"))
    _ask(lonely_tenant, wish)
    lonely_tenant.patch(f"/v1/users/{taken['id']}", {"email": "other@x.example"})

    answers = _ask(lonely_tenant, wish)

    assert _codes(answers) == ["email_taken", "email_taken"]
    assert _user(lonely_tenant, id_) is None


def test_a_refusal_that_comes_late_does_not_replace_that_of_a_newer_attempt(
    lonely_tenant: Tenant,
) -> None:
    wish = lonely_tenant.wish("user.requested", new_id(), _wish(attempt=2, email="no address"))
    (answer,) = _ask(lonely_tenant, wish)
    assert wish.request_id is not None
    refusals = lonely_tenant.accounts.scope(lonely_tenant.id).store.refusals
    older = replace(payload_of(answer), attempt=1)

    refusals.say(wish.request_id, older, answer, clock.now())

    kept = refusals.find(wish.request_id)
    assert kept is not None
    assert kept.attempt == 2
    assert len(lonely_tenant.answers(wish.request_id)) == 1


def test_r6_a_corrected_wish_succeeds(lonely_tenant: Tenant) -> None:
    id_ = new_id()
    wish = lonely_tenant.wish("user.requested", id_, _wish(email="admin@x.example"))
    _ask(lonely_tenant, wish)
    corrected = _again(lonely_tenant, wish, attempt=2, email="anna@x.example")

    answers = _ask(lonely_tenant, corrected)

    assert {event.type for event in answers} == {"user.created", "request.rejected"}
    user = _user(lonely_tenant, id_)
    assert user is not None
    assert user["email"] == "anna@x.example"


def test_r6_a_correction_that_is_refused_too_says_so_for_its_own_attempt(
    lonely_tenant: Tenant,
) -> None:
    wish = lonely_tenant.wish("user.requested", new_id(), _wish(email="admin@x.example"))
    _ask(lonely_tenant, wish)

    answers = _ask(lonely_tenant, _again(lonely_tenant, wish, attempt=2, email="nobody"))

    assert [(payload_of(e).attempt, payload_of(e).code) for e in answers] == [
        (1, "email_taken"),
        (2, "invalid"),
    ]


def test_f7_an_earlier_attempt_that_comes_late_is_ignored(lonely_tenant: Tenant) -> None:
    id_ = new_id()
    first = lonely_tenant.wish("user.requested", id_, _wish(email="late@x.example"))
    second = _again(lonely_tenant, first, attempt=2, email="admin@x.example")
    _ask(lonely_tenant, second)

    answers = _ask(lonely_tenant, first)

    assert _codes(answers) == ["email_taken"]
    assert _user(lonely_tenant, id_) is None


def test_f7_an_earlier_attempt_after_a_granted_one_changes_nothing(lonely_tenant: Tenant) -> None:
    id_ = new_id()
    first = lonely_tenant.wish("user.requested", id_, _wish(email="admin@x.example"))
    _ask(lonely_tenant, _again(lonely_tenant, first, attempt=2, email="anna@x.example"))

    answers = _ask(lonely_tenant, first)

    assert [event.type for event in answers] == ["user.created", "user.updated"]
    user = _user(lonely_tenant, id_)
    assert user is not None
    assert user["email"] == "anna@x.example"


def test_r61_a_wish_does_not_bring_a_deleted_user_back(lonely_tenant: Tenant) -> None:
    id_ = new_id()
    wish = lonely_tenant.wish("user.requested", id_, _wish())
    _ask(lonely_tenant, wish)
    _bury(lonely_tenant, id_)

    answers = _ask(lonely_tenant, wish)

    assert answers[-1].type == "user.deleted"
    assert payload_of(answers[-1]).email == ""
    assert _user(lonely_tenant, id_) is None


def test_r1_a_wish_stays_in_its_own_tenant(lonely: Accounts, lonely_tenant: Tenant) -> None:
    other = lonely.tenant()
    user = lonely_tenant.create()

    stolen = other.wish(
        "user.change-requested",
        user["id"],
        {"attempt": 1, "base_version": 1, "fields": {"first_name": "Stolen"}},
    )
    (answer,) = _ask(other, stolen)

    assert payload_of(answer).code == "not_found"
    assert _user(lonely_tenant, user["id"]) == user


def test_r1_a_wish_under_an_id_of_another_tenant_is_refused(
    lonely: Accounts, lonely_tenant: Tenant
) -> None:
    other = lonely.tenant()
    user = lonely_tenant.create()

    (answer,) = _ask(other, other.wish("user.requested", user["id"], _wish()))

    assert payload_of(answer).code == "conflict"
    assert other.get("/v1/users").json["total"] == 1
    assert _user(lonely_tenant, user["id"]) == user


def test_a_wish_in_a_tenant_that_is_not_there_is_refused(lonely_tenant: Tenant) -> None:
    nowhere = Tenant(lonely_tenant.accounts, "no-such-tenant", lonely_tenant.admin_id)

    (answer,) = _ask(nowhere, nowhere.wish("user.requested", new_id(), _wish()))

    assert payload_of(answer).code == "not_found"


def test_a_change_wish_is_granted_and_remembered(lonely_tenant: Tenant) -> None:
    user = lonely_tenant.create()
    wish = _change(lonely_tenant, user, {"first_name": " Anne", "email": "anne@x.example "})

    (answer,) = _ask(lonely_tenant, wish)

    state = payload_of(answer)
    assert (state.first_name, state.email) == ("Anne", "anne@x.example")
    assert state.applied_requests == [wish.request_id]
    assert answer.sequence == 2


def test_f2_a_change_wish_that_comes_again_is_told_again_and_not_applied_again(
    lonely_tenant: Tenant,
) -> None:
    user = lonely_tenant.create()
    wish = _change(lonely_tenant, user, {"first_name": "Anne"})
    _ask(lonely_tenant, wish)
    lonely_tenant.patch(f"/v1/users/{user['id']}", {"first_name": "Annie"})

    answers = _ask(lonely_tenant, wish)

    assert payload_of(answers[-1]).first_name == "Annie"
    assert answers[-1].sequence == 3


def test_a_change_wish_that_changes_nothing_is_answered(lonely_tenant: Tenant) -> None:
    user = lonely_tenant.create()

    (answer,) = _ask(lonely_tenant, _change(lonely_tenant, user, {"first_name": "Anna"}))

    assert payload_of(answer).applied_requests != []


def test_r15_a_change_wish_does_not_overwrite_a_newer_value(lonely_tenant: Tenant) -> None:
    user = lonely_tenant.create()
    lonely_tenant.patch(f"/v1/users/{user['id']}", {"first_name": "Annie"})
    wish = _change(lonely_tenant, user, {"first_name": "Anne", "last_name": "Meier"})

    (answer,) = _ask(lonely_tenant, wish)

    rejection = payload_of(answer)
    assert (rejection.code, rejection.errors.keys()) == ("changed_meanwhile", {"first_name"})
    now = _user(lonely_tenant, user["id"])
    assert now is not None
    assert (now["first_name"], now["last_name"]) == ("Annie", user["last_name"])


def test_r15_a_change_wish_for_another_field_is_granted(lonely_tenant: Tenant) -> None:
    user = lonely_tenant.create()
    lonely_tenant.patch(f"/v1/users/{user['id']}", {"first_name": "Annie"})

    (answer,) = _ask(lonely_tenant, _change(lonely_tenant, user, {"last_name": "Meier"}))

    state = payload_of(answer)
    assert (state.first_name, state.last_name) == ("Annie", "Meier")


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"email": "admin@x.example"}, "email_taken"), ({"last_name": "\x07"}, "invalid")],
)
def test_a_refused_change_wish_changes_nothing_and_is_remembered(
    lonely_tenant: Tenant, fields: dict[str, str], code: str
) -> None:
    user = lonely_tenant.create()
    wish = _change(lonely_tenant, user, fields)

    _ask(lonely_tenant, wish)
    answers = _ask(lonely_tenant, wish)

    assert _codes(answers) == [code, code]
    assert _user(lonely_tenant, user["id"]) == user


def test_r16_a_change_wish_grants_neither_admin_access_nor_roles(lonely_tenant: Tenant) -> None:
    user = lonely_tenant.create()
    fields = {"is_admin": "yes", "roles": lonely_tenant.role("Planner"), "status": "deleted"}

    _ask(lonely_tenant, _change(lonely_tenant, user, {**fields, "first_name": "Anne"}))

    now = _user(lonely_tenant, user["id"])
    assert now is not None
    assert {**now, "version": 1} == {**user, "first_name": "Anne"}


def test_r61_a_change_wish_for_a_deleted_user_is_refused(lonely_tenant: Tenant) -> None:
    user = lonely_tenant.create()
    _bury(lonely_tenant, user["id"])

    (answer,) = _ask(lonely_tenant, _change(lonely_tenant, user, {"first_name": "Anne"}))

    assert payload_of(answer).code == "not_found"


def test_r9_the_answer_names_who_wished_and_the_request_that_caused_it(
    lonely_tenant: Tenant,
) -> None:
    wish = lonely_tenant.wish("user.requested", new_id(), _wish(), correlation_id="c-1")

    (answer,) = _ask(lonely_tenant, wish)

    assert answer.actor == lonely_tenant.admin_id
    assert answer.correlation_id == "c-1"


@pytest.mark.parametrize("id_", ["nobody", f"{NOBODY}\n", NOBODY.upper(), "{'$ne': null}"])
def test_f5_a_wish_for_what_is_no_id_goes_to_the_dead_letters(
    lonely_tenant: Tenant, id_: str
) -> None:
    wish = lonely_tenant.wish("user.requested", id_, _wish())

    with pytest.raises(Reject):
        lonely_tenant.accounts.handle(wish)

    assert lonely_tenant.get("/v1/users").json["total"] == 1


def test_what_accounts_does_not_act_on_changes_nothing(lonely_tenant: Tenant) -> None:
    before = lonely_tenant.accounts.dump()

    for event_type in ("person.updated", "novelty.happened"):
        lonely_tenant.accounts.handle(lonely_tenant.wish(event_type, new_id(), {}))

    assert lonely_tenant.accounts.dump() == before


@pytest.mark.parametrize("whose", ["another", "own"])
def test_r17_an_email_that_leads_to_admin_access_is_not_changed_by_a_wish(
    lonely_tenant: Tenant, whose: str
) -> None:
    created = lonely_tenant.create(is_admin=True)
    user = created if whose == "another" else _user(lonely_tenant, lonely_tenant.admin_id)
    assert user is not None

    (refused,) = _ask(lonely_tenant, _change(lonely_tenant, user, {"email": "thief@x.example"}))
    (renamed,) = _ask(lonely_tenant, _change(lonely_tenant, user, {"first_name": "Eva"}))

    assert payload_of(refused).code == "email_elsewhere"
    assert payload_of(refused).errors.keys() == {"email"}
    assert renamed.type == "user.updated"
    after = _user(lonely_tenant, user["id"])
    assert after is not None
    assert (after["email"], after["first_name"]) == (user["email"], "Eva")


def _roles(tenant: Tenant, user_id: str) -> list[str]:
    user = _user(tenant, user_id)
    assert user is not None
    roles: list[str] = user["roles"]
    return roles


def _change(tenant: Tenant, user: dict[str, Any], fields: dict[str, str]) -> Event:
    data = {"attempt": 1, "base_version": user["version"], "fields": fields}
    return tenant.wish("user.change-requested", user["id"], data)


def _again(tenant: Tenant, wish: Event, **changes: Any) -> Event:
    data = {**wish.data, **changes}
    return tenant.wish(wish.type, wish.subject, data, request_id=wish.request_id)


def _bury(tenant: Tenant, user_id: str) -> None:
    """Leave what a deletion leaves: a tombstone without personal data."""
    tenant.accounts.runtime.platform.database["users"].update_one(
        {"tenant_id": tenant.id, "_id": user_id},
        {
            "$set": {"status": "deleted", "first_name": "", "last_name": "", "email": ""},
            "$inc": {"version": 1},
            "$unset": {"email_key": ""},
        },
    )
