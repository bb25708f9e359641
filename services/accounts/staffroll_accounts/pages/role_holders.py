"""Who has a role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def count_each(role_ids: Sequence[str], scope: AccountsScope) -> dict[str, Holders]:
    """By role, as the user list counts; of many, as of some seconds ago."""
    counted = scope.store.users.count_many_with_roles(role_ids)
    return {role_id: _holders(by_status) for role_id, by_status in counted.items()}


def count(role_id: str, scope: AccountsScope) -> Holders:
    """Of one role, as of now."""
    return _holders(scope.store.users.count_with_roles([role_id])[role_id])


def _holders(by_status: Mapping[str, int]) -> Holders:
    return Holders(by_status.get("active", 0), by_status.get("deactivated", 0))


def count_with_nothing_else(role_id: str, scope: AccountsScope) -> int:
    """How many have neither another role nor admin access."""
    return scope.store.users.count_with_role_alone(role_id)


def first_of(role_id: str, scope: AccountsScope) -> list[User]:
    """Some billed users who have it; none where the reader may not see users."""
    if not scope.actor.may("accounts.users:read"):
        return []
    tab = users.find_tab(scope, is_billed=True, terms=(), roles=[role_id], after=None, limit=_NAMED)
    return tab.users
