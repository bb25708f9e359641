"""Followed records in MongoDB: each a document, written on the revision that was read.

::

    { _id, tenant_id, state, user: {…}, own: {…}, creation, change,     the record
      schema,                                                           its form
      revision, sequence, seen: {accounts: 7},                          its counters
      sort, grams, haystack, due_at, once, outbox,                      what finds and sends it
      audit,                                                            what is noted of it
      erasing_since }                                                   while more is to be erased

Beside them stands what the place derives from the record, for indexes (`Form.derived`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from pymongo.errors import DuplicateKeyError

from staffroll.audit import AuditEntry
from staffroll.bus import Message
from staffroll.directory import TenantDirectory
from staffroll.errors import Conflict, NotFound, OutboxFull, Stale
from staffroll.idempotency import Once, OnceUsed
from staffroll.mongo import followed
from staffroll.mongo.audit_trail import AuditTrail, audit_indexes, waiting
from staffroll.mongo.client import Document
from staffroll.mongo.erasing import erasing_index
from staffroll.mongo.followed import OWNER
from staffroll.mongo.forms import Forms, Upgrade
from staffroll.mongo.indexes import Index, outbox_index
from staffroll.mongo.lists import Facet, find_slice, list_indexes
from staffroll.mongo.outbox import HAS_ROOM, Outbox, entries, push
from staffroll.mongo.scoped import TenantCollection, TenantDatabase, duplicate_index
from staffroll.records import Decision, Record
from staffroll.search import Term
from staffroll.user_copy import UserCopy

OwnT = TypeVar("OwnT")

LISTED_STATES: Final = ("pending", "confirmed", "rejected")
_READ: Final = {"grams": 0, "haystack": 0, "sort": 0, "outbox": 0, "audit": 0}
_STAYS: Final = frozenset({"_id", "tenant_id", "outbox", "audit"})
"""What a tombstone keeps beside the record itself."""

_LISTED: Final = {"grams": 0, "haystack": 0, "outbox": 0, "audit": 0}


class RecordExists(Exception):
    """There is a record, or the tombstone of one, under this id already."""


@dataclass(frozen=True, slots=True)
class Form(Generic[OwnT]):
    """How one service keeps its records.

    Attributes:
        upgrades: See `staffroll.mongo.forms`.
        conflicts: What it means when a unique index over a field of ``own`` refuses.
        derived: What stands at the top of the document of a record that is kept at a moment,
            so that indexes find it.
        sometimes: The names of those that not every document has.
        stays: The names of fields that a tombstone keeps, until an erasing step has done with
            them.
    """

    collection: str
    to_document: Callable[[OwnT], Document]
    from_document: Callable[[Document], OwnT]
    conflicts: Mapping[str, type[Conflict]] = field(default_factory=dict)
    derived: Callable[[Record[OwnT], datetime], Document] = lambda *_: {}
    sometimes: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
    upgrades: Sequence[Upgrade] = ()

    @property
    def forms(self) -> Forms:
        return Forms(self.collection, self.upgrades)

    @property
    def indexes(self) -> tuple[Index, ...]:
        name = self.collection
        return (
            *list_indexes(name, "state"),
            *(_unique(name, f"own.{own}") for own in self.conflicts),
            _unique(name, "once.key"),
            Index(name, ["_id", "state", "sequence", f"seen.{OWNER}"], "versions"),
            Index(
                name,
                ["due_at"],
                "due",
                partial={"due_at": {"$exists": True}},
                every_tenant=True,
            ),
            outbox_index(name),
            erasing_index(name),
            *audit_indexes([name]),
            *self.forms.indexes,
        )


def _unique(collection: str, field_name: str) -> Index:
    return Index(
        collection,
        [field_name],
        f"{field_name.replace('.', '_')}_unique",
        unique=True,
        partial={field_name: {"$exists": True}},
    )


@dataclass(frozen=True, slots=True)
class RecordPage(Generic[OwnT]):
    """Some records in order, how many there are in all, and where more follow."""

    records: list[Record[OwnT]]
    total: int
    end: tuple[str, str] | None


class FollowedStore(Generic[OwnT]):
    """The records of one tenant in one service.

    Args:
        reach: All others are as if they were not there, for whoever reads, changes or lists.
    """

    def __init__(
        self,
        database: TenantDatabase,
        outbox: Outbox,
        form: Form[OwnT],
        reach: Facet | None = None,
    ) -> None:
        self._reach = reach
        self._records: TenantCollection = database[form.collection]
        self._trail = AuditTrail(database)
        self._outbox = outbox
        self._form = form
        self._forms = form.forms

    def keep(
        self, before: Record[OwnT] | None, decision: Decision[OwnT], now: datetime
    ) -> Record[OwnT]:
        """`insert` or `save`, as there was a record before or not."""
        if before is None:
            return self.insert(decision, now)
        return self.save(before, decision, now)

    def insert(
        self, decision: Decision[OwnT], now: datetime, once: Once | None = None
    ) -> Record[OwnT]:
        """Keep a new record, and say what is to be said: one write.

        Raises:
            RecordExists, OnceUsed: This very creation has happened already.
            Conflict: As the form names it.
            OutboxFull: Too much waits for the broker.
        """
        self._outbox.check_room()
        messages = _messages(decision)
        document = self._to_document(decision.record, now) | {
            "outbox": entries(messages, now),
            "audit": waiting(decision.audit),
        }
        if once is not None:
            document["once"] = once.document(now)
        try:
            self._records.insert_one(document)
        except DuplicateKeyError as error:
            raise self._conflict(error) from error
        self._committed(decision.record, messages)
        return decision.record

    def save(self, before: Record[OwnT], decision: Decision[OwnT], now: datetime) -> Record[OwnT]:
        """Keep a changed record, and say what is to be said: one write.

        Raises:
            Stale: Somebody was quicker.
            Conflict: As the form names it.
            OutboxFull: This record's news has waited too long for the broker.
        """
        if decision.record == before:
            return before
        messages = _messages(decision)
        where: Document = {"_id": before.id, "revision": before.revision}
        update = self._update(before, decision.record, now)
        pushed: Document = {}
        if messages:
            self._outbox.check_room()
        if decision.record.followed.is_deleted and not before.followed.is_deleted:
            # What still waits to be sent tells of the person, and is overtaken by this.
            update["$set"]["outbox"] = entries(messages, now)
        elif messages:
            where |= HAS_ROOM
            pushed |= push(messages, now)["$push"]
        if decision.audit:
            pushed["audit"] = {"$each": waiting(decision.audit)}
        if pushed:
            update["$push"] = pushed
        try:
            is_saved = self._forms.save(self._records, where, update)
            if not is_saved and messages and self._outbox.make_room(*self._place(before.id)):
                is_saved = self._forms.save(self._records, where, update)
        except DuplicateKeyError as error:
            raise self._conflict(error) from error
        if not is_saved:
            raise self._why_not(before)
        self._committed(decision.record, messages)
        return decision.record

    def remove(self, before: Record[OwnT], entry: AuditEntry) -> None:
        """Forget a record; what was noted of it, and `entry`, find their way into the trail.

        Raises:
            Stale: Somebody was quicker.
        """
        one = {"_id": before.id, "revision": before.revision}
        if not self._trail.delete(self._records, one, entry):
            raise Stale

    def get(self, id_: str) -> Record[OwnT]:
        """Raises `NotFound` where there is none, deleted ones included."""
        record = self.find(id_)
        if record is None or record.followed.is_deleted:
            raise NotFound
        return record

    def find(self, id_: str) -> Record[OwnT] | None:
        """The record or its tombstone."""
        reach = self._reach.filter if self._reach else {}
        document = self._records.find_one({"_id": id_, **reach}, _READ)
        return None if document is None else self._from_document(document)

    def some(self, ids: Iterable[str]) -> dict[str, Record[OwnT]]:
        """The records and tombstones that there are of these, by id."""
        reach = self._reach.filter if self._reach else {}
        found = self._records.find({"_id": {"$in": list(ids)}, **reach}, _READ)
        return {document["_id"]: self._from_document(document) for document in found}

    def standing(self, id_: str) -> UserCopy | None:
        """Status, token generation, admin access and roles of the user; None unless accounts has confirmed them."""
        document = self._records.find_one(
            {"_id": id_, "state": "confirmed"},
            {f"user.{name}": 1 for name in ("status", "token_generation", "is_admin", "roles")},
        )
        return None if document is None else followed.user_from(document["user"])

    def user(self, id_: str) -> UserCopy | None:
        """The user as accounts told of them last, whoever reaches the record; None until it has."""
        document = self._records.find_one({"_id": id_, "state": "confirmed"}, {"user": 1})
        return None if document is None else followed.user_from(document["user"])

    def find_once(self, once: Once) -> tuple[Record[OwnT], dict[str, Any]] | None:
        """The record that an Idempotency-Key created, and how the key was kept."""
        document = self._records.find_one({"once.key": once.key}, _READ)
        return None if document is None else (self._from_document(document), document["once"])

    def forget_once(self, once: Once, kept_at: datetime) -> None:
        """Free a key that is too old to count, and only as it was kept at that moment."""
        self._records.update_one(
            {"once.key": once.key, "once.at": kept_at}, {"$unset": {"once": ""}}
        )

    def page(
        self,
        *,
        states: Sequence[str] = LISTED_STATES,
        terms: tuple[Term, ...] = (),
        facets: Sequence[Facet] = (),
        after: tuple[str, str] | None = None,
        limit: int,
    ) -> RecordPage[OwnT]:
        """Records in one of `states`, in the order of all lists (R11, R13).

        Args:
            facets: Each must fit; of the first, `Form` has an index.
        """
        where = {"state": states[0] if len(states) == 1 else {"$in": list(states)}}
        narrowing = self._reached(facets)
        found = find_slice(
            self._records,
            where,
            terms,
            after=after,
            limit=limit,
            projection=_LISTED,
            facet=narrowing[0] if narrowing else None,
            further=narrowing[1:],
        )
        records = [self._from_document(document) for document in found.documents]
        return RecordPage(records, found.total, found.end)

    def ids(
        self,
        *,
        states: Sequence[str],
        terms: tuple[Term, ...] = (),
        facets: Sequence[Facet] = (),
        limit: int,
    ) -> list[str]:
        """The ids of at most `limit` records, as `page` finds them."""
        narrowing = self._reached(facets)
        found = find_slice(
            self._records,
            {"state": {"$in": list(states)}},
            terms,
            after=None,
            limit=limit,
            projection={"sort": 1},
            facet=narrowing[0] if narrowing else None,
            further=narrowing[1:],
        )
        return [document["_id"] for document in found.documents]

    def each_told(self, subjects: Sequence[str] = ()) -> Iterator[Record[OwnT]]:
        """All records and tombstones that were ever told of, or those named among them."""
        where: Document = {"sequence": {"$gt": 0}}
        if subjects:
            where["_id"] = {"$in": list(subjects)}
        for document in self._records.find(where, _READ, batch_size=500):
            yield self._from_document(document)

    def versions(self, owner: str) -> Iterator[tuple[str, int]]:
        """Ids and versions by the sequence of `owner`, tombstones included."""
        of_user = owner == OWNER
        name = f"seen.{OWNER}" if of_user else "sequence"
        for document in self._records.find(
            {name: {"$gt": 0}}, {"_id": 1, name: 1}, batch_size=5000
        ):
            yield document["_id"], document["seen"][OWNER] if of_user else document["sequence"]

    def all_ids(self) -> Iterator[str]:
        """Of all records and tombstones."""
        for document in self._records.find({}, {"_id": 1}, batch_size=5000):
            yield document["_id"]

    def deleted(self) -> Iterator[str]:
        """The ids of tombstones."""
        for document in self._records.find({"state": "deleted"}, {"_id": 1}, batch_size=5000):
            yield document["_id"]

    def _reached(self, facets: Sequence[Facet]) -> list[Facet]:
        """The facets, and the reach as one of them, first."""
        if self._reach is None:
            return list(facets)
        reach = self._reach
        for facet in facets:
            if facet.field == reach.field:
                reach = facet.within(reach)
        return [reach, *(facet for facet in facets if facet.field != reach.field)]

    def _committed(self, record: Record[OwnT], messages: list[Message]) -> None:
        self._outbox.committed(*self._place(record.id), messages)

    def _place(self, id_: str) -> tuple[str, str, str]:
        return self._form.collection, self._records.tenant_id, id_

    def _conflict(self, error: DuplicateKeyError) -> Exception:
        match duplicate_index(error):
            case ("tenant_id", "once.key"):
                return OnceUsed()
            case ("tenant_id", name) if name.removeprefix("own.") in self._form.conflicts:
                return self._form.conflicts[name.removeprefix("own.")]()
            case _:
                return RecordExists()

    def _why_not(self, before: Record[OwnT]) -> Exception:
        now = self._records.find_one({"_id": before.id}, {"revision": 1})
        if now is not None and now["revision"] == before.revision:
            return OutboxFull()
        return Stale()

    def _update(self, before: Record[OwnT], record: Record[OwnT], now: datetime) -> Document:
        document = self._to_document(record, now)
        del document["_id"]
        sometimes = (*followed.SOMETIMES, *self._form.sometimes)
        gone = [name for name in sometimes if name not in document]
        if record.followed.is_deleted:
            gone = self._leftovers(record.id, document)
        else:
            # One by one, so that what a newer version has put beside them stays.
            own = document.pop("own")
            document |= {f"own.{name}": value for name, value in own.items()}
            held = self._form.to_document(before.own).keys()
            gone += [f"own.{name}" for name in held - own.keys()]
        return {"$set": document, **({"$unset": dict.fromkeys(gone, "")} if gone else {})}

    def _leftovers(self, id_: str, tombstone: Document) -> list[str]:
        """What the document has beside its tombstone, whoever put it there."""
        document = self._records.find_one({"_id": id_}) or {}
        return sorted(document.keys() - tombstone.keys() - _STAYS - {*self._form.stays})

    def _to_document(self, record: Record[OwnT], now: datetime) -> Document:
        erasing = {"erasing_since": record.erasing_since} if record.erasing_since else {}
        return {
            **erasing,
            **self._form.derived(record, now),
            **followed.to_document(record.followed),
            "own": self._form.to_document(record.own),
            "revision": record.revision,
            "sequence": record.sequence,
            **self._forms.stamp,
        }

    def _from_document(self, document: Document) -> Record[OwnT]:
        document = self._forms.newest(document)
        return Record(
            followed=followed.from_document(document),
            own=self._form.from_document(document["own"]),
            revision=document["revision"],
            sequence=document["sequence"],
            erasing_since=document.get("erasing_since"),
        )


class FollowingStore(Generic[OwnT]):
    """What one tenant has in a following service: its records, and the directory it reads."""

    def __init__(
        self,
        database: TenantDatabase,
        outbox: Outbox,
        form: Form[OwnT],
        reach: Facet | None = None,
    ) -> None:
        self.records = FollowedStore(database, outbox, form, reach)
        self.directory = TenantDirectory(database)
        self.audit = AuditTrail(database)


def _messages(decision: Decision[Any]) -> list[Message]:
    events = [Message.event(event) for event in decision.events]
    return events + [Message.request(wish, OWNER) for wish in decision.wishes]
