"""Sessions in MongoDB. No token is kept: a refresh token is a signed counter."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Final

from staffroll.mongo import Document, Index, TenantDatabase
from staffroll_accounts.domain.sessions import Session

COLLECTION: Final = "sessions"

INDEXES: Final = (
    Index(COLLECTION, ["_id"], "by_id"),
    Index(COLLECTION, ["user_id", "last_used_at"], "of_user"),
    Index(COLLECTION, ["expires_at"], "expired", every_tenant=True, expire_seconds=0),
)

_MOST_LISTED: Final = 100


class Sessions:
    """The sessions of one tenant."""

    def __init__(self, database: TenantDatabase) -> None:
        self._sessions = database[COLLECTION]

    def insert(self, session: Session) -> None:
        document = asdict(session)
        document["_id"] = document.pop("id")
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

    def end(self, session_id: str, now: datetime) -> None:
        """No refresh token of the session is good any more."""
        self._sessions.update_one(
            {"_id": session_id, "ended_at": None}, {"$set": {"ended_at": now}}
        )

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


def _from_document(document: Document) -> Session:
    known = {name: value for name, value in document.items() if name not in ("_id", "tenant_id")}
    return Session(id=document["_id"], **{**known, "first": tuple(known["first"])})
