"""Security of the whole tenant: who has a second factor, and whether all must (R41)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from staffroll.errors import NotFound, Stale, Unavailable
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.domain import tenants as rules
from staffroll_accounts.domain.tenants import Tenant
from staffroll_accounts.domain.two_factor import Spread, spread_of
from staffroll_accounts.domain.users import SOURCE

_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class SecurityOverview:
    """How many active users have a second factor, and whether all must have one."""

    enforce_two_factor: bool
    two_factor: Spread


def overview(scope: AccountsScope) -> SecurityOverview:
    """Raises `NotFound` where there is no such tenant."""
    return _overview(_tenant(scope), scope)


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
