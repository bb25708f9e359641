"""Roles in MongoDB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Final

from pymongo.errors import DuplicateKeyError

from staffroll.bus import Message
from staffroll.events import Event
from staffroll.mongo import Document, Outbox, TenantDatabase
from staffroll.mongo.outbox import entries
from staffroll_accounts.domain.roles import Role

COLLECTION: Final = "roles"


class Roles:
    """The roles of one tenant."""

    def __init__(self, database: TenantDatabase, outbox: Outbox) -> None:
        self._roles = database[COLLECTION]
        self._outbox = outbox

    def insert_missing(self, role: Role, event: Event, now: datetime) -> None:
        """Keep a role and tell of it, unless there is one of its name."""
        messages = [Message.event(event)]
        document = {"_id": role.id, **asdict(role), "outbox": entries(messages, now)}
        del document["id"]
        with suppress(DuplicateKeyError):
            self._roles.insert_one(document)
            self._outbox.committed(COLLECTION, self._roles.tenant_id, role.id, messages)

    def all(self) -> list[Role]:
        """Every role, by name."""
        return list(self._each({}))

    def some(self, ids: Iterable[str]) -> list[Role]:
        return list(self._each({"_id": {"$in": list(ids)}}))

    def default_of(self, category: str) -> Role | None:
        return next(self._each({"category": category, "is_default": True}), None)

    def ids(self) -> frozenset[str]:
        return frozenset(document["_id"] for document in self._roles.find({}, {"_id": 1}))

    def _each(self, where: Document) -> Iterator[Role]:
        for document in self._roles.find(where, {"outbox": 0}, sort=[("name", 1)]):
            yield Role(
                id=document["_id"],
                version=document["version"],
                name=document["name"],
                abbreviation=document["abbreviation"],
                category=document["category"],
                permissions=tuple(document["permissions"]),
                description=document["description"],
                is_default=document["is_default"],
            )
