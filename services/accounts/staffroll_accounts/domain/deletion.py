"""Deleting a user for ever, and what is known of its being done everywhere (R60-R63). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from staffroll.audit import noted
from staffroll.events import Cause, Event, UserErased
from staffroll_accounts.domain.users import SOURCE, Decision, User, told

SERVICES: Final = (SOURCE, "scheduling", "people", "export")
"""Who has something of a user, and so has to say that it is gone."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What is lost with a user, in numbers (R60).

    Attributes:
        future_shifts: As scheduling told last.
        told_at: When it did; None: never yet.
    """

    name: str
    roles: int
    sessions: int
    access_tokens: int
    future_shifts: int = 0
    told_at: datetime | None = None

    def counts(self) -> dict[str, int]:
        return {
            "future_shifts": self.future_shifts,
            "roles": self.roles,
            "sessions": self.sessions,
            "access_tokens": self.access_tokens,
        }


@dataclass(frozen=True, slots=True)
class Erasure:
    """How far the erasure of a deleted user is.

    Attributes:
        erased_at: When each service said that nothing personal is left there.
    """

    user_id: str
    deleted_at: datetime
    erased_at: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[str, ...]:
        """The services that have not said so."""
        return tuple(name for name in SERVICES if name not in self.erased_at)

    @property
    def is_complete(self) -> bool:
        return not self.missing

    @property
    def completed_at(self) -> datetime | None:
        """When the last of them said so; None while one is missing."""
        return max(self.erased_at.values()) if self.is_complete else None


def losses(user: User, sessions: int) -> Losses:
    """What is lost with the user, who has so many running sessions."""
    return Losses(
        name=f"{user.first_name} {user.last_name}".strip(),
        roles=len(user.roles),
        sessions=sessions,
        access_tokens=len(user.access_tokens),
        future_shifts=user.scheduled.future_shifts,
        told_at=user.scheduled.heard_at,
    )


def delete(user: User, cause: Cause) -> Decision:
    """The tombstone of the user, told as ``user.deleted``: nothing personal is left in it.

    Their access tokens are void everywhere, as no token is good for somebody who is deleted.
    """
    tombstone = User(
        id=user.id,
        version=user.version + 1,
        status="deleted",
        first_name="",
        last_name="",
        email="",
        language="",
        time_zone="",
        created_at=user.created_at,
        created_in=user.created_in,
        token_generation=user.token_generation + 1,
        revision=user.revision,
    )
    return Decision(
        tombstone,
        (told(tombstone, "user.deleted", (), cause),),
        audit=(noted(cause, "user.deleted", user.id),),
    )


def receipt(user_id: str, version: int, cause: Cause) -> Event:
    """The word that nothing personal of a deleted user is left in accounts (R62)."""
    return cause.event("user.erased", user_id, version, UserErased(service=SOURCE))
