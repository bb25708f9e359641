"""Tenants in MongoDB: one document each, under the tenant's own id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Final

from pymongo.errors import DuplicateKeyError

from staffroll.bus import Message
from staffroll.events import Event
from staffroll.mongo import Document, Outbox, Platform, TenantDatabase
from staffroll.mongo.outbox import entries
from staffroll_accounts.domain.errors import LastAdmin, TenantExists
from staffroll_accounts.domain.tenants import Tenant

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
            **asdict(tenant),
            "admins": [],
            "outbox": entries(messages, now),
        }
        del document["id"]
        try:
            self._tenants.insert_one(document)
        except DuplicateKeyError as error:
            raise TenantExists(tenant_id=tenant.id) from error
        self._outbox.committed(COLLECTION, tenant.id, tenant.id, messages)

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

    def find(self) -> Tenant | None:
        document = self._tenants.find_one({"_id": self._tenants.tenant_id}, {"outbox": 0})
        return None if document is None else _from_document(document)


def all_tenants(platform: Platform) -> Iterator[Tenant]:
    """Every tenant there is, for snapshots and commands."""
    for document in platform[COLLECTION].find({}, {"outbox": 0}):
        yield _from_document(document)


def _from_document(document: Document) -> Tenant:
    return Tenant(
        id=document["_id"],
        version=document["version"],
        name=document["name"],
        status=document["status"],
        languages=tuple(document["languages"]),
        time_zone=document["time_zone"],
    )
