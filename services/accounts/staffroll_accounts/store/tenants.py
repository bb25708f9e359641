"""Tenants in MongoDB: one document each, under the tenant's own id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Final

from pymongo.errors import DuplicateKeyError

from staffroll.bus import Message
from staffroll.errors import OutboxFull, Stale
from staffroll.events import Event
from staffroll.mongo import Document, Outbox, Platform, TenantDatabase
from staffroll.mongo.outbox import HAS_ROOM, entries
from staffroll_accounts.domain.errors import LastAdmin, TenantExists
from staffroll_accounts.domain.tenants import PASSWORD_MIN_LENGTH, Tenant, TenantDecision

COLLECTION: Final = "tenants"


class Tenants:
    """The document of one tenant."""

    def __init__(self, database: TenantDatabase, outbox: Outbox) -> None:
        self._tenants = database[COLLECTION]
        self._outbox = outbox

    def insert(self, tenant: Tenant, event: Event, now: datetime) -> None:
        """Raises `TenantExists`."""
        messages = [Message.event(event)]
        document = {
            "_id": tenant.id,
            **_state(tenant),
            "admins": [],
            "outbox": entries(messages, now),
        }
        try:
            self._tenants.insert_one(document)
        except DuplicateKeyError as error:
            raise TenantExists(tenant_id=tenant.id) from error
        self._outbox.committed(COLLECTION, tenant.id, tenant.id, messages)

    def save(self, decision: TenantDecision, before: Tenant, now: datetime) -> Tenant:
        """Keep a changed tenant, tell and note it: one write, on the version that was read.

        Raises:
            Stale: Somebody was quicker.
            OutboxFull: The tenant's news has waited too long for the broker.
        """
        if decision == TenantDecision(before):
            return before
        self._outbox.check_room()
        messages = [Message.event(event) for event in decision.events]
        update: Document = {
            "$set": _state(decision.tenant),
            "$push": {
                "outbox": {"$each": entries(messages, now)},
                "audit": {"$each": [asdict(entry) for entry in decision.audit]},
            },
        }
        if decision.tenant.status == "deleted":
            # A tombstone names nobody.
            update["$set"] |= {"admins": [], "audit": []}
            del update["$push"]["audit"]
        where: Document = {"_id": before.id, "version": before.version}
        if self._tenants.update_one({**where, **HAS_ROOM}, update).matched_count == 0:
            raise OutboxFull if self._tenants.find_one(where, {"_id": 1}) else Stale
        self._outbox.committed(COLLECTION, before.id, before.id, messages)
        return decision.tenant

    def add_admin(self, user_id: str) -> None:
        """Count the user among the admins; said after the user was changed (R16)."""
        self._tenants.update_one(
            {"_id": self._tenants.tenant_id}, {"$addToSet": {"admins": user_id}}
        )

    def remove_admin(self, user_id: str) -> None:
        """Count the user among the admins no longer; asked before the user is changed (R16).

        Decided by one conditional write, so that two admins who remove each other at the
        same moment cannot both succeed.

        Raises:
            LastAdmin: There is no other.
        """
        removed = self._tenants.update_one(
            {
                "_id": self._tenants.tenant_id,
                "admins": {"$elemMatch": {"$ne": user_id}},
            },
            {"$pull": {"admins": user_id}},
        )
        if removed.matched_count == 0:
            raise LastAdmin

    def admins(self) -> frozenset[str]:
        """Who is counted among the admins."""
        document = self._tenants.find_one({"_id": self._tenants.tenant_id}, {"admins": 1})
        return frozenset(document["admins"]) if document else frozenset()

    def forget_admin(self, user_id: str) -> None:
        """Count the user among the admins no longer, whoever is left; to mend, not to decide."""
        self._tenants.update_one({"_id": self._tenants.tenant_id}, {"$pull": {"admins": user_id}})

    def status(self) -> str | None:
        """None where there is no such tenant."""
        document = self._tenants.find_one({"_id": self._tenants.tenant_id}, {"status": 1})
        return None if document is None else str(document["status"])

    def find(self) -> Tenant | None:
        document = self._tenants.find_one({"_id": self._tenants.tenant_id}, {"outbox": 0})
        return None if document is None else from_document(document)


def all_tenants(platform: Platform) -> Iterator[Tenant]:
    """Every tenant there is, for snapshots and commands."""
    for document in platform[COLLECTION].find({}, {"outbox": 0}):
        yield from_document(document)


def _state(tenant: Tenant) -> Document:
    # Settings are text, since their names are plugins' and tenants' and may be none of MongoDB's.
    state = asdict(tenant) | {"plugins": json.dumps(tenant.plugins)}
    del state["id"]
    return state


def from_document(document: Document) -> Tenant:
    """The tenant as stored."""
    return Tenant(
        id=document["_id"],
        version=document["version"],
        name=document["name"],
        status=document["status"],
        languages=tuple(document["languages"]),
        time_zone=document["time_zone"],
        enforce_two_factor=document.get("enforce_two_factor", False),
        password_min_length=document.get("password_min_length", PASSWORD_MIN_LENGTH),
        plugins=json.loads(document.get("plugins", "{}")),
    )
