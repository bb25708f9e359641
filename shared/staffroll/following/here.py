"""A following service in one process: its connections, its rules, its documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from staffroll.events import Cause, Event
from staffroll.mongo.records import FollowingStore, Form
from staffroll.records import Place
from staffroll.runtime import Runtime
from staffroll.scope import Actor
from staffroll.standing import Standing

OwnT = TypeVar("OwnT")


@dataclass(frozen=True, slots=True)
class Following(Generic[OwnT]):
    """What the parts of a following service are made from."""

    runtime: Runtime
    place: Place[OwnT]
    form: Form[OwnT]

    def store(self, tenant_id: str) -> FollowingStore[OwnT]:
        """All that the tenant has."""
        return FollowingStore(self.runtime.tenant(tenant_id), self.runtime.outbox, self.form)

    def store_for(self, tenant_id: str, actor: Actor) -> FollowingStore[OwnT]:
        """What of it `actor` reaches: everything, where the place has no planning units."""
        return self.store(tenant_id)

    def standing(self, tenant_id: str, user_id: str) -> Standing | None:
        """A user's right to be here, as was heard last; None where accounts has not told of them."""
        store = self.store(tenant_id)
        user = store.records.standing(user_id)
        if user is None:
            return None
        return store.directory.standing(
            is_active=user.is_active,
            token_generation=user.token_generation,
            is_admin=user.is_admin,
            roles=user.roles,
        )

    @property
    def pause(self) -> timedelta:
        """After which an unanswered wish is sent again."""
        return timedelta(seconds=self.runtime.settings.resend_after_seconds)

    def cause(self, tenant_id: str, now: datetime, heard: Event | None = None) -> Cause:
        """The circumstances of what is said because of an event, or of the service itself."""
        name = self.place.name
        if heard is None:
            return Cause(name, tenant_id, f"system:{name}", now)
        return Cause(name, tenant_id, heard.actor, now, heard.correlation_id)
