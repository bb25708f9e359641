"""Changing one user by a rule, however many change them at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from staffroll.errors import Stale, Unavailable
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.domain.users import Decision, User

_TRIES: Final = 10


def change(
    user_id: str,
    scope: AccountsScope,
    decide: Callable[[User], Decision],
    *,
    although_full: bool = False,
) -> User:
    """The user as `decide` wants them, kept; where somebody was quicker, decided again.

    Args:
        although_full: However much waits for the broker, for what must not be put off.
    Raises:
        NotFound: There is no such user, or not any more; and whatever `decide` raises.
        Unavailable: Too many change the user at this very moment.
    """
    for _ in range(_TRIES):
        user = scope.store.users.get(user_id)
        try:
            decision = decide(user)
            return scope.store.users.save(decision, user, scope.now, although_full=although_full)
        except Stale:
            continue
    raise Unavailable
