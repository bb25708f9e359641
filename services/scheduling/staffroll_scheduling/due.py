"""What is due, over all tenants: dates that have come, months that are over, mass updates."""

from __future__ import annotations

import random
from collections.abc import Collection
from contextlib import suppress
from typing import Final

from staffroll import clock
from staffroll.directory import Directory
from staffroll.errors import Unavailable
from staffroll.jobs import Job, JobRunner, Progress, acting
from staffroll.mongo.erasing import Due
from staffroll.rounds import Rounds
from staffroll.scope import Actor, Scope
from staffroll_scheduling.actions import billing, mass_updates
from staffroll_scheduling.actions.billing import Presence
from staffroll_scheduling.actions.turning import turn
from staffroll_scheduling.domain.employees import SOURCE
from staffroll_scheduling.domain.mass_updates import KIND, from_json, permission_for
from staffroll_scheduling.here import SchedulingHere
from staffroll_scheduling.store import Store
from staffroll_scheduling.store.turns import DueTurn, due_turns

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


class Ticking:
    """The ticker: lets everything happen that is due, in any number of processes (R54)."""

    def __init__(self, here: SchedulingHere) -> None:
        self._here = here
        self._rounds = Rounds(self._due, lambda one: one.employee_id, self._turn, "turn_failed")

    def run(self) -> None:
        """All that is due by now."""
        while self._rounds.run() == _TURNS_AT_ONCE:
            pass

    def _due(self, without: Collection[str]) -> list[DueTurn]:
        found = due_turns(self._here.runtime.platform, clock.now(), _TURNS_AT_ONCE, without)
        # Each process in an order of its own, so that they do not forestall each other throughout.
        random.shuffle(found)
        return found

    def _turn(self, due: DueTurn) -> bool:
        return turn(due, _own_scope(self._here, due.tenant_id))


class Closing:
    """Closes the months of all tenants when they are over (R55)."""

    def __init__(self, here: SchedulingHere) -> None:
        self._here = here
        self._directory = Directory(here.runtime.platform)
        self._present: dict[str, Presence] = {}
        self._rounds = Rounds(
            lambda _: list(self._directory.tenant_ids()), str, self._look_at, "closing_failed"
        )

    def run(self) -> None:
        """Look at every tenant; at the documents only where its month has changed."""
        self._rounds.run()

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
