"""R20, R21: failures in a row, the lock at the third, and what lifts it."""

from __future__ import annotations

from typing import Any

import pytest

from staffroll_accounts.domain import locking as rules
from staffroll_accounts.domain.security import Security
from tests.unit.accounts.builders import NOW, a_cause, a_user


def failed(times: int, **changes: Any) -> Any:
    return a_user(security=Security(failed_sign_ins=times, **changes))


@pytest.mark.parametrize("before", [0, 1])
def test_r20_the_first_two_failures_are_only_counted(before: int) -> None:
    decision = rules.fail(failed(before), a_cause())

    assert decision.user.security.failed_sign_ins == before + 1
    assert not decision.user.locked
    assert decision.events == decision.mails == ()
    assert decision.user.version == 1


def test_r20_the_third_locks_ends_sessions_and_is_mailed() -> None:
    decision = rules.fail(failed(2), a_cause())

    user = decision.user
    assert user.security.locked_at == NOW
    assert (user.version, user.token_generation, user.security.session_epoch) == (2, 2, 2)
    assert [event.type for event in decision.events] == ["user.locked"]
    assert [mail.template for mail in decision.mails] == ["account-locked"]
    assert [entry.action for entry in decision.audit] == ["sign-in.failed", "user.locked"]


@pytest.mark.parametrize(
    "user",
    [failed(3, locked_at=NOW), a_user(status="deactivated"), a_user(status="deleted")],
    ids=["locked", "deactivated", "deleted"],
)
def test_r20_whoever_cannot_sign_in_anyway_is_not_counted(user: Any) -> None:
    decision = rules.fail(user, a_cause())

    assert decision.user == user
    assert decision.events == decision.audit == ()


def test_r20_a_success_resets_the_count() -> None:
    decision = rules.succeed(failed(2), a_cause())

    assert decision.user.security.failed_sign_ins == 0
    assert [entry.action for entry in decision.audit] == ["sign-in.succeeded"]
    assert decision.events == ()


def test_a_success_after_no_failure_leaves_the_user_as_they_are() -> None:
    user = failed(0)

    assert rules.succeed(user, a_cause()).user == user


def test_r21_unlocking_resets_the_count_and_is_told() -> None:
    decision = rules.unlock(failed(3, locked_at=NOW), a_cause())

    assert not decision.user.locked
    assert decision.user.security.failed_sign_ins == 0
    assert [event.type for event in decision.events] == ["user.unlocked"]
    assert decision.events[0].data["locked"] is False


def test_r21_nothing_is_told_where_nothing_was_locked() -> None:
    decision = rules.unlock(failed(1), a_cause())

    assert decision.user.security.failed_sign_ins == 0
    assert decision.events == decision.audit == ()
