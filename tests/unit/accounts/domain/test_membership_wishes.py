"""R96: who is wished out is out at once, and scheduling's newest answer decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from staffroll.events import EmployeeState, payload_of
from staffroll_accounts.domain import memberships as rules
from staffroll_accounts.domain.users import Decision, MembershipWish, User
from tests.unit.accounts.builders import NOW, a_cause, a_user

PAUSE = timedelta(seconds=30)


def wish(user: User, *, active: bool) -> Decision:
    return rules.wish(user, active=active, cause=a_cause(), pause=PAUSE)


def answered(user: User, sequence: int, *, employed: bool, number: int) -> User:
    status = "employed" if employed else "not_employed"
    heard = rules.hear(user, sequence, EmployeeState(status, answered_wish=number), a_cause())
    assert heard is not None
    return heard


def test_r96_who_is_to_leave_has_lost_sessions_and_may_not_sign_in() -> None:
    user = a_user()

    decision = wish(user, active=False)

    leaving = decision.user
    assert (leaving.status, leaving.may_sign_in, leaving.is_to_be_active) == (
        "active",
        False,
        False,
    )
    assert leaving.token_generation == user.token_generation + 1
    assert leaving.security.session_epoch == user.security.session_epoch + 1
    assert [event.type for event in decision.events] == [
        "user.sessions-revoked",
        "membership.change-requested",
    ]
    assert payload_of(decision.events[1]).active is False


def test_r96_who_is_to_return_may_sign_in_only_when_scheduling_says_so() -> None:
    decision = wish(a_user(status="deactivated"), active=True)

    assert decision.user.is_to_be_active
    assert not decision.user.may_sign_in
    assert [event.type for event in decision.events] == [
        "user.updated",
        "membership.change-requested",
    ]
    assert decision.user.version == 2


def test_what_is_so_or_wished_already_is_not_wished_again() -> None:
    user, gone = a_user(), a_user(status="deactivated")
    leaving = wish(user, active=False).user

    assert wish(user, active=True) == Decision(user)
    assert wish(gone, active=False) == Decision(gone)
    assert wish(leaving, active=False) == Decision(leaving)


def test_a_later_wish_has_a_higher_number_and_takes_back_the_first() -> None:
    leaving = wish(a_user(), active=False).user

    back = wish(leaving, active=True)

    assert back.events[1].sequence == 2
    assert back.user.may_sign_in
    assert back.user.token_generation == leaving.token_generation


def test_the_answer_to_an_earlier_wish_does_not_answer_the_later_one() -> None:
    back = wish(wish(a_user(), active=False).user, active=True).user

    heard = answered(back, 1, employed=False, number=1)
    assert heard.membership_wish is not None
    assert heard.membership_wish.resend_at is not None
    heard = answered(heard, 2, employed=True, number=2)
    assert heard.membership_wish is not None
    assert heard.membership_wish.resend_at is None


def test_news_that_overtakes_the_answer_contains_it() -> None:
    leaving = wish(a_user(), active=False).user

    heard = answered(leaving, 7, employed=True, number=1)

    assert heard.may_sign_in
    assert rules.hear(heard, 6, EmployeeState("not_employed", answered_wish=1), a_cause()) is None


def test_an_unanswered_wish_is_sent_again_with_growing_pauses_by_who_wished_it() -> None:
    wished = MembershipWish(3, False, "anna", NOW - PAUSE, NOW)
    user = a_user(membership_wish=wished)

    again = rules.wish_again(user, a_cause())

    (event,) = again.events
    assert (event.type, event.sequence, event.actor) == ("membership.change-requested", 3, "anna")
    assert again.user.membership_wish == replace(wished, sent_at=NOW, resend_at=NOW + 2 * PAUSE)
    assert again.user.version == user.version
    assert rules.wish_again(again.user, a_cause()) == Decision(again.user)


@given(st.lists(st.booleans(), max_size=8))
def test_r96_the_newest_wish_is_what_is_shown(wishes: list[bool]) -> None:
    user = a_user()

    for active in wishes:
        user = wish(user, active=active).user

    assert user.is_to_be_active == ([True, *wishes][-1])
    assert user.may_sign_in == user.is_to_be_active
