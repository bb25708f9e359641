"""Followed users as documents, with what lists and search find them by."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from staffroll.followed import Followed
from staffroll.mongo.client import Document
from staffroll.mongo.forms import known
from staffroll.search import index_fields
from staffroll.user_copy import UserCopy
from staffroll.wish import Wish

OWNER: Final = "accounts"

SOMETIMES: Final = ("due_at", "sort", "grams", "haystack")
"""Fields that not every document has, so that their indexes leave it out."""


def to_document(record: Followed) -> Document:
    """The fields of a document that keep `record`, those for list and search included."""
    document: Document = {
        "_id": record.id,
        "state": record.state,
        "user": asdict(record.user),
        "seen": {OWNER: record.seen},
        "creation": _wish_document(record.creation),
        "change": _wish_document(record.change),
        "deletion": _wish_document(record.deletion),
    }
    if record.due_at is not None:
        document["due_at"] = record.due_at
    if not record.is_deleted:
        document |= index_fields(record.user.last_name, record.user.first_name, record.user.email)
    return document


def from_document(document: Document) -> Followed:
    """The reverse of `to_document`."""
    return Followed(
        id=document["_id"],
        state=document["state"],
        user=user_from(document["user"]),
        seen=document["seen"][OWNER],
        creation=_wish(document.get("creation")),
        change=_wish(document.get("change")),
        deletion=_wish(document.get("deletion")),
    )


def user_from(document: Document) -> UserCopy:
    """The copy of a user, whole or some fields of it."""
    found = known(UserCopy, document)
    return UserCopy(**{**found, "roles": tuple(found["roles"])})


def _wish_document(wish: Wish | None) -> Document | None:
    return None if wish is None else asdict(wish)


def _wish(document: Document | None) -> Wish | None:
    if document is None:
        return None
    roles = document["roles"]
    found = known(Wish, document)
    return Wish(**{**found, "roles": None if roles is None else tuple(roles)})
