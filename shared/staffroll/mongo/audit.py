"""The audit trail in MongoDB: from the changed documents into one chain for each tenant (R9).

::

    store ──one write──▶ document { state, outbox, audit: [entry] }
                                       │         ▲
      leased writer: chain, insert ◀───┘         │ pull, once the line is there
                 │                               │
                 └──▶ audit { n, previous, hash } ┘

Beside news, entries are left to the outbox, which takes both out in one write
(`staffroll.mongo.emptying`); where it does not, as while the broker is away, the writer does.

A crash between any two steps repeats what is idempotent: a line is found by its entry's
id, and two writers at once (a lease that ran out) meet at the unique ``(tenant_id, n)``:
one inserts, the other begins anew. What decides is read with majority, so that a failover
takes nothing back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from operator import itemgetter
from typing import Any, Final

import structlog
from pymongo import UpdateOne, WriteConcern
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DuplicateKeyError
from pymongo.read_concern import ReadConcern

from staffroll import clock
from staffroll.audit_chain import START, Line, chained
from staffroll.ids import new_id
from staffroll.mongo.audit_trail import (
    COLLECTION,
    ERASED,
    HELD_BACK,
    LEASES,
    NOTES,
    RELEASED,
    WAITING,
    AuditTrail,
    is_deletion,
)
from staffroll.mongo.client import Document
from staffroll.mongo.scoped import Platform

LEASE: Final = timedelta(seconds=30)

HELD: Final = timedelta(minutes=1)
"""Longer than a deletion takes that anybody is still at."""

_DOCUMENTS_AT_ONCE: Final = 200
_LEFT_TO_OUTBOX: Final = 2
"""How many rounds long, at most."""

_DUPLICATE_KEY: Final = 11000

_log = structlog.get_logger()


class AuditWriter:
    """Appends what waits in the documents of `collections`; any number may run at once.

    Args:
        lease: How long one writer keeps the others off a tenant; a matter of waste alone.
    """

    def __init__(
        self, platform: Platform, collections: Sequence[str], lease: timedelta = LEASE
    ) -> None:
        self._platform = platform
        self._collections = (*collections, NOTES)
        self._lease = lease
        self._me = new_id()
        self._rounds_left: dict[tuple[str, Any], int] = {}
        self._rounds_left_before: dict[tuple[str, Any], int] = {}
        self._lines = _by_majority(platform[COLLECTION])
        self._leases = platform[LEASES]

    def run(self) -> None:
        """Append all that waits now, of every tenant that no other writer has."""
        self._rounds_left_before, self._rounds_left = self._rounds_left, {}
        self._judge_held_back()
        for tenant_id in self._tenants():
            if self._claim(tenant_id):
                self._append_all(tenant_id)
                self._let_go(tenant_id)

    def _judge_held_back(self) -> None:
        """Note the deletions that happened though whoever was at them ended before saying so."""
        notes = self._platform[NOTES]
        due = {"held_at": {"$lt": clock.now() - HELD}}
        for note in list(notes.find(due, hint=HELD_BACK).limit(_DOCUMENTS_AT_ONCE)):
            of, own = note["of"], {name: note[name] for name in ("tenant_id", "_id", "held_at")}
            there = _by_majority(self._platform[of["collection"]])
            if there.find_one({"tenant_id": note["tenant_id"], "_id": of["id"]}, {"_id": 1}):
                notes.delete_one(own)
            else:
                notes.update_one(own, RELEASED)

    def _tenants(self) -> list[str]:
        found: dict[str, None] = {}
        for name in self._collections:
            here = self._platform[name].find(
                {"audit.at": {"$exists": True}}, {"tenant_id": 1}, hint=WAITING
            )
            found.update((document["tenant_id"], None) for document in here.limit(1_000))
        return list(found)

    def _claim(self, tenant_id: str) -> bool:
        now = clock.now()
        mine = {"$or": [{"holder": self._me}, {"until": {"$lt": now}}]}
        try:
            self._leases.update_one(
                {"_id": tenant_id, "tenant_id": tenant_id, **mine},
                {"$set": {"holder": self._me, "until": now + self._lease}},
                upsert=True,
            )
        except DuplicateKeyError:
            return False
        return True

    def _let_go(self, tenant_id: str) -> None:
        mine = {"_id": tenant_id, "tenant_id": tenant_id, "holder": self._me}
        self._leases.update_one(mine, {"$set": {"until": clock.now()}})

    def _append_all(self, tenant_id: str) -> None:
        for name in self._collections:
            for documents in self._waiting_in(name, tenant_id):
                if not self._append(tenant_id, documents):
                    return  # another writer was quicker; what is left waits for the next round
                self._pull(name, tenant_id, documents)
                if len(documents) == _DOCUMENTS_AT_ONCE and not self._claim(tenant_id):
                    return

    def _waiting_in(self, name: str, tenant_id: str) -> Iterator[list[Document]]:
        """In parts, the oldest first; each is looked at once, whether its entries stay or not."""
        found = _by_majority(self._platform[name]).find(
            {"tenant_id": tenant_id, "audit.at": {"$exists": True}},
            {"audit": 1, "outbox.id": 1},
            hint=WAITING,
            batch_size=_DOCUMENTS_AT_ONCE,
        )
        with found.sort("audit.at", 1) as documents:
            while part := list(islice(documents, _DOCUMENTS_AT_ONCE)):
                yield part

    def _append(self, tenant_id: str, documents: Sequence[Document]) -> bool:
        """Whether the entries of all the documents are in the trail now."""
        entries = {entry["id"]: entry for one in documents for entry in one["audit"]}
        known = self._lines.find(
            {"tenant_id": tenant_id, "_id": {"$in": list(entries)}}, {"_id": 1}
        )
        for line in known:
            del entries[line["_id"]]
        for entry in self._by_deleted(tenant_id, list(entries.values())):
            entry["address"] = None
        # Stable: what was noted at the same moment in one document keeps its order.
        ordered = sorted(entries.values(), key=itemgetter("at"))
        lines = self._chain(tenant_id, ordered)
        if lines:
            try:
                self._lines.insert_many(lines, ordered=True)
            except BulkWriteError as error:
                if not _is_duplicate(error):
                    raise
                _log.info("audit_writer_forestalled", tenant=tenant_id)
                return False
            newest = {"head": {"n": lines[-1]["n"], "hash": lines[-1]["hash"]}}
            self._leases.update_one(
                {
                    "_id": tenant_id,
                    "tenant_id": tenant_id,
                    "head.n": {"$not": {"$gt": lines[-1]["n"]}},
                },
                {"$set": newest},
            )
        self._erase_deleted(tenant_id, documents)
        return True

    def _chain(self, tenant_id: str, entries: Sequence[Document]) -> list[Line]:
        newest = self._lines.find_one(
            {"tenant_id": tenant_id}, {"n": 1, "hash": 1}, sort=[("n", -1)], hint="n_unique"
        )
        n, previous = (newest["n"], newest["hash"]) if newest else (0, START)
        lines = []
        for entry in entries:
            n += 1
            lines.append(chained(entry, tenant_id, n, previous))
            previous = lines[-1]["hash"]
        return lines

    def _by_deleted(self, tenant_id: str, entries: Sequence[Document]) -> list[Document]:
        """The entries of who was deleted before they were written."""
        actors = {entry["actor"] for entry in entries}
        gone = self._platform[ERASED].find({"tenant_id": tenant_id, "_id": {"$in": list(actors)}})
        ids = {document["_id"] for document in gone}
        return [entry for entry in entries if entry["actor"] in ids]

    def _erase_deleted(self, tenant_id: str, documents: Sequence[Document]) -> None:
        """Before the entry of a deletion leaves its document: so a crash repeats this, too."""
        for document in documents:
            for entry in document["audit"]:
                if is_deletion(entry):
                    gone = {"_id": entry["subject"], "tenant_id": tenant_id}
                    with suppress(DuplicateKeyError):
                        self._platform[ERASED].insert_one(gone)
                    AuditTrail(self._platform.tenant(tenant_id)).erase(entry["subject"])

    def _pull(self, name: str, tenant_id: str, documents: Sequence[Document]) -> None:
        pulls = [
            UpdateOne(
                {"tenant_id": tenant_id, "_id": document["_id"]},
                {"$pull": {"audit": {"id": {"$in": [entry["id"] for entry in document["audit"]]}}}},
            )
            for document in documents
            if not self._is_left_to_outbox(name, document)
        ]
        if pulls:
            # Not journaled: a pull lost in a crash only offers again what the trail has, by id.
            quick = self._platform[name].with_options(write_concern=WriteConcern(w=1, j=False))
            quick.bulk_write(pulls, ordered=False)
        if name == NOTES:
            ids = [document["_id"] for document in documents]
            emptied = {"tenant_id": tenant_id, "_id": {"$in": ids}, "audit": []}
            self._platform[name].delete_many(emptied)

    def _is_left_to_outbox(self, name: str, document: Document) -> bool:
        if not document.get("outbox") or any(is_deletion(entry) for entry in document["audit"]):
            return False
        key = name, document["_id"]
        rounds = self._rounds_left_before.get(key, 0) + 1
        if rounds > _LEFT_TO_OUTBOX:
            return False
        self._rounds_left[key] = rounds
        return True


def _by_majority(collection: Collection[Document]) -> Collection[Document]:
    return collection.with_options(read_concern=ReadConcern("majority"))


def _is_duplicate(error: BulkWriteError) -> bool:
    details = error.details or {}
    return any(one.get("code") == _DUPLICATE_KEY for one in details.get("writeErrors", ()))
