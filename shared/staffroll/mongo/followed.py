"""Followed records as documents: mapping, indexes, and the write that goes by version."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from staffroll.followed import Followed, UserCopy, Wish
from staffroll.mongo.client import Document
from staffroll.search import index_fields


def to_document(record: Followed) -> Document:
    """The fields of a document that keep `record`, those for list and search included."""
    user = asdict(record.user)
    document: Document = {
        "_id": record.id,
        "state": record.state,
        "user": user,
        "seen": {"accounts": record.seen},
        "creation": _wish_document(record.creation),
        "change": _wish_document(record.change),
    }
    if record.due_at is not None:
        document["due_at"] = record.due_at
    if not record.is_deleted:
        document |= index_fields(record.user.last_name, record.user.first_name, record.user.email)
    return document


def from_document(document: Document) -> Followed:
    user: dict[str, Any] = dict(document["user"])
    user["roles"] = tuple(user["roles"])
    return Followed(
        id=document["_id"],
        state=document["state"],
        user=UserCopy(**user),
        seen=document["seen"]["accounts"],
        creation=_wish(document.get("creation")),
        change=_wish(document.get("change")),
    )


def _wish_document(wish: Wish | None) -> Document | None:
    return None if wish is None else asdict(wish)


def _wish(document: Document | None) -> Wish | None:
    return None if document is None else Wish(**document)
