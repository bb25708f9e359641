"""What scheduling hears: all that accounts tells of users, its answers, and its wishes."""

from __future__ import annotations

from collections.abc import Callable

from staffroll import clock
from staffroll.events import Event, payload_of
from staffroll.following import sync
from staffroll.runtime import Runtime
from staffroll.scope import Actor, Scope
from staffroll_scheduling.actions import memberships
from staffroll_scheduling.domain.employees import RULES
from staffroll_scheduling.here import SchedulingHere
from staffroll_scheduling.store import FORM


def following(runtime: Runtime) -> SchedulingHere:
    """Scheduling as a service that follows accounts."""
    return SchedulingHere(runtime, RULES, FORM)


def make_handler(runtime: Runtime) -> Callable[[Event], None]:
    """What applies one message of scheduling's queues."""
    here = following(runtime)
    return sync.make_handler(
        here, {"membership.change-requested": lambda event: _obey(event, here)}
    )


def _obey(event: Event, here: SchedulingHere) -> None:
    scope = Scope(
        event.tenant_id,
        Actor(event.actor, is_admin=True),
        here.store(event.tenant_id),
        clock.now(),
        event.correlation_id,
    )
    wish = payload_of(event)
    memberships.obey(event.subject, event.sequence, scope, active=wish.active)
