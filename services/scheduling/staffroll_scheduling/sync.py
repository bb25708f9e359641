"""What scheduling hears: all that accounts tells of users, and its answers to wishes."""

from __future__ import annotations

from collections.abc import Callable

from staffroll.events import Event
from staffroll.following import sync
from staffroll.runtime import Runtime
from staffroll_scheduling.domain.employees import RULES
from staffroll_scheduling.here import SchedulingHere
from staffroll_scheduling.store import FORM


def following(runtime: Runtime) -> SchedulingHere:
    """Scheduling as a service that follows accounts."""
    return SchedulingHere(runtime, RULES, FORM)


def make_handler(runtime: Runtime) -> Callable[[Event], None]:
    """What applies one message of scheduling's queues."""
    return sync.make_handler(following(runtime))
