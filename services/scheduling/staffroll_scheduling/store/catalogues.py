"""Catalogues in MongoDB: contracts, skills, activities and planning units in one collection.

::

    { _id, tenant_id, kind, name, description, …fields of the kind, version, is_deleted,
      name_key, once, audit }

A deleted entry stays without a `name_key`: its name is free, and histories still show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from staffroll.errors import NotFound, Stale
from staffroll.idempotency import Once, OnceUsed
from staffroll.mongo import Document, Index, TenantDatabase, duplicate_index
from staffroll.mongo.audit_trail import audit_indexes, waiting
from staffroll.mongo.forms import known
from staffroll.mongo.scoped import TenantCollection
from staffroll_scheduling.domain.assignments import Kind, NeededSkill
from staffroll_scheduling.domain.catalogue import (
    ENTRIES,
    Entry,
    EntryDecision,
    name_key,
    own_fields,
)
from staffroll_scheduling.domain.errors import NameTaken
from staffroll_scheduling.store.assignments import ASSIGNED, EMPLOYEES

CATALOGUE: Final = "catalogue"

CATALOGUE_INDEXES: Final = (
    Index(
        CATALOGUE,
        ["kind", "name_key", "_id"],
        "in_order",
        partial={"name_key": {"$exists": True}},
    ),
    Index(
        CATALOGUE,
        ["kind", "name_key"],
        "name_key_unique",
        unique=True,
        partial={"name_key": {"$exists": True}},
    ),
    Index(
        CATALOGUE,
        ["once.key"],
        "once_unique",
        unique=True,
        partial={"once.key": {"$exists": True}},
    ),
    Index(
        CATALOGUE,
        ["required_skills.skill_id"],
        "needed",
        partial={"required_skills.skill_id": {"$exists": True}},
    ),
    *audit_indexes([CATALOGUE]),
)

_HIDDEN: Final = {"audit": 0}
_ORDER: Final = (("name_key", 1), ("_id", 1))


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Some entries in order, how many there are in all, and where more follow."""

    entries: list[Entry]
    total: int
    end: tuple[str, str] | None


class Catalogues:
    """All catalogues of one tenant."""

    def __init__(self, database: TenantDatabase) -> None:
        self._entries: TenantCollection = database[CATALOGUE]
        self._employees: TenantCollection = database[EMPLOYEES]

    def of(self, kind: Kind) -> Catalogue:
        return Catalogue(self._entries, kind)

    def names(self, ids: Iterable[str]) -> dict[str, str]:
        """The names by id, of deleted ones too."""
        found = self._entries.find({"_id": {"$in": list(ids)}}, {"name": 1})
        return {document["_id"]: document["name"] for document in found}

    def needs(self, activity_ids: Iterable[str]) -> dict[str, tuple[NeededSkill, ...]]:
        """The skills that the activities ask for, by activity."""
        found = self._entries.find({"_id": {"$in": list(activity_ids)}}, {"required_skills": 1})
        return {
            document["_id"]: _needed_skills(document.get("required_skills", ()))
            for document in found
        }

    def count_assigned(self, entry_id: str, day: date) -> int:
        """How many employees have it on `day` or later, whoever reaches them."""
        after = [{"valid_to": None}, {"valid_to": {"$gt": day.isoformat()}}]
        having = {"$elemMatch": {"target_id": entry_id, "$or": after}}
        where: Document = {"own.assignments.target_id": entry_id, "own.assignments": having}
        return self._employees.count(where, hint=ASSIGNED.name)

    def count_needing(self, skill_id: str) -> int:
        """How many activities ask for the skill."""
        where = {"required_skills.skill_id": skill_id, "is_deleted": False}
        return self._entries.count(where, hint="needed")


