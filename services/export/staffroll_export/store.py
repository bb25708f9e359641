"""The rows in MongoDB: one document per user, built from what accounts tells."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pymongo.errors import OperationFailure

from staffroll import directory
from staffroll.bus import Message
from staffroll.directory import TenantDirectory
from staffroll.events import Event, UserState
from staffroll.mongo import Document, Filter, Index, Outbox, TenantDatabase, outbox_index
from staffroll.mongo.lists import list_indexes
from staffroll.mongo.newest import keep_newer
from staffroll.mongo.outbox import push
from staffroll.search import COUNTED, Plan, Term, count_plan, index_fields, page_plan
from staffroll_export.domain.rows import Row

COLLECTION: Final = "rows"
OUTBOXES: Final = (COLLECTION,)

INDEXES: Final = (
    *list_indexes(COLLECTION, "status"),
    Index(COLLECTION, ["_id", "seen.accounts"], "versions"),
    Index(COLLECTION, ["told_at"], "newest_news"),
    *(outbox_index(name) for name in OUTBOXES),
    *directory.INDEXES,
)

_BATCH: Final = 1_000
_ORDER: Final = (("sort", 1), ("_id", 1))
_FIELDS: Final = {name: 1 for name in ("sort", *Row._fields) if name != "id"}
_SNAPSHOT_TOO_OLD: Final = 239
_CURSOR_NOT_FOUND: Final = 43

_PERSONAL: Final = (
    *("first_name", "last_name", "email", "language", "time_zone", "roles", "is_admin"),
    *index_fields("", "", ""),
)
"""What of a row is gone with the person."""


class Store:
    """What one tenant has in export."""

    def __init__(self, database: TenantDatabase, outbox: Outbox) -> None:
        self.directory = TenantDirectory(database)
        self._rows = database[COLLECTION]
        self._outbox = outbox

    def keep(self, user_id: str, version: int, user: UserState, *, told_at: datetime) -> None:
        """Keep a user's state, unless theirs is as new, or they are deleted."""
        row: Document = {
            "seen.accounts": version,
            "told_at": told_at,
            "status": user.status,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "email": user.email,
            "language": user.language,
            "time_zone": user.time_zone,
            "roles": user.roles,
            "is_admin": user.is_admin,
            "token_generation": user.token_generation,
            **index_fields(user.last_name, user.first_name, user.email),
        }
        older = {"_id": user_id, "seen.accounts": {"$lt": version}, "status": {"$ne": "deleted"}}
        self._put(older, {"$set": row})

    def erase(
        self,
        user_id: str,
        version: int,
        *,
        token_generation: int,
        told_at: datetime,
        receipt: Event,
        now: datetime,
    ) -> None:
        """Leave a tombstone without personal data and give the receipt: one write.

        Where the tombstone stands already, the receipt is given again, unless one waits.
        """
        tombstone: Document = {
            "seen.accounts": version,
            "told_at": told_at,
            "status": "deleted",
            "token_generation": token_generation,
        }
        message = Message.event(receipt)
        update = {
            "$set": tombstone,
            "$unset": dict.fromkeys(_PERSONAL, ""),
            **push([message], now),
        }
        is_told = self._put({"_id": user_id, "seen.accounts": {"$lt": version}}, update)
        if not is_told:
            standing = {"_id": user_id, "status": "deleted", "outbox.0": {"$exists": False}}
            again = self._rows.update_one(standing, push([message], now))
            is_told = again.matched_count == 1
        if is_told:
            self._outbox.committed(COLLECTION, self._rows.tenant_id, user_id, [message])

    def _put(self, older: Filter, update: Mapping[str, Any]) -> bool:
        return keep_newer(self._rows.update_one, older, update)

    def standing(self, user_id: str) -> Document | None:
        """Status and token generation of a user, or of their tombstone."""
        return self._rows.find_one(
            {"_id": user_id}, {"status": 1, "token_generation": 1, "is_admin": 1, "roles": 1}
        )

    def newest_told_at(self) -> datetime | None:
        """When accounts told the newest news that is here; None before the first."""
        newest = self._rows.find({}, {"told_at": 1}, sort=[("told_at", -1)], limit=1)
        return next((document["told_at"] for document in newest), None)

    def each(self, *, status: str, terms: tuple[Term, ...], roles: Sequence[str]) -> Generator[Row]:
        """The rows that fit, in order (R10-R14), in constant memory.

        They are as of one moment: whoever changes meanwhile is neither missing nor twice.
        MongoDB remembers that moment for five minutes (``minSnapshotHistoryWindowInSeconds``);
        a reader who takes longer gets the rest, from where they are, as of a newer one.
        """
        plan = self._plan(status, terms)
        where: Document = {"status": status, **plan.filter}
        if roles:
            where["roles"] = {"$in": list(roles)}
        after: tuple[str, str] | None = None
        while True:
            began = after
            found = self._rows.find(
                _beyond(where, after),
                _FIELDS,
                sort=_ORDER,
                hint=plan.hint,
                batch_size=_BATCH,
                at_one_moment=True,
            )
            try:
                for document in found:
                    yield _from_document(document)
                    after = document["sort"], document["_id"]
            except OperationFailure as error:
                is_forgotten = error.code in (_SNAPSHOT_TOO_OLD, _CURSOR_NOT_FOUND)
                if not is_forgotten or after == began:
                    raise
            else:
                return

    def versions(self) -> Iterator[tuple[str, int]]:
        """Ids and versions of all users and tombstones."""
        for document in self._rows.find({}, {"seen.accounts": 1}, batch_size=5000):
            yield document["_id"], document["seen"]["accounts"]

    def _plan(self, status: str, terms: tuple[Term, ...]) -> Plan:
        """By grams where few are found, which the server sorts in some MB; else by the index
        that is in order, so that nothing is ever sorted that could be long."""
        counted = count_plan(terms)
        if not terms:
            return counted
        where = {"status": status, **counted.filter}
        total = self._rows.count(where, limit=COUNTED + 1, hint=counted.hint)
        return page_plan(terms, total)


def _beyond(where: Filter, after: tuple[str, str] | None) -> Filter:
    if after is None:
        return where
    sort, id_ = after
    beyond = {"sort": {"$gte": sort}, "$or": [{"sort": {"$gt": sort}}, {"_id": {"$gt": id_}}]}
    return {"$and": [where, beyond]}


def _from_document(document: Document) -> Row:
    return Row(
        document["_id"],
        document["last_name"],
        document["first_name"],
        document["email"],
        document["language"],
        document["time_zone"],
        tuple(document["roles"]),
        document["is_admin"],
        document["status"],
    )
