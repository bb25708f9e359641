"""Unlocking accounts that failed sign-ins locked (R21)."""

from __future__ import annotations

from collections.abc import Callable

from staffroll.errors import NotFound
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions.changing import change
from staffroll_accounts.domain import locking as rules
from staffroll_accounts.domain.users import SOURCE, Decision, User


def unlock(user_id: str, scope: AccountsScope, check: Callable[[User], None]) -> User:
    """The user, who may sign in again.

    Args:
        check: Raises where the actor may not act for the user.
    Raises:
        NotFound, Unavailable, and what `check` raises.
    """
    cause = scope.cause(SOURCE)

    def decide(user: User) -> Decision:
        check(user)
        return rules.unlock(user, cause)

    return change(user_id, scope, decide)


def unlock_by_email(email: str, scope: AccountsScope) -> User:
    """As `unlock`, for the platform team.

    Raises:
        NotFound: Nobody in the tenant has this e-mail.
    """
    user = scope.store.users.find_by_email(email)
    if user is None:
        raise NotFound
    return unlock(user.id, scope, lambda _: None)
