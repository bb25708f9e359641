"""What is due, over all tenants: steps that began in a request and go on without it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

from staffroll import clock
from staffroll.errors import Conflict, NotFound, Stale, Unavailable
from staffroll.mongo.purging import Purge
from staffroll.runtime import Runtime
from staffroll.scope import Actor, Scope
from staffroll_accounts.actions import AccountsScope, roles
from staffroll_accounts.here import store_of, tenants_of
from staffroll_accounts.store.roles import going_roles, outgrown_roles
from staffroll_accounts.store.tenants import COLLECTION as TENANTS


def _scope(runtime: Runtime, tenant_id: str) -> AccountsScope:
    return Scope(tenant_id, Actor.system("accounts"), store_of(runtime, tenant_id), clock.now())


class AdminMending:
    """Mends the set of admins where a crash fell between it and the user (R16).

    A change that is under way looks the same for a moment, so that only what stays as it is
    for `grace_seconds` is mended; counting one too few refuses, counting one too many would
    lose the last admin.
    """

    def __init__(self, runtime: Runtime, grace_seconds: float = 60.0) -> None:
        self._runtime = runtime
        self._grace = grace_seconds
        self._seen: dict[tuple[str, str, int], float] = {}

    def run(self) -> None:
        """Look at every tenant once."""
        seen, self._seen = self._seen, {}
        for tenant in tenants_of(self._runtime):
            if tenant.status != "deleted":
                self._mend(tenant.id, seen)

    def _mend(self, tenant_id: str, seen: dict[tuple[str, str, int], float]) -> None:
        store = store_of(self._runtime, tenant_id)
        counted, real = store.tenants.admins(), store.users.admins()
        now = time.monotonic()
        for user_id in counted ^ real.keys():
            key = (tenant_id, user_id, real.get(user_id, 0))
            since = seen.get(key, now)
            if now - since < self._grace:
                self._seen[key] = since
            elif user_id in counted:
                store.tenants.forget_admin(user_id)
            else:
                store.tenants.add_admin(user_id)


def erase_tenants(runtime: Runtime) -> Purge:
    """Erases what accounts has of deleted tenants, but for their tombstones."""

    def deleted() -> Iterator[str]:
        return (one.id for one in list(tenants_of(runtime)) if one.status == "deleted")

    return Purge(runtime.platform, deleted, keep=[TENANTS])


def finish_roles(runtime: Runtime) -> None:
    """Go on taking away the roles that were deleted."""
    for tenant_id, role_id in going_roles(runtime.platform):
        with suppress(Stale, NotFound, Unavailable):
            roles.finish(role_id, _scope(runtime, tenant_id))


def grow_roles(runtime: Runtime) -> None:
    """Give roles what their category has gained with this version of the product (R70)."""
    for tenant_id, role_id in outgrown_roles(runtime.platform):
        with suppress(Stale, Conflict, Unavailable):
            roles.grow(role_id, _scope(runtime, tenant_id))
