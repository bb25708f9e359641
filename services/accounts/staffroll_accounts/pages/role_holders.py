"""Who has a role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from staffroll_accounts.actions import AccountsScope, users
from staffroll_accounts.domain.users import User

_NAMED: Final = 8


@dataclass(frozen=True, slots=True)
class Holders:
    """How many have a role, as the tabs of the user list count them."""

    billed: int
    unbilled: int

    @property
    def total(self) -> int:
        return self.billed + self.unbilled


def count(role_id: str, scope: AccountsScope) -> Holders:
    """As of now."""
    everybody = scope.store.users.count_with_role(role_id)
    billed = scope.store.users.count_active_with_role(role_id, but="")
    return Holders(billed, max(0, everybody - billed))


def count_with_nothing_else(role_id: str, scope: AccountsScope) -> int:
    """How many have neither another role nor admin access."""
    return scope.store.users.count_with_role_alone(role_id)


def first_of(role_id: str, scope: AccountsScope) -> list[User]:
    """Some billed users who have it; none where the reader may not see users."""
    if not scope.actor.may("accounts.users:read"):
        return []
    tab = users.find_tab(scope, is_billed=True, terms=(), roles=[role_id], after=None, limit=_NAMED)
    return tab.users
