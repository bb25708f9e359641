"""What people hears: all that accounts tells of users, and its answers to wishes."""

from __future__ import annotations

from collections.abc import Callable

from staffroll.events import Event
from staffroll.following import Following, sync
from staffroll.runtime import Runtime
from staffroll_people.domain.persons import RULES, Profile
from staffroll_people.store import FORM


def following(runtime: Runtime) -> Following[Profile]:
    """People as a service that follows accounts."""
    return Following(runtime, RULES, FORM)


def make_handler(runtime: Runtime) -> Callable[[Event], None]:
    """What applies one message of people's queues."""
    return sync.make_handler(following(runtime))
