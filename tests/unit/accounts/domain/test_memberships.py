from dataclasses import replace
from datetime import timedelta

import pytest

from staffroll.events import EmployeeState
from staffroll_accounts.domain import memberships as rules
from staffroll_accounts.domain.security import PasswordReset, Security
from staffroll_accounts.domain.users import Scheduled
from tests.unit.accounts.builders import AGENT, NOW, a_cause, a_user

EMPLOYED, GONE = EmployeeState(status="employed"), EmployeeState(status="not_employed")
SECURITY = Security(password_hash="h", failed_sign_ins=3, locked_at=NOW, session_epoch=4)


def test_bus_5_only_newer_news_is_heard() -> None:
    user = a_user(scheduled=Scheduled(seen=7, is_employed=True))

    heard = rules.hear(user, 8, replace(GONE, future_shifts=3), a_cause())

    assert heard is not None
    assert heard.scheduled == Scheduled(8, is_employed=False, future_shifts=3, heard_at=NOW)
    assert replace(heard, scheduled=user.scheduled) == user
    assert [rules.hear(user, version, GONE, a_cause()) for version in (6, 7)] == [None, None]


def test_r61_of_somebody_deleted_nothing_is_heard() -> None:
    deleted = EmployeeState(status="deleted")

    assert rules.hear(a_user(status="deleted"), 9, EMPLOYED, a_cause()) is None
    assert rules.hear(a_user(), 9, deleted, a_cause()) is None


@pytest.mark.parametrize(
    "status, is_employed, leaving, returning",
    [
        ("active", False, True, False),
        ("active", True, False, False),
        ("active", None, False, False),
        ("deactivated", True, False, True),
        ("deactivated", False, False, False),
        ("deactivated", None, False, False),
        ("deleted", False, False, False),
        ("deleted", True, False, False),
    ],
)
def test_r50_the_membership_decides_who_leaves_and_who_returns(
    status: str, is_employed: bool | None, leaving: bool, returning: bool
) -> None:
    user = a_user(status=status, scheduled=Scheduled(1, is_employed))

    assert (rules.is_leaving(user), rules.is_returning(user)) == (leaving, returning)


def test_r51_sessions_tokens_and_links_end_with_the_membership() -> None:
    reset = PasswordReset(hash="t", purpose="reset", expires_at=NOW)
    user = a_user(roles=(AGENT,), security=replace(SECURITY, reset=reset))

    decision = rules.deactivate(user, a_cause())

    gone = decision.user
    assert (gone.status, gone.version, gone.token_generation) == ("deactivated", 2, 2)
    assert gone.security == replace(SECURITY, session_epoch=5)
    assert gone.roles == user.roles
    assert [event.type for event in decision.events] == ["user.deactivated"]
    assert [entry.action for entry in decision.audit] == ["user.deactivated"]


def test_r52_only_the_lock_and_its_count_are_gone_when_somebody_returns() -> None:
    user = a_user(status="deactivated", roles=(AGENT,), security=SECURITY)

    decision = rules.reactivate(user, a_cause())

    assert decision.user == replace(
        user,
        status="active",
        version=2,
        security=replace(SECURITY, failed_sign_ins=0, locked_at=None),
    )
    (event,) = decision.events
    assert (event.type, event.data["changed"]) == ("user.reactivated", ["locked", "status"])


def test_r64_a_wish_is_newer_than_any_that_was_answered_before_accounts_was_put_back() -> None:
    answered = replace(EMPLOYED, answered_wish=4)
    user = rules.hear(a_user(), 8, answered, a_cause())
    assert user

    decision = rules.wish(user, active=False, cause=a_cause(), pause=timedelta(seconds=30))

    assert decision.user.membership_wish
    assert decision.user.membership_wish.number == 5
