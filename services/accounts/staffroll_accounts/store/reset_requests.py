"""Wishes for a reset mail, from known and unknown people alike, until they are looked at.

The request itself only writes one of these, so that it does the same for every address
(R32); whether there is such a user is asked later, by another process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from staffroll.ids import new_id
from staffroll.mongo import Index, Platform, TenantDatabase

COLLECTION: Final = "reset_requests"
LEASE: Final = timedelta(seconds=30)
FORGET_AFTER: Final = timedelta(hours=1)
_CANDIDATES: Final = 50

INDEXES: Final = (
    Index(COLLECTION, ["due_at"], "due", every_tenant=True),
    Index(
        COLLECTION,
        ["at"],
        "forgotten",
        every_tenant=True,
        expire_seconds=int(FORGET_AFTER.total_seconds()),
    ),
)


@dataclass(frozen=True, slots=True)
class ResetRequest:
    """Somebody says that they forgot the password of `email`."""

    id: str
    tenant_id: str
    email: str = field(repr=False)
    address: str | None = None
    correlation_id: str | None = None


class ResetRequests:
    """Those of one tenant, or of one that there is not."""

    def __init__(self, database: TenantDatabase) -> None:
        self._requests = database[COLLECTION]

    def has_waiting(self, until: datetime) -> bool:
        """Whether requests up to this moment have not been looked at yet."""
        return self._requests.find_one({"at": {"$lte": until}}, {"_id": 1}) is not None

    def insert(
        self, email: str, now: datetime, address: str | None, correlation_id: str | None
    ) -> None:
        self._requests.insert_one(
            {
                "_id": new_id(),
                "at": now,
                "due_at": now,
                "email": email,
                "address": address,
                "correlation_id": correlation_id,
            }
        )


class DueResets:
    """The requests that wait, of all tenants."""

    def __init__(self, platform: Platform) -> None:
        self._requests = platform[COLLECTION]

    def take(self, now: datetime) -> ResetRequest | None:
        """The oldest request that nobody else looks at, for `LEASE`; `done` ends it."""
        due = {"due_at": {"$lte": now}}
        candidates = self._requests.find(due, {"tenant_id": 1}).sort("due_at", 1)
        for candidate in list(candidates.limit(_CANDIDATES)):
            found = self._requests.find_one_and_update(
                {**due, "tenant_id": candidate["tenant_id"], "_id": candidate["_id"]},
                {"$set": {"due_at": now + LEASE}},
            )
            if found is not None:
                return ResetRequest(
                    id=found["_id"],
                    tenant_id=found["tenant_id"],
                    email=found["email"],
                    address=found["address"],
                    correlation_id=found["correlation_id"],
                )
        return None

    def done(self, request: ResetRequest) -> None:
        self._requests.delete_one({"_id": request.id, "tenant_id": request.tenant_id})
