"""Sessions in MongoDB. No token is kept: a refresh token is a signed counter."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from staffroll.audit import AuditEntry
from staffroll.mongo import Document, Index, Platform, TenantDatabase
from staffroll.mongo.audit_trail import AuditTrail, waiting
from staffroll.mongo.forms import known
from staffroll_accounts.domain.sessions import Session

COLLECTION: Final = "sessions"

INDEXES: Final = (
    Index(COLLECTION, ["_id"], "by_id"),
    Index(COLLECTION, ["user_id", "last_used_at"], "of_user"),
    Index(COLLECTION, ["expires_at"], "expired", every_tenant=True, expire_seconds=0),
    Index(
        COLLECTION,
        ["ending.since"],
        "ending",
        partial={"ending.since": {"$exists": True}},
        every_tenant=True,
    ),
)

_MOST_LISTED: Final = 100
_MOST_FINISHED: Final = 1000


class Sessions:
    """The sessions of one tenant."""

    def __init__(self, database: TenantDatabase) -> None:
        self._sessions = database[COLLECTION]
        self._trail = AuditTrail(database)

    def insert(self, session: Session, audit: Sequence[AuditEntry] = ()) -> None:
        """Keep a new session, and note how it began: one write."""
        document = asdict(session)
        document["_id"] = document.pop("id")
        if audit:
            document["audit"] = waiting(audit)
        self._sessions.insert_one(document)

    def find(self, session_id: str) -> Session | None:
        """The session, ended ones included, until it would have expired."""
        document = self._sessions.find_one({"_id": session_id})
        return None if document is None else _from_document(document)

    def of_user(self, user_id: str, epoch: int, now: datetime) -> list[Session]:
        """Those that are running, newest use first; at most 100."""
        found = self._sessions.find(
            {
                "user_id": user_id,
                "epoch": {"$gte": epoch},
                "ended_at": None,
                "expires_at": {"$gt": now},
            },
            sort=[("last_used_at", -1)],
            limit=_MOST_LISTED,
        )
        return [_from_document(document) for document in found]

    def recent(self, user_id: str, limit: int) -> list[Session]:
        """Those used last, ended ones included, as far as they are still kept."""
        found = self._sessions.find({"user_id": user_id}, sort=[("last_used_at", -1)], limit=limit)
        return [_from_document(document) for document in found]

    def newest(self, user_ids: Sequence[str]) -> dict[str, datetime]:
        """When the newest session of each of these users began, ended ones included."""
        found: dict[str, datetime] = {}
        wanted = {"user_id": {"$in": list(user_ids)}}
        for document in self._sessions.find(wanted, {"user_id": 1, "created_at": 1}):
            known = found.get(document["user_id"])
            if known is None or document["created_at"] > known:
                found[document["user_id"]] = document["created_at"]
        return found

    def rotate(self, rotated: Session) -> bool:
        """Keep a rotated session, unless somebody rotated or ended it meanwhile."""
        changes = {
            name: getattr(rotated, name)
            for name in ("counter", "rotated_at", "last_used_at", "expires_at", "address")
        }
        result = self._sessions.update_one(
            {"_id": rotated.id, "counter": rotated.counter - 1, "ended_at": None},
            {"$set": changes},
        )
        return result.matched_count == 1

    def is_open(self, session_id: str) -> bool:
        """Whether nobody has ended the session; it may have expired."""
        return (
            self._sessions.find_one({"_id": session_id, "ended_at": None}, {"_id": 1}) is not None
        )

    def end(self, session_id: str, action: str, now: datetime) -> None:
        """No refresh token of the session is good any more.

        Its access tokens are void with a write to the user; `settle` says that it was made.

        Args:
            action: For the audit trail.
        """
        self._sessions.update_one(
            {"_id": session_id, "ended_at": None},
            {"$set": {"ended_at": now, "ending": {"since": now, "action": action}}},
        )

    def settle(self, session_id: str) -> None:
        """The session has ended whole."""
        self._sessions.update_one({"_id": session_id}, {"$unset": {"ending": ""}})

    def erase(self, user_id: str) -> None:
        """Forget all of the user's sessions, ended ones included; what was noted in them finds
        its way into the trail."""
        for document in list(self._sessions.find({"user_id": user_id}, {"audit": 1})):
            self._trail.keep_apart(document.get("audit", ()))
            self._sessions.delete_one({"_id": document["_id"]})

    def move(self, session_id: str, epoch: int) -> None:
        """Let a session of the epoch right before go on in this one.

        One that had ended with an earlier epoch stays so.
        """
        self._sessions.update_one(
            {"_id": session_id, "epoch": epoch - 1}, {"$set": {"epoch": epoch}}
        )

    def authenticate(self, session_id: str, now: datetime) -> Session | None:
        """The session in which password or code was entered just now; None where it ended."""
        document = self._sessions.find_one_and_update(
            {"_id": session_id, "ended_at": None}, {"$max": {"authenticated_at": now}}
        )
        return None if document is None else _from_document(document)


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a session that was begun, and after a crash not finished."""

    tenant_id: str
    session_id: str
    user_id: str
    action: str


def unfinished_endings(
    platform: Platform, before: datetime, without: Collection[str] = ()
) -> list[Ending]:
    """What was begun before this moment, of all tenants, the oldest first; at most 1000."""
    where = {"ending.since": {"$lt": before}, "_id": {"$nin": list(without)}}
    found = (
        platform[COLLECTION]
        .find(where, {"tenant_id": 1, "user_id": 1, "ending": 1})
        .hint("ending")
        .sort("ending.since", 1)
        .limit(_MOST_FINISHED)
    )
    return [
        Ending(one["tenant_id"], one["_id"], one["user_id"], one["ending"]["action"])
        for one in found
    ]


def _from_document(document: Document) -> Session:
    found = known(Session, document)
    return Session(id=document["_id"], **{**found, "first": tuple(found["first"])})
