"""One tenant's audit trail in MongoDB: how entries wait, and how the trail is read (R9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from staffroll import clock
from staffroll.audit import AuditEntry
from staffroll.audit_chain import Line, Verdict, verify
from staffroll.mongo.client import Document, Filter
from staffroll.mongo.indexes import Index
from staffroll.mongo.scoped import Platform, TenantCollection, TenantDatabase

COLLECTION: Final = "audit"
NOTES: Final = "audit_notes"
"""Entries whose document is gone with the change that they tell of."""

ERASED: Final = "audit_erased"
"""Ids of who was deleted, so that no later line of theirs gets an address."""

LEASES: Final = "audit_writers"
"""Who writes a tenant's trail, and the newest line that was surely written."""

WAITING: Final = "audit_waiting"
"""The index that finds documents whose entries wait."""

HELD_BACK: Final = "audit_held_back"
"""The index that finds notes of deletions that may not have happened."""

RELEASED: Final[Mapping[str, Any]] = {
    "$rename": {"held": "audit"},
    "$unset": {"held_at": "", "of": ""},
}
"""The update that lets a note that was held back wait like any other."""


def waiting(entries: Sequence[AuditEntry]) -> list[Document]:
    """Entries in the form in which they wait in a document's ``audit``."""
    return [asdict(entry) for entry in entries]


def is_deletion(entry: Document) -> bool:
    """Whether the entry tells that its subject was deleted, so that addresses are to be erased."""
    return str(entry["action"]).endswith(".deleted")


def audit_indexes(collections: Sequence[str]) -> tuple[Index, ...]:
    """For the trail, and for finding what waits in `collections`."""
    return (
        Index(COLLECTION, ["n"], "n_unique", unique=True),
        Index(COLLECTION, ["subject", "n"], "by_subject"),
        Index(COLLECTION, ["actor", "n"], "by_actor"),
        Index(COLLECTION, ["action", "n"], "by_action"),
        Index(COLLECTION, ["at"], "by_time"),
        *(
            Index(
                name,
                ["audit.at", "tenant_id"],
                WAITING,
                partial={"audit.at": {"$exists": True}},
                every_tenant=True,
            )
            for name in (*collections, NOTES)
        ),
        Index(
            NOTES, ["held_at"], HELD_BACK, partial={"held_at": {"$exists": True}}, every_tenant=True
        ),
    )


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines are asked for; None asks for all.

    Attributes:
        actions: Any of these; empty for all.
        since: Not before.
        until: Before.
    """

    subject: str | None = None
    actor: str | None = None
    action: str | None = None
    actions: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def where(self) -> Document:
        named = {"subject": self.subject, "actor": self.actor, "action": self.action}
        found: Document = {name: value for name, value in named.items() if value is not None}
        if self.actions:
            found["action"] = {"$in": list(self.actions)}
        at = {"$gte": self.since, "$lt": self.until}
        if bounds := {name: value for name, value in at.items() if value is not None}:
            found["at"] = bounds
        return found


class AuditTrail:
    """One tenant's trail, to be read, verified, and rid of the addresses of who was deleted."""

    def __init__(self, database: TenantDatabase) -> None:
        self._database = database
        self._lines = database[COLLECTION]
        self._notes = database[NOTES]
        self._leases = database[LEASES]

    def find(
        self, wanted: AuditFilter, *, before: int | None = None, limit: int = 0
    ) -> Iterator[Line]:
        """Lines, the newest first; those before number `before` where one is given."""
        where = wanted.where()
        if before is not None:
            where["n"] = {"$lt": before}
        return self._lines.find(where, sort=[("n", -1)], limit=limit)

    def count(self, wanted: AuditFilter) -> int:
        where = wanted.where()
        if where:
            return self._lines.count(where)
        newest = self._lines.find({}, {"n": 1}, sort=[("n", -1)], limit=1)
        return next((int(line["n"]) for line in newest), 0)  # there are no gaps

    def verify(self) -> Verdict:
        """Recompute the chain from its beginning."""
        held = self._leases.find_one({"_id": self._leases.tenant_id}, {"head": 1}) or {}
        head = (held["head"]["n"], held["head"]["hash"]) if "head" in held else None
        return verify(self._lines.find({}, sort=[("n", 1)]), self._lines.tenant_id, head)

    def erase(self, user_id: str) -> None:
        """Forget the addresses that `user_id` came from; the chain stays whole."""
        theirs = {"$or": [{"actor": user_id}, {"subject": user_id, "actor": "anonymous"}]}
        self._lines.update_many(
            {**theirs, "personal": {"$exists": True}}, {"$unset": {"personal": ""}}
        )

    def has_waiting(self, collections: Sequence[str], until: datetime) -> bool:
        """Whether entries up to this moment still wait in documents of `collections`."""
        older = {"audit.at": {"$lte": until}}
        return any(
            next(iter(self._database[name].find(older, {"_id": 1}, limit=1, hint=WAITING)), None)
            for name in (*collections, NOTES)
        )

    def note(self, entry: AuditEntry) -> None:
        """Note what changes no document, such as that something was read."""
        self.keep_apart(waiting([entry]))

    def delete(self, collection: TenantCollection, one: Filter, entry: AuditEntry) -> bool:
        """Delete a document; what waits in it finds its way into the trail, and so does `entry`.

        A note of both is held back until it is known whether the document went; where nobody
        lives to say so, the writer looks.

        Args:
            one: Its ``_id``, and what it must still be like; entries come with a change of that.
        Returns:
            Whether it was there, and is gone. Where not, nothing is noted.
        """
        document = collection.find_one(one, {"audit": 1})
        if document is None:
            return False
        entries = [*document.get("audit", ()), *waiting([entry])]
        held = {"_id": entry.id, "held_at": clock.now()}
        of = {"collection": collection.name, "id": document["_id"]}
        self._notes.insert_one({**held, "held": entries, "of": of})
        if not collection.delete_one(one):
            self._notes.delete_one(held)
            return False
        if self._notes.update_one(held, RELEASED).matched_count == 0:
            # It took so long that the writer has looked meanwhile.
            self.keep_apart(entries)
        return True

    def keep_apart(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Let entries wait in a document of their own; repeating it is harmless."""
        if entries:
            document: Document = {"_id": entries[-1]["id"], "audit": [dict(one) for one in entries]}
            with suppress(DuplicateKeyError):
                self._notes.insert_one(document)


def trails(platform: Platform) -> list[str]:
    """The tenants that have a trail."""
    return sorted(platform[COLLECTION].distinct("tenant_id"))
