"""Users, decided purely: what they become, and what is told of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll.errors import Invalid
from staffroll.events import Event, payload_of
from staffroll.giving import RoleUnknown
from staffroll_accounts.domain.errors import ChangedMeanwhile
from staffroll_accounts.domain.security import Security
from staffroll_accounts.domain.users import (
    REMEMBERED_REQUESTS,
    check_not_changed_since,
    create,
    edit,
    public_state,
)
from tests.unit.accounts.builders import (
    AGENT,
    ID,
    NOW,
    PLANNER,
    a_cause,
    a_house,
    a_user,
    a_wish,
)


def test_r2_a_new_user_is_told_whole_as_user_created() -> None:
    decision = create(a_wish(roles=(AGENT,)), ID, a_house(), a_cause())

    (event,) = decision.events
    assert (event.type, event.subject, event.sequence) == ("user.created", ID, 1)
    state = payload_of(event)
    assert (state.last_name, state.email, state.roles) == ("Müller", "anna@x.example", [AGENT])
    assert state == public_state(decision.user)


def test_r5_a_new_user_takes_language_and_zone_of_the_tenant() -> None:
    user = create(a_wish(), ID, a_house(), a_cause()).user

    assert (user.language, user.time_zone) == ("en", "Europe/Berlin")


def test_r5_a_new_user_may_have_a_language_and_zone_of_their_own() -> None:
    wish = a_wish(language="de", time_zone="Asia/Kathmandu")

    user = create(wish, ID, a_house(), a_cause()).user

    assert (user.language, user.time_zone) == ("de", "Asia/Kathmandu")


def test_r3_r4_names_and_e_mail_are_tidied() -> None:
    wish = a_wish(last_name=" Mu\u0308ller ", first_name="\tAnna ", email=" anna@x.example ")

    user = create(wish, ID, a_house(), a_cause()).user

    assert (user.last_name, user.first_name, user.email) == ("Müller", "Anna", "anna@x.example")


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wish = a_wish(
        last_name="", first_name="=1", email="nobody", language="fr", time_zone="Mars/Base"
    )

    with pytest.raises(Invalid) as caught:
        create(wish, ID, a_house(), a_cause())

    assert {name: [e.code for e in found] for name, found in caught.value.errors.items()} == {
        "last_name": ["required"],
        "first_name": ["formula_start"],
        "email": ["email_invalid"],
        "language": ["language_not_offered"],
        "time_zone": ["time_zone_unknown"],
    }


def test_r3_the_first_name_may_be_empty_for_who_was_created_elsewhere() -> None:
    assert create(a_wish(first_name=""), ID, a_house(), a_cause()).user.first_name == ""


def test_a_role_that_the_tenant_does_not_have_is_refused() -> None:
    with pytest.raises(RoleUnknown) as caught:
        create(a_wish(roles=(AGENT, "elsewhere")), ID, a_house(), a_cause())

    assert "roles" in caught.value.errors


def test_roles_are_a_set_in_stable_order() -> None:
    user = create(a_wish(roles=(PLANNER, AGENT, PLANNER)), ID, a_house(), a_cause()).user

    assert user.roles == (AGENT, PLANNER)


def test_r7_who_joins_later_begins_deactivated() -> None:
    decision = create(a_wish(), ID, a_house(), a_cause(), active=False)

    assert decision.user.status == "deactivated"
    assert payload_of(decision.events[0]).status == "deactivated"


def test_r2_a_user_remembers_the_wish_that_made_them() -> None:
    decision = create(a_wish(), ID, a_house(), a_cause("q1"), created_in="people")

    assert decision.user.applied_requests == ("q1",)
    assert decision.user.created_in == "people"
    assert decision.events[0].request_id == "q1"


def test_an_edit_makes_one_more_version_and_names_what_changed() -> None:
    decision = edit(
        a_user(version=4), {"first_name": "Anne", "language": "en"}, a_house(), a_cause()
    )

    (event,) = decision.events
    assert (decision.user.version, event.sequence, event.type) == (5, 5, "user.updated")
    assert payload_of(event).changed == ["first_name"]
    assert decision.user.field_versions == {"first_name": 5}


def test_an_edit_that_changes_nothing_tells_nothing() -> None:
    user = a_user(roles=(AGENT, PLANNER))

    decision = edit(user, {"first_name": "Anna", "roles": [PLANNER, AGENT]}, a_house(), a_cause())

    assert decision.user == user
    assert decision.events == ()


def test_a_granted_wish_that_changes_nothing_is_told_all_the_same() -> None:
    decision = edit(a_user(), {"first_name": "Anna"}, a_house(), a_cause("q1"))

    assert decision.user.applied_requests == ("q1",)
    assert len(decision.events) == 1


def test_only_the_newest_wishes_are_remembered() -> None:
    user = a_user()

    for number in range(REMEMBERED_REQUESTS + 5):
        user = edit(user, {"first_name": f"A{number}"}, a_house(), a_cause(f"q{number}")).user

    assert len(user.applied_requests) == REMEMBERED_REQUESTS
    assert user.applied_requests[-1] == f"q{REMEMBERED_REQUESTS + 4}"


def test_r3_r4_an_edit_is_tidied_like_a_creation() -> None:
    changes = {"last_name": " Mu\u0308ller ", "first_name": " Anne", "email": "anne@x.example "}

    user = edit(a_user(), changes, a_house(), a_cause("q1")).user

    assert (user.last_name, user.first_name, user.email) == ("Müller", "Anne", "anne@x.example")


@pytest.mark.parametrize(
    "changes",
    [
        {"last_name": ""},
        {"last_name": "x\0"},
        {"email": "nobody"},
        {"language": "fr"},
        {"time_zone": "Mars/Base"},
    ],
    ids=str,
)
def test_an_edit_obeys_the_rules_of_a_creation(changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        edit(a_user(), changes, a_house(), a_cause())

    assert caught.value.errors.keys() == changes.keys()


def test_an_edit_with_an_unknown_role_is_refused() -> None:
    with pytest.raises(RoleUnknown):
        edit(a_user(), {"roles": ["elsewhere"]}, a_house(), a_cause())


def test_a_user_keeps_a_role_that_is_gone_when_something_else_is_edited() -> None:
    user = a_user(roles=("gone",))

    assert edit(user, {"first_name": "Anne"}, a_house(), a_cause()).user.roles == ("gone",)


def test_r15_a_field_that_changed_since_it_was_read_is_named() -> None:
    user = edit(a_user(version=1), {"email": "b@x.example"}, a_house(), a_cause()).user

    with pytest.raises(ChangedMeanwhile) as caught:
        check_not_changed_since(user, ["email", "first_name"], 1)

    assert caught.value.errors.keys() == {"email"}


def test_r15_a_change_of_another_field_does_not_matter() -> None:
    user = edit(a_user(version=1), {"email": "b@x.example"}, a_house(), a_cause()).user

    check_not_changed_since(user, ["first_name"], 1)
    check_not_changed_since(user, ["email"], 2)


@given(st.lists(st.sampled_from(["A", "B", "C"]), max_size=8))
def test_versions_count_the_changes_that_were_told(names: list[str]) -> None:
    user = a_user(first_name="A")
    told: list[Event] = []

    for name in names:
        decision = edit(user, {"first_name": name}, a_house(), a_cause())
        user = decision.user
        told += decision.events

    assert [event.sequence for event in told] == list(range(2, user.version + 1))


def test_r61_nothing_personal_is_told_of_a_deleted_user() -> None:
    state = public_state(a_user(status="deleted", version=9, roles=(AGENT,), is_admin=True))

    assert (state.first_name, state.last_name, state.email, state.roles) == ("", "", "", [])
    assert state.status == "deleted"


def test_a_password_hash_is_neither_told_nor_shown() -> None:
    user = a_user(security=Security(password_hash="$argon2id$hush"))

    assert "hush" not in repr(user)
    assert "hush" not in repr(public_state(user))


def test_creation_happens_at_the_moment_of_the_cause() -> None:
    assert create(a_wish(), ID, a_house(), a_cause()).user.created_at == NOW
    assert public_state(a_user()).created_at == "2026-11-24T08:30:00Z"
