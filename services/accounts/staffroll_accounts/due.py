"""What is due, over all tenants: steps that began in a request and go on without it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from staffroll import clock
from staffroll.bus import Broker, BrokerAway
from staffroll.bus.topology import SERVICES, events_queue
from staffroll.erasing import Erasing, audit_settled, job_files_erased
from staffroll.errors import Conflict, NotFound, OutboxFull, Stale, Unavailable
from staffroll.jobs import Job, JobRunner, Progress, acting
from staffroll.mongo.erasing import Due
from staffroll.mongo.purging import Purge
from staffroll.runtime import Runtime
from staffroll.scope import Actor, Scope
from staffroll_accounts.actions import (
    AccountsScope,
    deletion,
    imports,
    memberships,
    roles,
    sessions,
)
from staffroll_accounts.domain.imports import KIND as IMPORT
from staffroll_accounts.here import settings_of, store_of, tenants_of
from staffroll_accounts.store import AUDITED
from staffroll_accounts.store.roles import going_roles, outgrown_roles
from staffroll_accounts.store.sessions import unfinished_endings
from staffroll_accounts.store.tenants import COLLECTION as TENANTS
from staffroll_accounts.store.tombstones import untold
from staffroll_accounts.store.users import COLLECTION as USERS
from staffroll_accounts.store.users import leaving_users

_UNDER_WAY_FOR: Final = timedelta(seconds=10)
"""How long whoever began something may need to finish it."""

_SIGNING_IN_FOR: Final = timedelta(seconds=5)
"""How long after a deletion a session that began before it may still be written."""

_LAG_SECONDS: Final = 10.0
"""An import waits while news that is not sent yet is older than this."""

_SUSPENDED_SECONDS: Final = 60

_MAY_WAIT: Final = 100
_HEARD_PER_SECOND: Final = 100
_PAUSE_MAX_SECONDS: Final = 10.0
"""Where a service hears nothing at all, an import goes on slowly all the same."""


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


def deactivate_leaving(runtime: Runtime) -> None:
    """Deactivate who was kept as the last admin, where there is another by now (R16)."""
    for tenant_id, user_id in leaving_users(runtime.platform):
        with suppress(Stale, Unavailable):
            memberships.settle(user_id, _scope(runtime, tenant_id))


def erase_tenants(runtime: Runtime) -> Purge:
    """Erases what accounts has of deleted tenants, but for their tombstones."""

    def deleted() -> Iterator[str]:
        return (one.id for one in list(tenants_of(runtime)) if one.status == "deleted")

    return Purge(runtime.platform, deleted, keep=[TENANTS])


def erase_users(runtime: Runtime) -> Erasing:
    """Erases what accounts has of deleted users, but for their tombstones."""

    def is_gone(one: Due) -> bool:
        scope = _scope(runtime, one.tenant_id)
        deletion.erase(one.user_id, scope)
        # Whoever began to sign in, or to ask for a link, before the deletion, is done by then.
        is_over = scope.now - one.since >= _SIGNING_IN_FOR
        return is_over and not scope.store.reset_requests.has_waiting(one.since)

    return Erasing(
        runtime,
        USERS,
        {"status": "deleted"},
        [is_gone, job_files_erased(runtime), audit_settled(runtime, AUDITED)],
        lambda one: deletion.give_receipt(one.user_id, _scope(runtime, one.tenant_id)),
    )


def tell_deletions_again(runtime: Runtime) -> None:
    """Tell of deleted users again to services that have not said that they erased them."""
    pause = timedelta(seconds=settings_of(runtime).resend_after_seconds)
    for one in untold(runtime.platform, clock.now()):
        with suppress(Unavailable):
            deletion.tell_again(one, _scope(runtime, one.tenant_id), pause)


def finish_roles(runtime: Runtime) -> None:
    """Go on taking away the roles that were deleted."""
    for tenant_id, role_id in going_roles(runtime.platform):
        with suppress(Stale, NotFound, Unavailable):
            roles.finish(role_id, _scope(runtime, tenant_id))


def finish_ended_sessions(runtime: Runtime) -> None:
    """Void the access tokens of sessions whose end was cut short, by a crash or a full outbox."""
    for ending in unfinished_endings(runtime.platform, clock.now() - _UNDER_WAY_FOR):
        scope = _scope(runtime, ending.tenant_id)
        with suppress(Unavailable):
            sessions.finish_ending(ending.session_id, ending.user_id, ending.action, scope)


def grow_roles(runtime: Runtime) -> None:
    """Give roles what their category has gained with this version of the product (R70)."""
    for tenant_id, role_id in outgrown_roles(runtime.platform):
        with suppress(Stale, Conflict, Unavailable):
            roles.grow(role_id, _scope(runtime, tenant_id))


def import_runner(runtime: Runtime) -> JobRunner:
    """Imports users, in the name of whoever asked for it."""

    def step(job: Job) -> Progress:
        if runtime.outbox.oldest_seconds > _LAG_SECONDS:
            raise OutboxFull
        store = store_of(runtime, job.tenant_id)
        if store.tenants.status() != "active":
            raise Unavailable(_SUSPENDED_SECONDS)
        standing = store.standing(job.created_by)
        scope: AccountsScope = Scope(
            job.tenant_id,
            acting(job, standing, "accounts.imports:edit"),
            store,
            clock.now(),
            job.correlation_id,
            address=job.address,
        )
        progress = imports.step(job, scope)
        if job.request["dry_run"]:
            return progress
        return replace(progress, pause_seconds=_pause_seconds(runtime.broker))

    return JobRunner(runtime.platform, IMPORT, lambda _: step)


def _pause_seconds(broker: Broker) -> float:
    """How long those who follow need for what waits: so that an import does not bury what
    others have to say."""
    try:
        waiting = max(broker.waiting(events_queue(service)) for service in SERVICES)
    except BrokerAway:
        return 0.0  # then nothing is sent, and soon the outbox is what is waited for
    return min(max(0, waiting - _MAY_WAIT) / _HEARD_PER_SECOND, _PAUSE_MAX_SECONDS)
