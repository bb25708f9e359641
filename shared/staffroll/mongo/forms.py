"""The form in which a collection keeps its documents, and how it changes while all runs.

Each document says in ``schema`` in which form it was written. Whoever writes one says so anew:
a process of the version before, which knows only the older form, writes that and says that.
So it can be told at any time which documents are old, whoever wrote them last::

    read ──▶ newest() in memory              never refused, whatever the form
    save ──▶ only onto the newest form; an old document is brought up first
    chore ─▶ finds old ones by index, brings them up, some at a time, until there are none

There is no progress to be kept: what is done is not found again. An upgrade never takes away
what the version before reads; the version after may (docs/operations.md, “Upgrades”).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import reduce
from typing import Any, Final, TypeVar

from staffroll.mongo.client import Document, Filter
from staffroll.mongo.indexes import Index
from staffroll.mongo.scoped import Platform, TenantCollection
from staffroll.rounds import Rounds

SCHEMA: Final = "schema"

AT_ONCE: Final = 200

_COUNTED: Final = 100_000
_NEVER_CHANGED: Final = frozenset({"_id", "tenant_id", "revision", "outbox", "audit"})

T = TypeVar("T")

Upgrade = Callable[[Document], Document]
"""From a document of one form to that of the next. Pure, and made from what is always read."""


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of one collection whose documents have a ``revision``.

    Attributes:
        upgrades: The first leads from form 1 to form 2, and so on; released ones stay.
    """

    collection: str
    upgrades: Sequence[Upgrade] = ()

    @property
    def number(self) -> int:
        """Of the newest form that is known here."""
        return len(self.upgrades) + 1

    @property
    def stamp(self) -> Document:
        """What every write sets that may touch what an upgrade reads or makes."""
        return {SCHEMA: self.number}

    @property
    def indexes(self) -> tuple[Index, ...]:
        """Holds what is old, so that it costs nothing once nothing is."""
        if not self.upgrades:
            return ()
        return (
            Index(
                self.collection,
                [SCHEMA],
                self._index_name,
                partial={SCHEMA: {"$lt": self.number}},
                every_tenant=True,
            ),
        )

    @property
    def _index_name(self) -> str:
        return f"before_schema_{self.number}"

    def newest(self, document: Document) -> Document:
        """The document as if it had been written in the newest form."""
        return reduce(lambda one, upgrade: upgrade(one), self._missing(document), document)

    def save(self, collection: TenantCollection, where: Filter, update: Mapping[str, Any]) -> bool:
        """Write onto one document, brought up before where it is old; False where none fits.

        Args:
            where: With its ``_id`` and the ``revision`` that was read.
            update: Sets `stamp`; where it writes only what differs, the rest is there.
        """
        if self._is_saved(collection, where, update):
            return True
        if not self.upgrades:
            return False
        as_read = {name: where[name] for name in ("_id", "revision")}
        document = collection.find_one({**as_read, **self._old_or_unsaid})
        if document is None or not self.bring_up(collection, document):
            return False
        return self._is_saved(collection, where, update)

    def _is_saved(
        self, collection: TenantCollection, where: Filter, update: Mapping[str, Any]
    ) -> bool:
        savable = {SCHEMA: {"$gte": self.number}} if self.upgrades else {}
        return collection.update_one({**where, **savable}, update).matched_count == 1

    def bring_up(self, collection: TenantCollection, document: Document) -> bool:
        """Rewrite one in the newest form, whatever `newest` reads of it given.

        Returns:
            Whether it is of the newest form now; False where it was changed meanwhile.
        """
        if not self._missing(document):
            return True
        as_read = {name: document.get(name) for name in ("_id", "revision", SCHEMA)}
        changed = _difference(document, self.newest(document))
        changed["$set"] |= self.stamp
        return collection.update_one(as_read, changed).matched_count == 1

    def bringing_up(self, platform: Platform, at_once: int = AT_ONCE) -> Rounds[Document]:
        """Brings up what is old, some in a round; in any number of processes at once."""

        def find(without: Collection[str]) -> list[Document]:
            where = {**self._old, "_id": {"$nin": list(without)}}
            found = platform[self.collection].find(where, hint=self._index_name)
            return list(found.limit(at_once))

        return Rounds(
            find,
            lambda document: str(document["_id"]),
            lambda document: self.bring_up(
                platform.tenant(document["tenant_id"])[self.collection], document
            ),
            "document_not_brought_up",
        )

    def count_old(self, platform: Platform) -> int:
        """How many there are, up to a hundred thousand."""
        if not self.upgrades:
            return 0
        return platform[self.collection].count_documents(self._old, limit=_COUNTED)

    @property
    def _old(self) -> Document:
        return {SCHEMA: {"$lt": self.number}}

    @property
    def _old_or_unsaid(self) -> Document:
        return {"$or": [self._old, {SCHEMA: None}]}

    def _missing(self, document: Mapping[str, Any]) -> Sequence[Upgrade]:
        return self.upgrades[document.get(SCHEMA, 1) - 1 :]


def known(kind: type[T], document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the dataclass `kind` that the document has: others may be of a newer version."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return {name: value for name, value in document.items() if name in names}


def _difference(before: Document, after: Document) -> Document:
    changed = {
        name: value
        for name, value in after.items()
        if name not in _NEVER_CHANGED and (name not in before or before[name] != value)
    }
    gone = before.keys() - after.keys() - _NEVER_CHANGED
    return {"$set": changed, **({"$unset": dict.fromkeys(sorted(gone), "")} if gone else {})}
