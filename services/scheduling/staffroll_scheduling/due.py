"""What is due, over all tenants: dates that have come, months that are over, mass updates."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Final

from staffroll import clock
from staffroll.directory import Directory
from staffroll.errors import Unavailable
from staffroll.jobs import Job, JobRunner, Progress, acting
from staffroll.mongo.erasing import Due
from staffroll.scope import Actor, Scope
from staffroll_scheduling.actions import billing, mass_updates
from staffroll_scheduling.actions.billing import Presence
from staffroll_scheduling.actions.each import for_each
from staffroll_scheduling.actions.turning import turn
from staffroll_scheduling.domain.employees import SOURCE
from staffroll_scheduling.domain.mass_updates import KIND, from_json, permission_for
from staffroll_scheduling.here import SchedulingHere
from staffroll_scheduling.store import Store
from staffroll_scheduling.store.turns import due_turns

_TURNS_AT_ONCE: Final = 200


def step_of(job: Job, here: SchedulingHere) -> Progress:
    """One step of a mass update, with what its starter may and reaches at this moment."""
    permission = permission_for(from_json(job.request["change"]))
    actor = acting(job, here.standing(job.tenant_id, job.created_by), permission)
    scope: Scope[Store] = Scope(
        job.tenant_id,
        actor,
        here.store_for(job.tenant_id, actor),
        clock.now(),
        job.correlation_id,
        address=job.address,
    )
    return mass_updates.step(job, scope)


def mass_update_runner(here: SchedulingHere) -> JobRunner:
    """Takes up mass updates of all tenants."""
    return JobRunner(here.runtime.platform, KIND, lambda _: lambda job: step_of(job, here))


def turn_due(here: SchedulingHere) -> None:
    """The ticker: let everything happen that is due by now, in any number of processes (R54)."""
    done = _TURNS_AT_ONCE
    while done == _TURNS_AT_ONCE:
        found = due_turns(here.runtime.platform, clock.now(), _TURNS_AT_ONCE)
        # Each process in an order of its own, so that they do not forestall each other throughout.
        random.shuffle(found)
        done = for_each(
            found, lambda one: turn(one, _own_scope(here, one.tenant_id)), "turn_failed"
        )


class Closing:
    """Closes the months of all tenants when they are over (R55)."""

    def __init__(self, here: SchedulingHere) -> None:
        self._here = here
        self._directory = Directory(here.runtime.platform)
        self._present: dict[str, Presence] = {}

    def run(self) -> None:
        """Look at every tenant; at the documents only where its month has changed."""
        for_each(list(self._directory.tenant_ids()), self._look_at, "closing_failed")

    def _look_at(self, tenant_id: str) -> None:
        present = self._present.get(tenant_id)
        if present is None or not present.is_at(clock.now()):
            self._close(tenant_id)

    def _close(self, tenant_id: str) -> None:
        if self._directory.tenant_status(tenant_id) == "deleted":
            return
        with suppress(Unavailable):
            self._present[tenant_id] = billing.close_anew(_own_scope(self._here, tenant_id))


def forget_billed(due: Due, here: SchedulingHere) -> bool:
    """The step of an erasure after which nobody knows any more whose lines somebody's were."""
    here.store(due.tenant_id).billing.forget(due.user_id)
    return True


def _own_scope(here: SchedulingHere, tenant_id: str) -> Scope[Store]:
    return Scope(tenant_id, Actor.system(SOURCE), here.store(tenant_id), clock.now())
