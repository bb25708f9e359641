"""Passwords set, changed, and set by a mailed link: R17, R21, R31, R32."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from staffroll.events import Cause
from staffroll_accounts.domain import password_changes as rules
from staffroll_accounts.domain import reset_tokens, users
from staffroll_accounts.domain.errors import ResetTokenInvalid
from staffroll_accounts.domain.password_changes import NewPassword
from staffroll_accounts.domain.security import Security
from staffroll_accounts.domain.users import MembershipWish, User
from tests.unit.accounts.builders import ID, NOW, a_cause, a_house
from tests.unit.accounts.builders import a_user as plain_user

TOKEN = reset_tokens.make("acme", ID, bytes(32))
NEWER = reset_tokens.make("acme", ID, bytes([1]) * 32)


def a_user(security: dict[str, Any] | None = None, **changes: Any) -> User:
    return plain_user(security=Security(**(security or {})), **changes)


def later(**time: float) -> Cause:
    return replace(a_cause(), now=NOW + timedelta(**time))


def test_r31_an_admin_sets_a_password_and_the_user_is_not_told() -> None:
    user = a_user({"failed_sign_ins": 3, "locked_at": NOW, "session_epoch": 4}, token_generation=7)

    decision = rules.set_by_admin(user, NewPassword("hash"), a_cause(), must_change=True)

    assert decision.user.security.password_hash == "hash"
    assert decision.user.security.must_change_password
    assert decision.user.security.password_changed_at == NOW
    assert (decision.user.token_generation, decision.user.security.session_epoch) == (8, 5)
    assert decision.user.locked
    assert [event.type for event in decision.events] == ["user.sessions-revoked"]
    assert decision.mails == ()
    assert [entry.action for entry in decision.audit] == ["password.set"]


def test_ones_own_change_clears_the_demand_for_it_and_is_told_by_mail() -> None:
    decision = rules.change_own(
        a_user({"must_change_password": True}), NewPassword("hash"), a_cause()
    )

    assert not decision.user.security.must_change_password
    assert [mail.template for mail in decision.mails] == ["password-changed"]
    assert [event.type for event in decision.events] == ["user.sessions-revoked"]


def test_r32_a_link_is_mailed_to_where_the_user_has_their_mail() -> None:
    decision = rules.send_link(a_user(language="de"), TOKEN, "reset", a_cause())

    (mail,) = decision.mails
    assert (mail.to, mail.template, mail.language) == ("anna@x.example", "password-reset", "de")
    assert mail.data["token"] == TOKEN.text
    assert decision.events == ()
    assert decision.user.version == 1
    assert TOKEN.text not in repr(decision)


@pytest.mark.parametrize(
    "purpose, good_for", [("reset", timedelta(hours=1)), ("invitation", timedelta(days=7))]
)
def test_r32_a_link_is_good_for_its_time(purpose: Any, good_for: timedelta) -> None:
    user = rules.send_link(a_user(), TOKEN, purpose, a_cause()).user
    just_before = later(seconds=good_for.total_seconds() - 1)
    then = later(seconds=good_for.total_seconds())

    assert rules.check_link(user, TOKEN, just_before) is user
    with pytest.raises(ResetTokenInvalid):
        rules.check_link(user, TOKEN, then)


def test_r32_a_link_works_once_and_ends_all_sessions() -> None:
    user = rules.send_link(a_user(), TOKEN, "reset", a_cause()).user

    used = rules.use_link(user, NewPassword("hash"), later(minutes=5))

    assert used.user.security.password_hash == "hash"
    assert (used.user.token_generation, used.user.security.session_epoch) == (2, 2)
    assert [mail.template for mail in used.mails] == ["password-changed"]
    with pytest.raises(ResetTokenInvalid):
        rules.check_link(used.user, TOKEN, later(minutes=6))


def test_r32_a_newer_link_voids_the_older() -> None:
    first = rules.send_link(a_user(), TOKEN, "reset", a_cause()).user

    user = rules.send_link(first, NEWER, "reset", later(minutes=1)).user

    with pytest.raises(ResetTokenInvalid):
        rules.check_link(user, TOKEN, later(minutes=2))
    assert rules.check_link(user, NEWER, later(minutes=2)) is user


LEAVING = MembershipWish(1, active=False, actor="system:accounts", sent_at=NOW, resend_at=NOW)


@pytest.mark.parametrize(
    "changes", [{"status": "deactivated"}, {"status": "deleted"}, {"membership_wish": LEAVING}]
)
def test_r32_a_link_of_somebody_who_may_not_sign_in_is_no_good(changes: Any) -> None:
    user = replace(rules.send_link(a_user(), TOKEN, "reset", a_cause()).user, **changes)

    with pytest.raises(ResetTokenInvalid):
        rules.check_link(user, TOKEN, a_cause())


def test_who_was_invited_may_choose_a_password_before_the_first_day() -> None:
    user = a_user(status="deactivated")

    invited = rules.send_link(user, TOKEN, "invitation", a_cause()).user

    assert rules.check_link(invited, TOKEN, a_cause()) is invited


@pytest.mark.parametrize("user", [None, a_user()])
def test_r32_without_a_link_no_token_is_good(user: User | None) -> None:
    with pytest.raises(ResetTokenInvalid):
        rules.check_link(user, TOKEN, a_cause())


def test_r21_completing_a_reset_unlocks_and_both_are_told_in_order() -> None:
    locked = a_user({"failed_sign_ins": 3, "locked_at": NOW})
    user = rules.send_link(locked, TOKEN, "reset", a_cause()).user

    decision = rules.use_link(user, NewPassword("hash"), a_cause())

    assert not decision.user.locked
    assert decision.user.security.failed_sign_ins == 0
    told = [(event.type, event.sequence, event.data["locked"]) for event in decision.events]
    assert told == [("user.sessions-revoked", 2, False), ("user.unlocked", 3, False)]
    assert decision.user.version == 3


def test_r17_the_old_and_the_new_address_are_told_of_a_new_one() -> None:
    user = rules.send_link(a_user(), TOKEN, "reset", a_cause()).user

    decision = users.edit(user, {"email": "new@x.example"}, a_house(), a_cause())

    assert [mail.to for mail in decision.mails] == ["anna@x.example", "new@x.example"]
    assert {mail.template for mail in decision.mails} == {"email-changed"}
    assert decision.mails[0].data["old"] == "anna@x.example"
    assert decision.mails[0].data["email"] == "new@x.example"


def test_a_link_in_the_old_mailbox_is_void_once_the_address_changed() -> None:
    user = rules.send_link(a_user(), TOKEN, "reset", a_cause()).user

    moved = users.edit(user, {"email": "new@x.example"}, a_house(), a_cause()).user

    with pytest.raises(ResetTokenInvalid):
        rules.check_link(moved, TOKEN, a_cause())


def test_other_edits_send_no_mail() -> None:
    assert users.edit(a_user(), {"last_name": "Meier"}, a_house(), a_cause()).mails == ()
