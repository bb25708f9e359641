"""What every follower keeps of accounts besides users: tenants, roles, public keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from staffroll.errors import Unavailable
from staffroll.events import PLATFORM_TENANT, Event
from staffroll.mongo import Document, Index, Platform, TenantDatabase
from staffroll.mongo.newest import keep_newer
from staffroll.mongo.purging import Purge
from staffroll.standing import Grant, Standing, limits_of

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


@dataclass(frozen=True, slots=True)
class House:
    """What a tenant sets for its users.

    Attributes:
        languages: Offered ones (BCP 47), the default first.
        time_zone: What new users get (IANA name).
    """

    languages: tuple[str, ...]
    time_zone: str


class TenantDirectory:
    """One tenant's part of the directory."""

    def __init__(self, database: TenantDatabase) -> None:
        self._tenants = database[TENANTS]
        self._roles = database[ROLES]

    def house(self) -> House:
        """Raises `Unavailable` while nothing of the tenant has been heard."""
        document = self._tenants.find_one({"_id": self._tenants.tenant_id})
        if document is None:
            raise Unavailable
        state = document["state"]
        return House(tuple(state["languages"]), state["time_zone"])

    def plugins(self) -> tuple[int, dict[str, dict[str, Any]]]:
        """The tenant's version, and the settings of the plugins that it has switched on by name.

        Raises:
            Unavailable: As in `house`.
        """
        document = self._tenants.find_one({"_id": self._tenants.tenant_id})
        if document is None:
            raise Unavailable
        kept = document["state"].get("plugins")
        # Of before there were any, it is no text.
        return document["version"], json.loads(kept) if isinstance(kept, str) else {}

    def permissions(self, role_ids: Iterable[str]) -> dict[str, frozenset[str]]:
        """What those of the roles give that are known and not deleted, by id."""
        return {id_: grant.permissions for id_, grant in self.grants(role_ids).items()}

    def grants(self, role_ids: Iterable[str]) -> dict[str, Grant]:
        """What those of the roles give, and where, that are known and not deleted, by id."""
        found = self._roles.find({"_id": {"$in": list(role_ids)}})
        return {
            document["_id"]: _grant(document["state"])
            for document in found
            if not document["state"].get("is_deleted")
        }

    def standing(
        self, *, is_active: bool, token_generation: int, is_admin: bool, roles: Iterable[str]
    ) -> Standing:
        """A user's standing, with what their roles allow as far as was heard."""
        grants = self.grants(roles).values() if is_active and not is_admin else ()
        given = frozenset[str]().union(*(grant.permissions for grant in grants))
        return Standing(is_active, token_generation, is_admin, given, limits_of(grants))


def _kept(state: Mapping[str, Any]) -> Document:
    kept = dict(state)
    if "plugins" in kept:
        # Text, since names of plugins and of their settings may be none of MongoDB's.
        kept["plugins"] = json.dumps(kept["plugins"])
    return kept


def _grant(state: Document) -> Grant:
    units = state.get("planning_units")
    return Grant(
        frozenset(state.get("permissions", ())), None if units is None else frozenset(units)
    )


class Directory:
    """The follower's copy, newest version of each."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def follow(self, event: Event) -> None:
        """Keep the event's state unless a newer one is known, or the tenant is deleted."""
        collection = self._platform[_COLLECTIONS[event.type.split(".", 1)[0]]]
        older = {
            "tenant_id": event.tenant_id,
            "_id": event.subject,
            "version": {"$lt": event.sequence},
            "state.status": {"$ne": "deleted"},
        }
        newer = {"$set": {"version": event.sequence, "state": _kept(event.data)}}
        keep_newer(collection.update_one, older, newer)

    def public_keys(self) -> list[dict[str, Any]]:
        """The keys that access tokens may be signed with, in JWK form; empty at first."""
        document = self._platform[KEYS].find_one({"tenant_id": PLATFORM_TENANT})
        return [] if document is None else list(document["state"]["keys"])

    def tenant(self, tenant_id: str) -> Document | None:
        """The tenant's state as accounts published it, or None."""
        document = self._platform[TENANTS].find_one({"tenant_id": tenant_id, "_id": tenant_id})
        return None if document is None else dict(document["state"])

    def tenant_status(self, tenant_id: str) -> str | None:
        """``active``, ``suspended`` or ``deleted``; None where nothing was heard yet."""
        own = {"tenant_id": tenant_id, "_id": tenant_id}
        document = self._platform[TENANTS].find_one(own, {"state.status": 1})
        return None if document is None else str(document["state"]["status"])

    def deleted_tenants(self) -> Iterator[str]:
        """Every tenant of which was heard that it is no more."""
        for document in list(self._platform[TENANTS].find({"state.status": "deleted"}, {"_id": 1})):
            yield document["_id"]

    def tenant_ids(self) -> Iterator[str]:
        """Every tenant that was heard of."""
        for document in self._platform[TENANTS].find({}, {"_id": 1}):
            yield document["_id"]

    def waits_for_keys(self) -> str | None:
        """For ``readyz``: what is waited for, or None."""
        return None if self.public_keys() else "the public keys of accounts have not arrived yet"


def purge_of(platform: Platform) -> Purge:
    """Erases what a follower has of tenants that were deleted, but for the news that they were."""
    return Purge(platform, Directory(platform).deleted_tenants, keep=[TENANTS])