class Catalogue:
    """One catalogue of one tenant."""

    def __init__(self, entries: TenantCollection, kind: Kind) -> None:
        self._entries = entries
        self._kind: Kind = kind

    def insert(self, decision: EntryDecision, now: datetime, once: Once | None = None) -> Entry:
        """Keep a new entry and note it: one write.

        Raises:
            NameTaken, OnceUsed.
        """
        document = self._to_document(decision.entry) | {"audit": waiting(decision.audit)}
        if once is not None:
            document["once"] = once.document(now)
        try:
            self._entries.insert_one(document)
        except DuplicateKeyError as error:
            if duplicate_index(error) == ("tenant_id", "once.key"):
                raise OnceUsed from error
            raise NameTaken from error
        return decision.entry

    def save(self, before: Entry, decision: EntryDecision) -> Entry:
        """Keep a changed entry and note it: one write, on the version that was read.

        Raises:
            NameTaken, Stale.
        """
        if decision.entry == before:
            return before
        document = self._to_document(decision.entry)
        del document["_id"]
        update: Document = {
            "$set": document,
            "$push": {"audit": {"$each": waiting(decision.audit)}},
        }
        if decision.entry.is_deleted:
            update["$unset"] = {"name_key": ""}
        try:
            saved = self._entries.update_one(
                {"_id": before.id, "kind": self._kind, "version": before.version}, update
            )
        except DuplicateKeyError as error:
            raise NameTaken from error
        if saved.matched_count == 0:
            raise Stale
        return decision.entry

    def get(self, entry_id: str) -> Entry:
        """Raises `NotFound`, deleted ones included."""
        entry = self.some([entry_id]).get(entry_id)
        if entry is None:
            raise NotFound
        return entry

    def some(self, ids: Iterable[str]) -> dict[str, Entry]:
        """Those that are there and not deleted, by id."""
        where = {"_id": {"$in": list(ids)}, "kind": self._kind, "is_deleted": False}
        found = map(self._from_document, self._entries.find(where, _HIDDEN))
        return {entry.id: entry for entry in found}

    def page(self, *, after: tuple[str, str] | None, limit: int) -> EntryPage:
        """Entries by name, `limit` of them after a position."""
        everything: Document = {"kind": self._kind, "name_key": {"$exists": True}}
        where = everything
        if after is not None:
            key, id_ = after
            beyond = [{"name_key": {"$gt": key}}, {"name_key": key, "_id": {"$gt": id_}}]
            where = {**everything, "name_key": {"$gte": key}, "$or": beyond}
        found = self._entries.find(where, _HIDDEN, sort=_ORDER, limit=limit + 1, hint="in_order")
        documents = list(found)
        last = documents[limit - 1] if len(documents) > limit else None
        return EntryPage(
            [self._from_document(document) for document in documents[:limit]],
            self._entries.count(everything, hint="in_order"),
            (last["name_key"], last["_id"]) if last else None,
        )

    def find_once(self, once: Once) -> tuple[Entry, dict[str, Any]] | None:
        """The entry that an Idempotency-Key created, and how the key was kept."""
        document = self._entries.find_one({"once.key": once.key}, _HIDDEN)
        return None if document is None else (self._from_document(document), document["once"])

    def forget_once(self, once: Once, kept_at: datetime) -> None:
        """Free a key that is too old to count, and only as it was kept at that moment."""
        self._entries.update_one(
            {"once.key": once.key, "once.at": kept_at}, {"$unset": {"once": ""}}
        )

    def _to_document(self, entry: Entry) -> Document:
        document: Document = {"_id": entry.id, "kind": self._kind, **asdict(entry)}
        del document["id"]
        if not entry.is_deleted:
            document["name_key"] = name_key(entry.name)
        return document

    def _from_document(self, document: Mapping[str, Any]) -> Entry:
        values = {name: document[name] for name in own_fields(self._kind) if name != "id"}
        if "levels" in values:
            values["levels"] = tuple(values["levels"])
        if "required_skills" in values:
            values["required_skills"] = _needed_skills(values["required_skills"])
        return ENTRIES[self._kind](id=document["_id"], **values)


def _needed_skills(documents: Iterable[Document]) -> tuple[NeededSkill, ...]:
    return tuple(NeededSkill(**known(NeededSkill, document)) for document in documents)
