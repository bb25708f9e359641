"""Tombstones of deleted users, and the receipts for their erasure, which lie in them.

::

    { _id, tenant_id, status: "deleted", version, …,
      erasing_since,                                  while accounts itself has more to erase
      erasure: { at, erased: {people: <when>},        who has said that nothing is left
                 missing: ["export"],                 who has not
                 tell_at, told } }                    when the deletion is told again
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from staffroll.bus import Message
from staffroll.bus.topology import events_queue
from staffroll.errors import Stale
from staffroll.events import Event
from staffroll.mongo import Document, Index, Outbox, Platform, TenantDatabase
from staffroll.mongo.audit_trail import waiting
from staffroll.mongo.erasing import erasing_index
from staffroll.mongo.outbox import HAS_ROOM, entries, push
from staffroll_accounts.domain.deletion import SERVICES, Erasure
from staffroll_accounts.domain.users import SOURCE, Decision, User
from staffroll_accounts.store.users import COLLECTION, to_document

LONGEST_PAUSE: Final = timedelta(hours=6)

_TELLING: Final = "erasure_telling"
_AT_ONCE: Final = 200
_DOUBLED_AT_MOST: Final = 20
_STAYS: Final = frozenset({"_id", "tenant_id", "audit"})

INDEXES: Final = (
    erasing_index(COLLECTION),
    Index(
        COLLECTION,
        ["erasure.tell_at"],
        _TELLING,
        partial={"erasure.tell_at": {"$exists": True}},
        every_tenant=True,
    ),
    Index(
        COLLECTION,
        ["erasure.at", "_id"],
        "erasures",
        partial={"erasure.at": {"$exists": True}},
    ),
)


@dataclass(frozen=True, slots=True)
class Untold:
    """A deletion that is told again, since some did not say that they erased what they have.

    Attributes:
        told: How often it was told already, the first time included; 0 right after that.
        is_erasing: Whether accounts itself is at it.
    """

    tenant_id: str
    user_id: str
    version: int
    told: int
    missing: tuple[str, ...]
    is_erasing: bool


class Tombstones:
    """The deleted users of one tenant."""

    def __init__(self, database: TenantDatabase, outbox: Outbox) -> None:
        self._users = database[COLLECTION]
        self._outbox = outbox

    def put(self, decision: Decision, before: User, now: datetime) -> None:
        """Replace the user by their tombstone, tell and note it: one write, on the revision
        that was read. Whatever else the document had is gone, mail and news that wait included.

        Raises:
            Stale: Somebody was quicker.
            OutboxFull: Too much waits for the broker.
        """
        self._outbox.check_room()
        messages = [Message.event(event) for event in decision.events]
        tombstone = _document(decision, messages, before.revision + 1, now)
        where = {"_id": before.id, "revision": before.revision}
        document = self._users.find_one(where)
        if document is None:
            raise Stale
        del tombstone["_id"]
        gone = {*document, "mails_lease", "outbox_lease_until"} - tombstone.keys() - _STAYS
        update: Document = {
            "$set": tombstone,
            "$unset": dict.fromkeys(gone, ""),
            "$push": {"audit": {"$each": waiting(decision.audit)}},
        }
        if self._users.update_one(where, update).matched_count == 0:
            raise Stale
        self._outbox.committed(COLLECTION, self._users.tenant_id, before.id, messages)

    def insert(self, decision: Decision, now: datetime) -> None:
        """Keep the tombstone of somebody of whom nothing is here, and tell of it: one write.

        Raises:
            OutboxFull: Too much waits for the broker.
        """
        self._outbox.check_room()
        messages = [Message.event(event) for event in decision.events]
        tombstone = _document(decision, messages, 1, now) | {"audit": waiting(decision.audit)}
        self._users.insert_one(tombstone)
        self._outbox.committed(COLLECTION, self._users.tenant_id, decision.user.id, messages)

    def find(self, user_id: str) -> Erasure | None:
        """None where there is no such user, or they are not deleted."""
        document = self._users.find_one(
            {"_id": user_id, "erasure.at": {"$exists": True}}, {"erasure": 1}
        )
        return None if document is None else _erasure(document)

    def page(
        self, *, is_complete: bool | None, after: tuple[datetime, str] | None, limit: int
    ) -> tuple[list[Erasure], int, bool]:
        """Some erasures, the oldest first; how many there are, and whether more follow.

        Args:
            is_complete: Only those that are, or are not; None for all.
        """
        every: Document = {"erasure.at": {"$exists": True}}
        if is_complete is not None:
            every["erasure.missing.0"] = {"$exists": not is_complete}
        where = every
        if after is not None:
            at, id_ = after
            beyond = [{"erasure.at": {"$gt": at}}, {"erasure.at": at, "_id": {"$gt": id_}}]
            where = {**every, "erasure.at": {"$gte": at}, "$or": beyond}
        order = [("erasure.at", 1), ("_id", 1)]
        found = list(
            self._users.find(where, {"erasure": 1}, sort=order, limit=limit + 1, hint="erasures")
        )
        shown = [_erasure(document) for document in found[:limit]]
        return shown, self._users.count(every, hint="erasures"), len(found) > limit

    def ids(self) -> Iterator[str]:
        """Of all deleted users."""
        for document in self._users.find({"status": "deleted"}, {"_id": 1}, batch_size=5000):
            yield document["_id"]

    def any_between(self, first: datetime, last: datetime) -> bool:
        """Whether somebody was deleted then, both moments included."""
        where: Document = {"erasure.at": {"$exists": True, "$gte": first, "$lte": last}}
        return any(self._users.find(where, {"_id": 1}, limit=1, hint="erasures"))

    def receive(self, user_id: str, service: str, at: datetime) -> None:
        """Note that `service` has nothing of the user any more; the first word counts."""
        self._users.update_one(
            {"_id": user_id, "erasure.missing": service},
            {
                "$pull": {"erasure.missing": service},
                "$set": {f"erasure.erased.{service}": at},
            },
        )
        self._users.update_one(
            {"_id": user_id, "erasure.missing": []}, {"$unset": {"erasure.tell_at": ""}}
        )

    def give_receipt(self, user_id: str, event: Event, now: datetime) -> None:
        """Say that accounts itself has nothing of the user any more."""
        message = Message.event(event)
        said = self._users.update_one(
            {"_id": user_id, "erasing_since": {"$exists": True}, **HAS_ROOM},
            {"$unset": {"erasing_since": ""}, **push([message], now)},
        )
        if said.matched_count:
            self.receive(user_id, SOURCE, now)
            self._outbox.committed(COLLECTION, self._users.tenant_id, user_id, [message])

    def tell_again(
        self, due: Untold, events: Mapping[str, Event], now: datetime, pause: timedelta
    ) -> None:
        """Tell the deletion again, each time after twice the pause; the first time only wait.

        Where the receipt of accounts itself was lost, it begins anew.

        Args:
            events: One for each of the other services that owe a receipt, by name.
        """
        messages = [
            Message.direct(event, events_queue(name)) for name, event in sorted(events.items())
        ]
        later = now + min(pause * 2 ** min(due.told, _DOUBLED_AT_MOST), LONGEST_PAUSE)
        changes: Document = {"erasure.tell_at": later, "erasure.told": due.told + 1}
        if SOURCE in due.missing and not due.is_erasing:
            changes["erasing_since"] = now
        claimed = self._users.update_one(
            {"_id": due.user_id, "erasure.told": due.told, **HAS_ROOM},
            {"$set": changes, **push(messages, now)},
        )
        if claimed.matched_count:
            self._outbox.committed(COLLECTION, self._users.tenant_id, due.user_id, messages)


def _document(
    decision: Decision, messages: Sequence[Message], revision: int, now: datetime
) -> Document:
    return to_document(decision.user) | {
        "revision": revision,
        "outbox": entries(messages, now),
        "mails": [],
        "erasing_since": now,
        "erasure": {
            "at": now,
            "erased": {},
            "missing": list(SERVICES),
            "tell_at": now,
            "told": 0,
        },
    }


def untold(platform: Platform, now: datetime, without: Collection[str] = ()) -> Iterator[Untold]:
    """Deletions that are due to be told again, of all tenants; some of them."""
    fields = {"tenant_id": 1, "version": 1, "erasure": 1, "erasing_since": 1}
    where = {"erasure.tell_at": {"$lte": now}, "_id": {"$nin": list(without)}}
    found = platform[COLLECTION].find(where, fields)
    for one in list(found.hint(_TELLING).limit(_AT_ONCE)):
        erasure = one["erasure"]
        missing = tuple(erasure["missing"])
        yield Untold(
            one["tenant_id"],
            one["_id"],
            one["version"],
            erasure["told"],
            missing,
            is_erasing="erasing_since" in one,
        )


def _erasure(document: Document) -> Erasure:
    kept = document["erasure"]
    return Erasure(user_id=document["_id"], deleted_at=kept["at"], erased_at=kept["erased"])
