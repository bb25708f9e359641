"""What people hears: all that accounts tells of users, and its answers to wishes."""

from __future__ import annotations

from collections.abc import Callable

from staffroll.events import Event
from staffroll.following import Following, sync
from staffroll.runtime import Runtime
from staffroll_people.domain.persons import RULES
from staffroll_people.domain.profiles import Profile
from staffroll_people.store import Store
from staffroll_people.store.persons import FORM


class PeopleFollowing(Following[Profile]):
    """People as a service that follows accounts, with photos beside the records."""

    def store(self, tenant_id: str) -> Store:
        return Store(self.runtime.tenant(tenant_id), self.runtime.outbox)


def following(runtime: Runtime) -> PeopleFollowing:
    """People as a service that follows accounts."""
    return PeopleFollowing(runtime, RULES, FORM)


def make_handler(runtime: Runtime) -> Callable[[Event], None]:
    """What applies one message of people's queues."""
    return sync.make_handler(following(runtime))
