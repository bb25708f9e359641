"""The only way to a collection: through a handle that belongs to one tenant.

Every filter gets the tenant, every inserted document is stamped with it. The one
exception is `Platform`, for the few chores that go over all tenants by nature
(sweeper, ticker, limiter, bootstrap).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError, WriteConcernError
from pymongo.read_concern import ReadConcern
from pymongo.results import UpdateResult

from staffroll.mongo.client import Document, Filter

Sort = Sequence[tuple[str, int]]

_PART: Final = "_part"

_DUPLICATE_KEY: Final = 11000


class ForeignTenant(Exception):
    """Code tried to name a tenant itself instead of leaving it to the handle."""


class TenantCollection:
    """A collection as one tenant sees it."""

    def __init__(self, collection: Collection[Document], tenant_id: str) -> None:
        self._collection = collection
        self.tenant_id = tenant_id

    @property
    def name(self) -> str:
        return self._collection.name

    def find_one(
        self, where: Filter, projection: Mapping[str, Any] | None = None
    ) -> Document | None:
        return self._collection.find_one(self._scoped(where), projection)

    def find(
        self,
        where: Filter,
        projection: Mapping[str, Any] | None = None,
        *,
        sort: Sort | None = None,
        skip: int = 0,
        limit: int = 0,
        hint: str | None = None,
        batch_size: int = 0,
        at_one_moment: bool = False,
    ) -> Iterator[Document]:
        """The documents that fit.

        Args:
            at_one_moment: However long it takes, all are as they were at the first batch;
                the server remembers that moment for five minutes, then refuses to go on
                (`OperationFailure`, code 239).
        """
        collection = self._collection
        if at_one_moment:
            collection = collection.with_options(read_concern=ReadConcern("snapshot"))
        cursor = collection.find(
            self._scoped(where),
            projection,
            sort=sort,
            skip=skip,
            limit=limit,
            batch_size=batch_size,
        )
        return cursor.hint(hint) if hint else cursor

    def count(self, where: Filter, *, limit: int = 0, hint: str | None = None) -> int:
        options: dict[str, Any] = {}
        if limit:
            options["limit"] = limit
        if hint:
            options["hint"] = hint
        return self._collection.count_documents(self._scoped(where), **options)

    def count_each(self, wheres: Sequence[Filter], by: str) -> list[dict[Any, int]]:
        """How many fit each of the filters, by the value of a field; one command for all."""
        pipeline: list[Document] = []
        for number, where in enumerate(wheres):
            stages: list[Document] = [
                {"$match": self._scoped(where)},
                {"$group": {"_id": f"${by}", "count": {"$sum": 1}}},
                {"$set": {_PART: {"$literal": number}}},
            ]
            union = {"$unionWith": {"coll": self.name, "pipeline": stages}}
            pipeline += [union] if number else stages
        found: list[dict[Any, int]] = [{} for _ in wheres]
        for document in self._collection.aggregate(pipeline) if pipeline else ():
            found[document[_PART]][document["_id"]] = document["count"]
        return found

    def sum(self, where: Filter, number: Mapping[str, Any]) -> int:
        """The sum of an expression, such as ``{"$size": "$shifts"}``, over what fits."""
        group = {"$group": {"_id": None, "sum": {"$sum": number}}}
        found = self._collection.aggregate([{"$match": self._scoped(where)}, group])
        return int(next((each["sum"] for each in found), 0))

    def elements(
        self, where: Filter, array: str, inside: Filter, *, sort: Sort, limit: int
    ) -> Iterator[Document]:
        """The first elements of an array field that fit, each in place of the array.

        Args:
            where: Which documents are looked at; best by an index.
            inside: What fits, by whole paths such as ``shifts.start``.
        """
        return self._collection.aggregate(
            [
                {"$match": self._scoped(where)},
                {"$unwind": f"${array}"},
                {"$match": dict(inside)},
                {"$sort": dict(sort)},
                {"$limit": limit},
            ]
        )

    def insert_one(self, document: Document) -> None:
        """Insert; the document is stamped with the tenant.

        Raises:
            DuplicateKeyError: Ask `duplicate_index` which rule it breaks.
        """
        if document.setdefault("tenant_id", self.tenant_id) != self.tenant_id:
            raise ForeignTenant(self.name)
        self._collection.insert_one(document)

    def insert_many(self, documents: Sequence[Document]) -> dict[int, tuple[str, ...]]:
        """Insert each that can be, stamped with the tenant; each is a write of its own.

        Returns:
            By number, those that a unique index refused, and its fields as by `duplicate_index`.
        """
        for document in documents:
            if document.setdefault("tenant_id", self.tenant_id) != self.tenant_id:
                raise ForeignTenant(self.name)
        try:
            self._collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            return _refused(error)
        return {}

    def update_one(
        self, where: Filter, update: Mapping[str, Any], *, upsert: bool = False
    ) -> UpdateResult:
        return self._collection.update_one(
            self._scoped(where), self._harmless(update), upsert=upsert
        )

    def update_many(self, where: Filter, update: Mapping[str, Any]) -> UpdateResult:
        return self._collection.update_many(self._scoped(where), self._harmless(update))

    def find_one_and_update(
        self,
        where: Filter,
        update: Mapping[str, Any],
        *,
        projection: Mapping[str, Any] | None = None,
        upsert: bool = False,
    ) -> Document | None:
        """Update one and return it as it is afterwards; None where nothing fits."""
        return self._collection.find_one_and_update(
            self._scoped(where),
            self._harmless(update),
            projection=projection,
            upsert=upsert,
            return_document=ReturnDocument.AFTER,
        )

    def replace_one(self, where: Filter, document: Document) -> UpdateResult:
        if document.setdefault("tenant_id", self.tenant_id) != self.tenant_id:
            raise ForeignTenant(self.name)
        return self._collection.replace_one(self._scoped(where), document)

    def delete_one(self, where: Filter) -> bool:
        """Whether there was one to delete."""
        return self._collection.delete_one(self._scoped(where)).deleted_count == 1

    def delete_many(self, where: Filter) -> int:
        """How many there were to delete."""
        return self._collection.delete_many(self._scoped(where)).deleted_count

    def _scoped(self, where: Filter) -> Document:
        if "tenant_id" in where:
            raise ForeignTenant(self.name)
        return {"tenant_id": self.tenant_id, **where}

    def _harmless(self, update: Mapping[str, Any]) -> Mapping[str, Any]:
        for operator, changes in update.items():
            names = [*changes, *(changes.values() if operator == "$rename" else ())]
            if any(name.partition(".")[0] == "tenant_id" for name in names):
                raise ForeignTenant(self.name)
        return update


@dataclass(frozen=True, slots=True)
class Part:
    """Documents of one collection, to be found together with others.

    Attributes:
        without: Fields that are not needed.
    """

    collection: str
    where: Filter
    without: Sequence[str] = ()


class _Collections(dict[str, Collection[Document]]):
    """Made once each: pymongo makes a new one at each access, and a request asks for dozens."""

    def __init__(self, database: Database[Document]) -> None:
        super().__init__()
        self._database = database

    def __missing__(self, name: str) -> Collection[Document]:
        made = self[name] = self._database[name]
        return made


class TenantDatabase:
    """A service's database as one tenant sees it."""

    def __init__(self, collections: Mapping[str, Collection[Document]], tenant_id: str) -> None:
        self._collections = collections
        self.tenant_id = tenant_id

    def __getitem__(self, name: str) -> TenantCollection:
        return TenantCollection(self._collections[name], self.tenant_id)

    def find_together(self, *parts: Part) -> tuple[list[Document], ...]:
        """What each part finds, in their order: one command, for where commands are dear.

        The documents of one part are in no order, and parts are as of about the same moment,
        no more.
        """
        pipeline: list[Document] = []
        for number, part in enumerate(parts):
            stages = self._stages(part, number)
            union = {"$unionWith": {"coll": part.collection, "pipeline": stages}}
            pipeline += [union] if number else stages
        found: tuple[list[Document], ...] = tuple([] for _ in parts)
        for document in self._collections[parts[0].collection].aggregate(pipeline):
            found[document.pop(_PART)].append(document)
        return found

    def _stages(self, part: Part, number: int) -> list[Document]:
        if "tenant_id" in part.where:
            raise ForeignTenant(part.collection)
        stages: list[Document] = [{"$match": {"tenant_id": self.tenant_id, **part.where}}]
        if part.without:
            stages.append({"$unset": list(part.without)})
        return [*stages, {"$set": {_PART: {"$literal": number}}}]


class Platform:
    """A service's database over all tenants, for chores that belong to no tenant."""

    def __init__(self, database: Database[Document]) -> None:
        self.database = database
        self._collections = _Collections(database)

    def __getitem__(self, name: str) -> Collection[Document]:
        return self._collections[name]

    def tenant(self, tenant_id: str) -> TenantDatabase:
        return TenantDatabase(self._collections, tenant_id)


def duplicate_index(error: DuplicateKeyError) -> tuple[str, ...]:
    """The fields of the unique index that refused, such as ``("tenant_id", "email_key")``."""
    details = error.details or {}
    return tuple(details.get("keyPattern") or ())


def _refused(error: BulkWriteError) -> dict[int, tuple[str, ...]]:
    found = error.details.get("writeErrors", [])
    if unsure := error.details.get("writeConcernErrors"):
        raise WriteConcernError("not acknowledged by a majority", details=unsure[0]) from error
    if any(one["code"] != _DUPLICATE_KEY for one in found):
        raise error
    return {one["index"]: tuple(one.get("keyPattern") or ()) for one in found}
