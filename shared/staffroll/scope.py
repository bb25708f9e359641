"""Who asks, for which tenant, when, and the way to the data: made once per request or message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from staffroll.errors import Forbidden
from staffroll.events import Cause
from staffroll.standing import Standing

StoreT_co = TypeVar("StoreT_co", covariant=True)

FRESH_FOR: Final = timedelta(minutes=10)
"""How long a password or code that was entered is good for dangerous acts."""

SYSTEM_PREFIX: Final = "system:"


class StepUpNeeded(Forbidden):
    code = "step_up_needed"
    wording = "This needs your password or second factor once more (within {minutes} minutes)."

    def __init__(self) -> None:
        super().__init__(minutes=int(FRESH_FOR.total_seconds() // 60))


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something.

    Attributes:
        id: A user id, or ``system:<name>`` for a service or a command.
        permissions: ``<service>.<thing>:<read|edit|delete>``.
        is_admin: Sees and does everything in the tenant (R16).
        session_id: The session in which they act, if any.
        authenticated_at: When they last entered password or code; None where they never did,
            as with a personal access token.
        planning_units: Where they may do what they ask for now, by id (R73); None: everywhere.
        limits: The planning units that a permission reaches, for those that do not reach all.
    """

    id: str
    permissions: frozenset[str] = field(default_factory=frozenset)
    is_admin: bool = False
    session_id: str | None = None
    authenticated_at: datetime | None = None
    planning_units: frozenset[str] | None = None
    limits: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def may(self, permission: str) -> bool:
        return self.is_admin or permission in self.permissions

    @classmethod
    def standing(cls, id_: str, standing: Standing) -> Actor:
        """Somebody with all that their standing gives, whatever they signed in with."""
        return cls(id_, standing.permissions, standing.is_admin, limits=standing.limits)

    @classmethod
    def system(cls, name: str) -> Actor:
        return cls(f"{SYSTEM_PREFIX}{name}", is_admin=True)


@dataclass(frozen=True, slots=True)
class Scope(Generic[StoreT_co]):
    """The one way to a store: without a scope, and so without a tenant, there is none.

    Attributes:
        now: Aware, UTC; the same moment throughout one request or message.
        correlation_id: The HTTP request at the beginning of it all.
        request_id: The request (a wish, from another service) that is being answered.
        address: Where the HTTP request came from.
        language: In which whoever asks wants to be told what plugins say (BCP 47).
    """

    tenant_id: str
    actor: Actor
    store: StoreT_co
    now: datetime
    correlation_id: str | None = None
    request_id: str | None = None
    address: str | None = None
    language: str = "en"

    def check_fresh(self) -> None:
        """Nothing, where password or code was entered lately, or a command of ours acts.

        Raises:
            StepUpNeeded: More than `FRESH_FOR` ago, or never.
        """
        if self.actor.id.startswith(SYSTEM_PREFIX):
            return
        entered_at = self.actor.authenticated_at
        if entered_at is None or self.now - entered_at > FRESH_FOR:
            raise StepUpNeeded

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
