"""The rows in MongoDB: one document per user, built from what accounts tells."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from pymongo.errors import OperationFailure

from staffroll import directory
from staffroll.audit import AuditEntry
from staffroll.bus import Message
from staffroll.directory import TenantDirectory
from staffroll.events import Event, UserState
from staffroll.jobs import JOB_INDEXES, JOBS, Jobs
from staffroll.mongo import Document, Filter, Index, Outbox, TenantDatabase, outbox_index
from staffroll.mongo.audit_trail import AuditTrail, audit_indexes, waiting
from staffroll.mongo.erasing import FIELD as ERASING
from staffroll.mongo.erasing import erasing_index
from staffroll.mongo.lists import beyond, list_indexes
from staffroll.mongo.newest import keep_newer
from staffroll.mongo.outbox import push
from staffroll.plugins import Row
from staffroll.plugins.platform import Plugins
from staffroll.search import COUNTED, Plan, Term, count_plan, index_fields, whole_plan
from staffroll.standing import Standing
from staffroll.user_copy import UserCopy

COLLECTION: Final = "rows"
OUTBOXES: Final = (COLLECTION,)
AUDITED: Final = (COLLECTION, JOBS)
"""Collections whose documents carry entries of the audit trail."""

INDEXES: Final = (
    *list_indexes(COLLECTION, "status"),
    Index(COLLECTION, ["_id", "seen.accounts"], "versions"),
    Index(COLLECTION, ["told_at"], "newest_news"),
    *(outbox_index(name) for name in OUTBOXES),
    erasing_index(COLLECTION),
    *audit_indexes(AUDITED),
    *JOB_INDEXES,
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

    def __init__(self, database: TenantDatabase, outbox: Outbox, plugins: Plugins) -> None:
        self.plugins = plugins
        self.directory = TenantDirectory(database)
        self.audit = AuditTrail(database)
        self._rows = database[COLLECTION]
        self._outbox = outbox
        self.jobs = Jobs(database)
        self._jobs = database[JOBS]

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
        entry: AuditEntry,
        *,
        token_generation: int,
        told_at: datetime,
        now: datetime,
    ) -> None:
        """Leave a tombstone without personal data, and begin to erase what stands elsewhere; what
        is noted of it rids the audit trail of the person's addresses.

        A deletion counts whatever its version. Where the tombstone stands already, it is looked
        once more whether anything is left.
        """
        tombstone: Document = {
            "seen.accounts": version,
            "told_at": told_at,
            "status": "deleted",
            "token_generation": token_generation,
            ERASING: now,
        }
        update = {
            "$set": tombstone,
            "$unset": dict.fromkeys(_PERSONAL, ""),
            "$push": {"audit": {"$each": waiting([entry])}},
        }
        if not self._put({"_id": user_id, "status": {"$ne": "deleted"}}, update):
            buried: Document = {"_id": user_id, "status": "deleted"}
            self._rows.update_one(buried, {"$max": {"seen.accounts": version}})
            finished = {**buried, ERASING: {"$exists": False}}
            self._rows.update_one(finished, {"$set": {ERASING: now}})

    def give_receipt(self, user_id: str, receipt: Event, now: datetime) -> None:
        """Say that nothing personal of a deleted user is left here."""
        message = Message.event(receipt)
        due = {"_id": user_id, ERASING: {"$exists": True}}
        said = self._rows.update_one(due, {"$unset": {ERASING: ""}, **push([message], now)})
        if said.matched_count:
            self._outbox.committed(COLLECTION, self._rows.tenant_id, user_id, [message])

    def version(self, user_id: str) -> int:
        """The newest version of the user that was heard of; 0 for none."""
        row = self._rows.find_one({"_id": user_id}, {"seen": 1})
        return 0 if row is None else int(row["seen"]["accounts"])

    def forget_searches(self, before: datetime) -> bool:
        """What was searched for by export jobs that are so old, since names may be in it; whether
        all of it is forgotten: jobs that are not over still search for it."""
        older = {"created_at": {"$lte": before}, "request.q": {"$exists": True}}
        self._jobs.update_many(
            {**older, "ended_at": {"$exists": True}}, {"$unset": {"request.q": ""}}
        )
        searching = {"created_at": {"$lte": before}, "request.q": {"$gt": ""}}
        return self._jobs.find_one(searching, {"_id": 1}) is None

    def _put(self, older: Filter, update: Mapping[str, Any]) -> bool:
        return keep_newer(self._rows.update_one, older, update)

    def user(self, user_id: str) -> UserCopy | None:
        """What accounts told of a user last; None where nothing was, or they are deleted."""
        known = [item.name for item in fields(UserCopy)]
        row = self._rows.find_one(
            {"_id": user_id, "email": {"$exists": True}}, dict.fromkeys(known, 1)
        )
        return None if row is None else UserCopy(**{k: row[k] for k in known if k in row})

    def standing(self, user_id: str) -> Standing | None:
        """What a user may, as far as was heard; None where nothing was."""
        row = self._rows.find_one(
            {"_id": user_id}, {"status": 1, "token_generation": 1, "is_admin": 1, "roles": 1}
        )
        if row is None:
            return None
        return self.directory.standing(
            is_active=row["status"] == "active",
            token_generation=row["token_generation"],
            is_admin=row.get("is_admin", False),
            roles=row.get("roles", ()),
        )

    def newest_told_at(self) -> datetime | None:
        """When accounts told the newest news that is here; None before the first."""
        newest = self._rows.find({}, {"told_at": 1}, sort=[("told_at", -1)], limit=1)
        return next((document["told_at"] for document in newest), None)

    def each(
        self,
        *,
        status: str,
        terms: tuple[Term, ...],
        roles: Sequence[str],
        at_one_moment: bool = False,
    ) -> Generator[Row]:
        """The rows that fit, in order (R10-R14), in constant memory.

        They are as of one moment: whoever changes meanwhile is neither missing nor twice.
        MongoDB remembers that moment for five minutes (``minSnapshotHistoryWindowInSeconds``);
        a reader who takes longer gets the rest, from where they are, as of a newer one.

        Args:
            at_one_moment: Such a reader gets the database's error instead.
        """
        plan = self._plan(status, terms)
        where = _fitting(status, plan, roles)
        after: tuple[str, str] | None = None
        while True:
            began = after
            found = self._rows.find(
                {"$and": [where, beyond(after)]} if after is not None else where,
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
                if at_one_moment or not is_forgotten or after == began:
                    raise
            else:
                return

    def count(self, *, status: str, terms: tuple[Term, ...], roles: Sequence[str]) -> int:
        """How many rows fit now."""
        plan = self._plan(status, terms)
        return self._rows.count(_fitting(status, plan, roles), hint=plan.hint)

    def versions(self) -> Iterator[tuple[str, int]]:
        """Ids and versions of all users and tombstones."""
        for document in self._rows.find({}, {"seen.accounts": 1}, batch_size=5000):
            yield document["_id"], document["seen"]["accounts"]

    def deleted(self) -> Iterator[str]:
        """The ids of tombstones."""
        for document in self._rows.find({"status": "deleted"}, {"_id": 1}, batch_size=5000):
            yield document["_id"]

    def _plan(self, status: str, terms: tuple[Term, ...]) -> Plan:
        """By grams where few are found, which the server sorts in some MB; else by the index
        that is in order, so that nothing is ever sorted that could be long."""
        counted = count_plan(terms)
        if not terms:
            return counted
        where = {"status": status, **counted.filter}
        total = self._rows.count(where, limit=COUNTED + 1, hint=counted.hint)
        return whole_plan(terms, total)


def _fitting(status: str, plan: Plan, roles: Sequence[str]) -> Document:
    where: Document = {"status": status, **plan.filter}
    if roles:
        where["roles"] = {"$in": list(roles)}
    return where


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
