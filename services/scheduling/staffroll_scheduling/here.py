"""Scheduling in one process, and what of a tenant somebody reaches there (R73)."""

from __future__ import annotations

from staffroll.following import Following
from staffroll.scope import Actor
from staffroll_scheduling.domain.employees import Employment
from staffroll_scheduling.store import Store


class SchedulingHere(Following[Employment]):
    """Scheduling as a service that follows accounts.

    `store_for` is the one place where a request's store is made, so that an employee out of
    reach is not there for any of its routes.
    """

    def store(self, tenant_id: str) -> Store:
        return Store(self.runtime.tenant(tenant_id), self.runtime.outbox)

    def store_for(self, tenant_id: str, actor: Actor) -> Store:
        return Store(self.runtime.tenant(tenant_id), self.runtime.outbox, actor.planning_units)
