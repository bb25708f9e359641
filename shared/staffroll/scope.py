"""Who asks, for which tenant, when, and the way to the data: made once per request or message."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from staffroll.events import Cause

StoreT_co = TypeVar("StoreT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something.

    Attributes:
        id: A user id, or ``system:<name>`` for a service or a command.
        permissions: ``<service>.<thing>:<read|edit|delete>``.
        is_admin: Sees and does everything in the tenant (R16).
    """

    id: str
    permissions: frozenset[str] = field(default_factory=frozenset)
    is_admin: bool = False

    def may(self, permission: str) -> bool:
        return self.is_admin or permission in self.permissions

    @classmethod
    def system(cls, name: str) -> Actor:
        return cls(f"system:{name}", is_admin=True)


@dataclass(frozen=True, slots=True)
class Scope(Generic[StoreT_co]):
    """The one way to a store: without a scope, and so without a tenant, there is none.

    Attributes:
        now: Aware, UTC; the same moment throughout one request or message.
        correlation_id: The HTTP request at the beginning of it all.
        request_id: The request (a wish, from another service) that is being answered.
        address: Where the HTTP request came from.
    """

    tenant_id: str
    actor: Actor
    store: StoreT_co
    now: datetime
    correlation_id: str | None = None
    request_id: str | None = None
    address: str | None = None

    def cause(self, source: str) -> Cause:
        """The circumstances in which this scope's changes are told, by the service `source`."""
        return Cause(
            source=source,
            tenant_id=self.tenant_id,
            actor=self.actor.id,
            now=self.now,
            correlation_id=self.correlation_id,
            request_id=self.request_id,
            address=self.address,
        )
