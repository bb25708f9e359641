"""Security of the whole tenant: who has a second factor, and whether all must (R41)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from staffroll.errors import NotFound, Stale, Unavailable
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.domain import tenants as rules
from staffroll_accounts.domain.tenants import Tenant
from staffroll_accounts.domain.two_factor import Spread, spread_of
from staffroll_accounts.domain.users import SOURCE, User

_TRIES: Final = 10

Standing = Literal["on", "enforced", "off"]
"""Has a second factor; must set one up at the next sign-in; neither."""


@dataclass(frozen=True, slots=True)
class SecurityOverview:
    """How many active users have a second factor, and whether all must have one."""

    enforce_two_factor: bool
    two_factor: Spread


def overview(scope: AccountsScope) -> SecurityOverview:
    """Raises `NotFound` where there is no such tenant."""
    return _overview(_tenant(scope), scope)


def foresee(scope: AccountsScope, *, enforced: bool) -> Spread:
    """How many would stand where, if it were enforced or not. Raises `NotFound`."""
    _tenant(scope)
    return spread_of(scope.store.users.count_second_factors(), tenant_enforces=enforced)


def find_by_factor(
    scope: AccountsScope, state: Standing, *, after: tuple[str, str] | None, limit: int
) -> tuple[list[User], tuple[str, str] | None]:
    """A page of the active users who stand there, in the order of the user list.

    Returns:
        The users, and where the next page begins: sort key and id; None on the last.
    Raises:
        NotFound: There is no such tenant.
    """
    has_one = state == "on"
    is_enforced = None
    if not has_one and not _tenant(scope).enforce_two_factor:
        is_enforced = state == "enforced"
    elif state == "off":
        return [], None
    return scope.store.users.page_by_factor(
        has_one=has_one, is_enforced=is_enforced, after=after, limit=limit
    )


def set_enforcement(scope: AccountsScope, *, enforced: bool) -> SecurityOverview:
    """All users must have a second factor from their next sign-in on, or need not.

    Raises:
        NotFound: There is no such tenant.
        Unavailable: Too many change the tenant at this very moment.
    """
    for _ in range(_TRIES):
        tenant = _tenant(scope)
        decision = rules.enforce_two_factor(tenant, scope.cause(SOURCE), enforced=enforced)
        try:
            kept = scope.store.tenants.save(decision, tenant, scope.now)
        except Stale:
            continue
        return _overview(kept, scope)
    raise Unavailable


def _tenant(scope: AccountsScope) -> Tenant:
    tenant = scope.store.tenants.find()
    if tenant is None:
        raise NotFound
    return tenant


def _overview(tenant: Tenant, scope: AccountsScope) -> SecurityOverview:
    counts = scope.store.users.count_second_factors()
    forced = tenant.enforce_two_factor
    return SecurityOverview(forced, spread_of(counts, tenant_enforces=forced))
