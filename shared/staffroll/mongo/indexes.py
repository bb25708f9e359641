"""Indexes as data, declared beside the store that needs them, made by `staffroll indexes`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import IndexModel
from pymongo.database import Database

from staffroll.mongo.client import Document


@dataclass(frozen=True, slots=True)
class Index:
    """One index of a collection.

    Attributes:
        keys: Fields in order, all ascending; the tenant is put before them.
        partial: Only documents that fit are in the index.
        every_tenant: Leave the tenant out: for the platform's chores only.
        expire_seconds: Documents vanish so long after the moment in the (single) field.
    """

    collection: str
    keys: Sequence[str]
    name: str
    unique: bool = False
    partial: Mapping[str, Any] | None = None
    every_tenant: bool = False
    expire_seconds: int | None = None


def outbox_index(collection: str) -> Index:
    """What the sweeper finds waiting events by."""
    return Index(
        collection,
        ["outbox.at"],
        "outbox_waiting",
        partial={"outbox.at": {"$exists": True}},
        every_tenant=True,
    )


def ensure_indexes(database: Database[Document], indexes: Iterable[Index]) -> None:
    """Make what is missing; existing ones with the same definition are left alone.

    Those of one collection are made together: its documents are read once, however many they are.
    """
    by_collection: dict[str, list[IndexModel]] = {}
    for index in indexes:
        models, new = by_collection.setdefault(index.collection, []), _model(index)
        # Several parts of a service may need the same one; the server takes each once.
        if all(new.document != model.document for model in models):
            models.append(new)
    for name, models in by_collection.items():
        database[name].create_indexes(models)


def _model(index: Index) -> IndexModel:
    options: dict[str, Any] = {"name": index.name, "unique": index.unique}
    if index.partial is not None:
        options["partialFilterExpression"] = dict(index.partial)
    if index.expire_seconds is not None:
        options["expireAfterSeconds"] = index.expire_seconds
    keys = list(index.keys) if index.every_tenant else ["tenant_id", *index.keys]
    return IndexModel([(key, 1) for key in keys], **options)
