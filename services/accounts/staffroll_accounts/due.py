"""What is due, over all tenants: steps that began in a request and go on without it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from staffroll import clock
from staffroll.bus import Broker, BrokerAway
from staffroll.bus.topology import SERVICES, WEBHOOKS, events_queue
from staffroll.erasing import Erasing, audit_settled, job_files_erased
from staffroll.errors import Conflict, NotFound, OutboxFull, Stale, Unavailable
from staffroll.jobs import Job, JobRunner, Progress, acting
from staffroll.mongo.erasing import Due
from staffroll.mongo.purging import Purge
from staffroll.rounds import Rounds
from staffroll.runtime import Runtime
from staffroll.scope import Actor, Scope
from staffroll_accounts.actions import (
    AccountsScope,
    deletion,
    deliveries,
    imports,
    memberships,
    roles,
    sessions,
)
from staffroll_accounts.domain.imports import KIND as IMPORT
from staffroll_accounts.here import settings_of, status_of, store_of, tenants_of
from staffroll_accounts.store import AUDITED
from staffroll_accounts.store.roles import going_roles, outgrown_roles
from staffroll_accounts.store.sessions import Ending, unfinished_endings
from staffroll_accounts.store.tenants import COLLECTION as TENANTS
from staffroll_accounts.store.tombstones import Untold, untold
from staffroll_accounts.store.users import COLLECTION as USERS
from staffroll_accounts.store.users import leaving_users, unanswered_wishes

Found = tuple[str, str]
"""Tenant and id of something that is due."""

_UNDER_WAY_FOR: Final = timedelta(seconds=10)
"""How long whoever began something may need to finish it."""

_SIGNING_IN_FOR: Final = timedelta(seconds=5)
"""How long after a deletion a session that began before it may still be written."""

_LAG_SECONDS: Final = 10.0
"""An import waits while news that is not sent yet is older than this."""

_SUSPENDED_SECONDS: Final = 60

_WISHES_AT_ONCE: Final = 200

_MAY_WAIT: Final = 100
_HEARD_PER_SECOND: Final = 100
_PAUSE_MAX_SECONDS: Final = 10.0
"""Where a service hears nothing at all, an import goes on slowly all the same."""

_MOST_COUNTED: Final = _MAY_WAIT + int(_HEARD_PER_SECOND * _PAUSE_MAX_SECONDS)


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
        self._seen_before: dict[tuple[str, str, int], float] = {}
        self._rounds = Rounds(
            lambda _: [one.id for one in tenants_of(runtime) if one.status != "deleted"],
            str,
            self._mend,
            "admins_not_counted",
        )

    def run(self) -> None:
        """Look at every tenant once."""
        self._seen_before, self._seen = self._seen, {}
        self._rounds.run()

    def _mend(self, tenant_id: str) -> None:
        store = store_of(self._runtime, tenant_id)
        counted, real = store.tenants.admins(), store.users.admins()
        now = time.monotonic()
        for user_id in counted ^ real.keys():
            key = (tenant_id, user_id, real.get(user_id, 0))
            since = self._seen_before.get(key, now)
            if now - since < self._grace:
                self._seen[key] = since
            elif user_id in counted:
                store.tenants.forget_admin(user_id)
            else:
                store.tenants.add_admin(user_id)


def deactivate_leaving(runtime: Runtime) -> Rounds[Found]:
    """Deactivates who was kept as the last admin, where there is another by now (R16)."""
    return Rounds(
        lambda _: leaving_users(runtime.platform),
        _id_of,
        lambda one: memberships.settle(one[1], _scope(runtime, one[0])),
        "not_deactivated",
        (Stale, Unavailable),
    )


def send_wishes_again(runtime: Runtime) -> Rounds[Found]:
    """Asks scheduling again about memberships where it has not answered in time."""
    return Rounds(
        lambda without: unanswered_wishes(runtime.platform, clock.now(), _WISHES_AT_ONCE, without),
        _id_of,
        lambda one: memberships.wish_again(one[1], _scope(runtime, one[0])),
        "wish_not_sent",
        (Stale, Unavailable),
    )


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
        # Whoever began to sign in, to ask for a link, or to keep something for a webhook, before
        # the deletion, is done by then.
        is_over = scope.now - one.since >= _SIGNING_IN_FOR
        return is_over and not scope.store.reset_requests.has_waiting(one.since)

    return Erasing(
        runtime,
        USERS,
        {"status": "deleted"},
        [is_gone, job_files_erased(runtime), audit_settled(runtime, AUDITED)],
        lambda one: deletion.give_receipt(one.user_id, _scope(runtime, one.tenant_id)),
        status_of(runtime),
    )


def tell_deletions_again(runtime: Runtime) -> Rounds[Untold]:
    """Tells of deleted users again to services that have not said that they erased them."""
    pause = timedelta(seconds=settings_of(runtime).resend_after_seconds)
    return Rounds(
        lambda without: untold(runtime.platform, clock.now(), without),
        lambda one: one.user_id,
        lambda one: deletion.tell_again(one, _scope(runtime, one.tenant_id), pause),
        "deletion_not_told",
        (Unavailable,),
    )


def finish_roles(runtime: Runtime) -> Rounds[Found]:
    """Goes on taking away the roles that were deleted."""
    return Rounds(
        lambda _: going_roles(runtime.platform),
        _id_of,
        lambda one: roles.finish(one[1], _scope(runtime, one[0])),
        "role_not_taken_away",
        (Stale, NotFound, Unavailable),
    )


def finish_ended_sessions(runtime: Runtime) -> Rounds[Ending]:
    """Voids the access tokens of sessions whose end was cut short, by a crash or a full outbox."""

    def finish(ending: Ending) -> None:
        scope = _scope(runtime, ending.tenant_id)
        sessions.finish_ending(ending.session_id, ending.user_id, ending.action, scope)

    return Rounds(
        lambda without: unfinished_endings(runtime.platform, clock.now() - _UNDER_WAY_FOR, without),
        lambda ending: ending.session_id,
        finish,
        "session_not_ended",
        (Unavailable,),
    )


def grow_roles(runtime: Runtime) -> Rounds[Found]:
    """Gives roles what their category has gained with this version of the product (R70)."""
    return Rounds(
        lambda without: outgrown_roles(runtime.platform, without),
        _id_of,
        lambda one: roles.grow(one[1], _scope(runtime, one[0])),
        "role_not_grown",
        (Stale, Conflict, Unavailable),
    )


def _id_of(found: Found) -> str:
    return found[1]


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
        return replace(progress, pause_seconds=_pause_seconds(runtime.broker, scope))

    return JobRunner(runtime.platform, IMPORT, lambda _: step)


def _pause_seconds(broker: Broker, scope: AccountsScope) -> float:
    """How long those who follow need for what waits: so that an import does not bury what
    others have to say."""
    try:
        queues = [*map(events_queue, SERVICES), WEBHOOKS]
        waiting = max(*map(broker.waiting, queues), deliveries.backlog(scope, _MOST_COUNTED))
    except BrokerAway:
        return 0.0  # then nothing is sent, and soon the outbox is what is waited for
    return min(max(0, waiting - _MAY_WAIT) / _HEARD_PER_SECOND, _PAUSE_MAX_SECONDS)
