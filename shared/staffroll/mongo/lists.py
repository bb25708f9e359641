"""Pages of humans: the same order, search and count in every service (R11, R13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from staffroll.mongo.client import Document, Filter
from staffroll.mongo.counting import KEPT
from staffroll.mongo.indexes import Index
from staffroll.mongo.scoped import TenantCollection
from staffroll.search import (
    COUNTED,
    LIST,
    SEARCH,
    Plan,
    SearchIndex,
    Term,
    count_plan,
    facet_index,
    facet_plan,
    page_plan,
    whole_plan,
)

_ORDER: Final = (("sort", 1), ("_id", 1))


def list_indexes(collection: str, tab: str, *, facets: Sequence[str] = ()) -> tuple[Index, ...]:
    """What pages of `collection` need.

    Args:
        tab: The field by which a list is divided, such as ``status``.
        facets: Fields of further filters by equality, such as ``roles``.
    """
    found = (LIST, SEARCH, *map(facet_index, facets))
    return tuple(Index(collection, [tab, *index.keys], index.name) for index in found)


def facet_list_index(collection: str, tab: str, facet: str, *, further: Sequence[str]) -> Index:
    """As `list_indexes` makes for `facet`, and able to tell by `further` fields without a look
    at the documents."""
    index = facet_index(facet)
    return Index(collection, [tab, *index.keys, *further], index.name)


@dataclass(frozen=True, slots=True)
class Facet:
    """A further filter: documents whose `field` has at least one of `values`."""

    field: str
    values: tuple[str, ...]

    @property
    def index(self) -> SearchIndex:
        return facet_index(self.field)

    @property
    def filter(self) -> Document:
        return {self.field: {"$in": list(self.values)}}

    def within(self, other: Facet) -> Facet:
        """Of the values, those that `other` has, too; both are of one field."""
        others = frozenset(other.values)
        return Facet(self.field, tuple(one for one in self.values if one in others))


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of documents.

    Attributes:
        end: Sort key and id of the last document where more follow, else None.
    """

    documents: list[Document]
    total: int
    end: tuple[str, str] | None


def count_many(collection: TenantCollection, where: Filter, hint: str) -> int:
    """How many fit: exact up to `COUNTED`, beyond, see `KEPT_SECONDS`.

    Args:
        hint: The index that answers alone.
    """
    key = repr((collection.tenant_id, collection.name, where))
    if (known := KEPT.known(key)) is not None:
        return known
    exact = collection.count(where, limit=COUNTED + 1, hint=hint)
    if exact <= COUNTED:
        return exact
    return KEPT.count(key, lambda: collection.count(where, hint=hint))


def find_slice(
    collection: TenantCollection,
    where: Filter,
    terms: tuple[Term, ...],
    *,
    after: tuple[str, str] | None,
    limit: int,
    projection: Mapping[str, Any] | None = None,
    facet: Facet | None = None,
    further: Sequence[Facet] = (),
) -> Slice:
    """The `limit` documents after a position, in the order of R13, and how many fit in all.

    Args:
        where: Names the tab.
        further: What must fit besides `facet`; best a field that the facet's index ends with.
    """
    for each in further:
        where = {**where, **each.filter}
    total, plan = _count_and_plan(collection, where, terms, facet, is_all=not further)
    page = {**where, **(facet.filter if facet else {}), **plan.filter}

    def read(bounds: Sequence[Document]) -> list[Document]:
        bounded = {**page, "$and": [*page.get("$and", []), *bounds]} if bounds else page
        return list(
            collection.find(
                bounded,
                projection,
                sort=_ORDER,
                limit=limit + 1,
                hint=plan.hint,
                batch_size=limit + 2,
            )
        )

    following = [beyond(after)] if after is not None else []
    end = _end(collection, page, plan.hint, after, limit) if plan.looks_ahead else []
    documents = read([*following, *end])
    if end and len(documents) <= limit:
        # Somebody who stood before the end has left it meanwhile, so that it is not the last.
        documents = read(following)
    last = documents[limit - 1] if len(documents) > limit else None
    return Slice(
        documents=documents[:limit],
        total=total,
        end=(last["sort"], last["_id"]) if last is not None else None,
    )


def beyond(after: tuple[str, str] | None) -> Document:
    """The filter for what follows a position, by sort key and id; None: everything."""
    if after is None:
        return {}
    sort, id_ = after
    # The first condition is implied by the second; it bounds the index scan.
    return {
        "sort": {"$gte": sort},
        "$or": [{"sort": {"$gt": sort}}, {"sort": sort, "_id": {"$gt": id_}}],
    }


def _end(
    collection: TenantCollection,
    where: Filter,
    hint: str,
    after: tuple[str, str] | None,
    limit: int,
) -> list[Document]:
    """Where the page ends at the latest, from the index alone; nothing where it is the last.

    Who stands at the very place where the page begins is not counted: some of them may belong
    to the page before.
    """
    later = {"sort": {"$gt": after[0]}} if after is not None else {}
    last = collection.find(
        {**where, **later},
        {"_id": 0, "sort": 1},
        sort=[("sort", 1)],
        skip=limit,
        limit=1,
        hint=hint,
    )
    return [{"sort": {"$lte": document["sort"]}} for document in last]


def _count_and_plan(
    collection: TenantCollection,
    where: Filter,
    terms: tuple[Term, ...],
    facet: Facet | None,
    *,
    is_all: bool,
) -> tuple[int, Plan]:
    filtered = {**where, **facet.filter} if facet is not None else {}
    facet_total = count_many(collection, filtered, facet.index.name) if facet else 0
    if facet is not None and not terms:
        return facet_total, facet_plan(terms, facet.index, facet_total, facet_total)
    counted = count_plan(terms)
    total = count_many(collection, {**where, **counted.filter}, counted.hint)
    if facet is None:
        return total, page_plan(terms, total) if is_all else whole_plan(terms, total)
    plan = facet_plan(terms, facet.index, total, facet_total)
    return count_many(collection, {**filtered, **plan.filter}, plan.hint), plan
