"""What every follower keeps of accounts besides users: tenants, roles, public keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from staffroll.events import PLATFORM_TENANT, Event
from staffroll.mongo import Document, Index, Platform

TENANTS: Final = "tenants"
ROLES: Final = "roles"
KEYS: Final = "keys"

INDEXES: Final = (
    Index(TENANTS, ["_id"], "by_id"),
    Index(ROLES, ["_id"], "by_id"),
)

FOLLOWED: Final = (
    "tenant.created",
    "tenant.updated",
    "tenant.suspended",
    "tenant.deleted",
    "role.updated",
    "role.deleted",
    "keys.updated",
)
"""The event types that `Directory.follow` understands."""

_COLLECTIONS: Final[Mapping[str, str]] = {"tenant": TENANTS, "role": ROLES, "keys": KEYS}


class Directory:
    """The follower's copy, newest version of each."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def follow(self, event: Event) -> None:
        """Keep the event's state unless a newer one is known."""
        collection = self._platform[_COLLECTIONS[event.type.split(".", 1)[0]]]
        try:
            collection.update_one(
                {
                    "tenant_id": event.tenant_id,
                    "_id": event.subject,
                    "version": {"$lt": event.sequence},
                },
                {"$set": {"version": event.sequence, "state": dict(event.data)}},
                upsert=True,
            )
        except DuplicateKeyError:
            return  # the same or a newer version is here already

    def public_keys(self) -> list[dict[str, Any]]:
        """The keys that access tokens may be signed with, in JWK form; empty at first."""
        document = self._platform[KEYS].find_one({"tenant_id": PLATFORM_TENANT})
        return [] if document is None else list(document["state"]["keys"])

    def tenant(self, tenant_id: str) -> Document | None:
        """The tenant's state as accounts published it, or None."""
        document = self._platform[TENANTS].find_one({"tenant_id": tenant_id, "_id": tenant_id})
        return None if document is None else dict(document["state"])

    def waits_for_keys(self) -> str | None:
        """For ``readyz``: what is waited for, or None."""
        return None if self.public_keys() else "the public keys of accounts have not arrived yet"
