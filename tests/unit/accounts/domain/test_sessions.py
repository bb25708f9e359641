"""Sessions: when they run, what a refresh token means, what must be done first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from staffroll_accounts.domain import sessions as rules
from staffroll_accounts.domain.security import Security, TwoFactor
from staffroll_accounts.domain.sessions import Lifetime, Session
from tests.unit.accounts.builders import ID, NOW, a_cause, a_user

LIFETIME = Lifetime(idle=timedelta(days=14), longest=timedelta(days=30))


def a_session(user: Any = None, **options: Any) -> Session:
    known: dict[str, Any] = {"must_set_up": False, "address": "192.0.2.1", "user_agent": "Browser"}
    return rules.begin(ID, user or a_user(), NOW, LIFETIME, **{**known, **options})


def with_security(**changes: Any) -> Any:
    return a_user(security=Security(**changes))


def test_a_new_session_runs_until_it_was_not_used_for_long() -> None:
    session, user = a_session(), a_user()

    assert rules.is_running(session, user, NOW + timedelta(days=13, hours=23))
    assert not rules.is_running(session, user, NOW + timedelta(days=14))


def test_using_a_session_prolongs_it_up_to_its_longest_life() -> None:
    session = a_session()

    for day in range(1, 30):
        session = rules.rotate(session, NOW + timedelta(days=day), LIFETIME, None)

    assert session.counter == 30
    assert session.expires_at == NOW + timedelta(days=30)


@pytest.mark.parametrize(
    "user",
    [
        a_user(status="deactivated"),
        a_user(status="deleted"),
        with_security(locked_at=NOW),
        with_security(session_epoch=2),
        a_user(id="0197a000-0000-7000-8000-00000000000b"),
    ],
    ids=["deactivated", "deleted", "locked", "epoch", "somebody else"],
)
def test_a_session_does_not_run_for_whoever_may_not_be_here(user: Any) -> None:
    assert not rules.is_running(a_session(), user, NOW)


def test_an_ended_session_does_not_run() -> None:
    assert not rules.is_running(replace(a_session(), ended_at=NOW), a_user(), NOW)


@pytest.mark.parametrize(
    ("counter", "seconds", "judgement"),
    [
        (5, 0, "newest"),
        (5, 10_000, "newest"),
        (4, 0, "previous"),
        (4, 10, "previous"),
        (4, 10.001, "reused"),
        (3, 0, "reused"),
        (0, 0, "reused"),
        (6, 0, "reused"),
    ],
)
def test_what_a_refresh_token_means(counter: int, seconds: float, judgement: str) -> None:
    session = replace(a_session(), counter=5)

    assert rules.judge(session, counter, NOW + timedelta(seconds=seconds)) == judgement


def test_what_must_be_done_first_is_lifted_when_it_is_done() -> None:
    before = with_security(must_change_password=True)
    factor = TwoFactor(sealed_seed=b"x", enabled_at=NOW)

    session = a_session(before, must_set_up=True)

    both = {rules.CHANGE_PASSWORD, rules.SET_UP_TWO_FACTOR}
    assert rules.narrowed_to(session, before) == both
    assert rules.narrowed_to(session, with_security()) == {rules.SET_UP_TWO_FACTOR}
    assert rules.narrowed_to(session, with_security(two_factor=factor)) is None


def test_a_session_that_was_free_stays_so_until_the_next_sign_in() -> None:
    session = a_session()

    assert rules.narrowed_to(session, with_security(must_change_password=True)) is None


@pytest.mark.parametrize(("all_of_them", "epoch"), [(False, 1), (True, 2)])
def test_what_ends_sessions_is_told_in_the_same_decision(*, all_of_them: bool, epoch: int) -> None:
    user = a_user(version=4)

    decision = rules.revoke(user, a_cause(), "sessions.ended", all_of_them=all_of_them)

    (event,) = decision.events
    assert (event.type, event.sequence) == ("user.sessions-revoked", 5)
    assert event.data["token_generation"] == decision.user.token_generation == 2
    assert decision.user.security.session_epoch == epoch
    assert [entry.action for entry in decision.audit] == ["sessions.ended"]


def test_a_long_user_agent_is_shortened() -> None:
    assert len(a_session(user_agent="x" * 5_000).user_agent) == 200


def test_moments_are_those_of_the_sign_in() -> None:
    session = a_session()

    assert session.created_at == session.rotated_at == session.authenticated_at == NOW
    assert datetime(2026, 11, 24, 8, 30, tzinfo=UTC) == NOW
