"""What users and webhooks have that is encrypted, encrypted anew after a change of the secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cryptography.fernet import MultiFernet

from staffroll.mongo import Document, Platform
from staffroll_accounts.store import users, webhooks

_SEEDS: Final = ("security.two_factor.sealed_seed", "security.pending_seed")
_SEALED: Final[Document] = {
    "$or": [*({name: {"$type": "binData"}} for name in _SEEDS), {"mails.0": {"$exists": True}}]
}


def reseal_users(platform: Platform, at_rest: MultiFernet) -> Iterator[int]:
    """Encrypt seeds and waiting mail of all tenants with the newest secret.

    Safe beside all other writes, and to be repeated after a crash.

    Returns:
        How many users are done, after each.
    """
    collection = platform[users.COLLECTION]
    shown = {"tenant_id": 1, "security": 1, "mails.id": 1, "mails.sealed": 1}
    for done, document in enumerate(collection.find(_SEALED, shown), 1):
        one = {"tenant_id": document["tenant_id"], "_id": document["_id"]}
        for name in _SEEDS:
            sealed = _at(document, name)
            if sealed is not None:
                # A new revision, so that nobody who has just read the old seed writes it back.
                update = {"$set": {name: at_rest.rotate(sealed)}, "$inc": {"revision": 1}}
                collection.update_one({**one, name: sealed}, update)
        for mail in document.get("mails", ()):
            collection.update_one(
                one,
                {"$set": {"mails.$[waiting].sealed": at_rest.rotate(mail["sealed"])}},
                array_filters=[{"waiting.id": mail["id"]}],
            )
        yield done


def reseal_webhooks(platform: Platform, at_rest: MultiFernet) -> None:
    """Encrypt the secrets of webhooks of all tenants with the newest secret; as `reseal_users`."""
    collection = platform[webhooks.COLLECTION]
    for document in collection.find({}, {"tenant_id": 1, "sealed_secret": 1, "old_secret": 1}):
        one = {"tenant_id": document["tenant_id"], "_id": document["_id"]}
        for name in ("sealed_secret", "old_secret.sealed"):
            sealed = _at(document, name)
            if sealed is not None:
                # A new version, so that nobody who has just read the old one writes it back.
                update = {"$set": {name: at_rest.rotate(sealed)}, "$inc": {"version": 1}}
                collection.update_one({**one, name: sealed}, update)


def _at(document: Document, path: str) -> Any:
    found: Any = document
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found
