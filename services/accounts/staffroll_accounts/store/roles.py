"""Roles in MongoDB; a deleted one leaves a tombstone, so that what was told stays told."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from staffroll.bus import Message
from staffroll.errors import NotFound, OutboxFull, Stale
from staffroll.idempotency import Once, OnceUsed
from staffroll.mongo import Document, Index, Outbox, Platform, TenantDatabase, duplicate_index
from staffroll.mongo.audit_trail import waiting
from staffroll.mongo.forms import known
from staffroll.mongo.outbox import HAS_ROOM, entries
from staffroll.permissions import EDITION
from staffroll_accounts.domain.errors import RoleNameTaken
from staffroll_accounts.domain.roles import Going, Role, RoleDecision

COLLECTION: Final = "roles"

INDEXES: Final = (
    Index(COLLECTION, ["name", "_id"], "by_name"),
    Index(
        COLLECTION,
        ["name_key"],
        "name_key_unique",
        unique=True,
        partial={"name_key": {"$exists": True}},
    ),
    Index(
        COLLECTION,
        ["once.key"],
        "once_unique",
        unique=True,
        partial={"once.key": {"$exists": True}},
    ),
    Index(
        COLLECTION,
        ["going.since"],
        "going",
        partial={"going.since": {"$exists": True}},
        every_tenant=True,
    ),
    Index(COLLECTION, ["edition"], "edition", every_tenant=True),
)

_HIDDEN: Final = {"outbox": 0, "audit": 0}
_PRESENT: Final[Document] = {"is_deleted": False, "going": None}


class Roles:
    """The roles of one tenant; those that are going or gone only where it is said."""

    def __init__(self, database: TenantDatabase, outbox: Outbox) -> None:
        self._roles = database[COLLECTION]
        self._outbox = outbox

    def insert_missing(self, decisions: Sequence[RoleDecision], now: datetime) -> None:
        """Keep new roles and tell of them, each in one write of its own; none whose name there is
        already.

        Raises:
            OutboxFull: Too much waits for the broker.
        """
        self._outbox.check_room()
        told = [[Message.event(event) for event in one.events] for one in decisions]
        documents = [
            self._new_document(decision, messages, now)
            for decision, messages in zip(decisions, told, strict=True)
        ]
        refused = self._roles.insert_many(documents)
        for number, (decision, messages) in enumerate(zip(decisions, told, strict=True)):
            if number not in refused:
                self._committed(decision.role, messages)

    def insert(self, decision: RoleDecision, now: datetime, once: Once | None = None) -> Role:
        """Keep a new role, tell and note it: one write.

        Raises:
            RoleNameTaken: There is one of this name.
            OnceUsed: This very creation has happened already.
            OutboxFull: Too much waits for the broker.
        """
        self._outbox.check_room()
        messages = [Message.event(event) for event in decision.events]
        document = self._new_document(decision, messages, now)
        if once is not None:
            document["once"] = once.document(now)
        try:
            self._roles.insert_one(document)
        except DuplicateKeyError as error:
            if duplicate_index(error) == ("tenant_id", "once.key"):
                raise OnceUsed from error
            raise RoleNameTaken from error
        self._committed(decision.role, messages)
        return decision.role

    def save(self, decision: RoleDecision, before: Role, now: datetime) -> Role:
        """Keep a changed role, tell and note it: one write, on the version that was read.

        Raises:
            Stale: Somebody was quicker.
            RoleNameTaken: As in `insert`.
            OutboxFull: This role's news has waited too long for the broker.
        """
        role = decision.role
        if role == before:
            return before
        self._outbox.check_room()
        messages = [Message.event(event) for event in decision.events]
        document = _to_document(role)
        del document["_id"]
        update: Document = {
            "$set": document,
            "$push": {
                "outbox": {"$each": entries(messages, now)},
                "audit": {"$each": waiting(decision.audit)},
            },
        }
        if "name_key" not in document:
            update["$unset"] = {"name_key": "", "once": ""}
        where: Document = {"_id": role.id, "version": before.version}
        try:
            saved = self._roles.update_one({**where, **(HAS_ROOM if messages else {})}, update)
        except DuplicateKeyError as error:
            raise RoleNameTaken from error
        if saved.matched_count == 0:
            raise OutboxFull if self._roles.find_one(where, {"_id": 1}) else Stale
        self._committed(role, messages)
        return role

    def get(self, role_id: str) -> Role:
        """Raises `NotFound` where there is none, or it is on its way out."""
        role = next(self._each({"_id": role_id, **_PRESENT}), None)
        if role is None:
            raise NotFound
        return role

    def find_any(self, role_id: str) -> Role | None:
        """The role, whatever becomes of it."""
        return next(self._each({"_id": role_id}), None)

    def all(self) -> list[Role]:
        """Every role that can be given, by name."""
        return list(self._each(_PRESENT))

    def told(self) -> Iterator[Role]:
        """Every role that was ever told of, tombstones included, for a snapshot."""
        return self._each({})

    def some(self, ids: Iterable[str]) -> list[Role]:
        """Those that are not deleted; one on its way out counts until it is taken away."""
        return list(self._each(given(ids)))

    def becoming(self, role_id: str) -> list[str]:
        """The role, and those on their way out whose users get it instead."""
        where: Document = {"going.since": {"$exists": True}, "going.replace_with": role_id}
        going = self._roles.find(where, {"_id": 1}, hint="going")
        return [role_id, *(document["_id"] for document in going)]

    def default_of(self, category: str) -> Role | None:
        return next(self._each({"category": category, "is_default": True}), None)

    def ids(self) -> frozenset[str]:
        """Of those that can be given."""
        return frozenset(document["_id"] for document in self._roles.find(_PRESENT, {"_id": 1}))

    def find_once(self, once: Once) -> tuple[Role, dict[str, Any]] | None:
        """The role that an Idempotency-Key created, and how the key was kept."""
        document = self._roles.find_one({"once.key": once.key}, _HIDDEN)
        return None if document is None else (from_document(document), document["once"])

    def forget_once(self, once: Once, kept_at: datetime) -> None:
        """Free a key that is too old to count, and only as it was kept at that moment."""
        self._roles.update_one({"once.key": once.key, "once.at": kept_at}, {"$unset": {"once": ""}})

    def _new_document(
        self, decision: RoleDecision, messages: Sequence[Message], now: datetime
    ) -> Document:
        return _to_document(decision.role) | {
            "outbox": entries(messages, now),
            "audit": waiting(decision.audit),
        }

    def _committed(self, role: Role, messages: list[Message]) -> None:
        self._outbox.committed(COLLECTION, self._roles.tenant_id, role.id, messages)

    def _each(self, where: Document) -> Iterator[Role]:
        for document in self._roles.find(where, _HIDDEN, sort=[("name", 1), ("_id", 1)]):
            yield from_document(document)


def given(ids: Iterable[str]) -> Document:
    """Filter: those of `ids` whose permissions count."""
    return {"_id": {"$in": list(ids)}, "is_deleted": False}


def going_roles(platform: Platform) -> Iterator[tuple[str, str]]:
    """Tenant and id of every role that is on its way out."""
    found = platform[COLLECTION].find(
        {"going.since": {"$exists": True}}, {"tenant_id": 1}, hint="going"
    )
    for document in list(found):
        yield document["tenant_id"], document["_id"]


def outgrown_roles(
    platform: Platform, without: Collection[str] = (), limit: int = 1000
) -> Iterator[tuple[str, str]]:
    """Tenant and id of roles whose category has gained permissions since they were made."""
    where = {"edition": {"$lt": EDITION}, "is_deleted": False, "_id": {"$nin": list(without)}}
    found = platform[COLLECTION].find(where, {"tenant_id": 1}, hint="edition")
    for document in list(found.limit(limit)):
        yield document["tenant_id"], document["_id"]


def _name_key(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _to_document(role: Role) -> Document:
    document = {"_id": role.id, **asdict(role)}
    del document["id"]
    if role.going is None and not role.is_deleted:
        document["name_key"] = _name_key(role.name)
    return document


def from_document(document: Document) -> Role:
    """The role as stored."""
    units, going = document["planning_units"], document["going"]
    return Role(
        id=document["_id"],
        version=document["version"],
        name=document["name"],
        abbreviation=document["abbreviation"],
        category=document["category"],
        permissions=tuple(document["permissions"]),
        description=document["description"],
        is_default=document["is_default"],
        planning_units=None if units is None else tuple(units),
        edition=document["edition"],
        going=None if going is None else Going(**known(Going, going)),
        is_deleted=document["is_deleted"],
        external_id=document.get("external_id"),
    )
