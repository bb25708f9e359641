"""What is sent to webhooks, in MongoDB: one document for each event and webhook.

A document is due at ``due_at``; who sends it moves that behind a lease, so that others keep
off. Where a lease runs out, it is sent twice, under the same id, but never lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from staffroll.errors import NotFound
from staffroll.mongo import Document, Index, Platform, TenantDatabase
from staffroll.mongo.forms import known
from staffroll_accounts.domain.deliveries import (
    BODY_KEPT_FOR,
    KEPT_FOR,
    Attempt,
    Delivery,
    Failure,
)

COLLECTION: Final = "webhook_deliveries"
LEASE: Final = timedelta(seconds=60)
"""More than one try takes, the search for the address included."""

_DUE: Final = "due"
_LOG: Final = "log"
_LOG_BY_STATUS: Final = "log_by_status"
_BODIES: Final = "bodies"
_CANDIDATES: Final = 20

INDEXES: Final = (
    # Each event once, however often it is heard.
    Index(COLLECTION, ["webhook_id", "event_id"], "once_each", unique=True),
    Index(COLLECTION, ["webhook_id", "_id"], _LOG),
    Index(COLLECTION, ["webhook_id", "status", "_id"], _LOG_BY_STATUS),
    Index(COLLECTION, ["subject"], "personal", partial={"is_personal": True}),
    Index(
        COLLECTION,
        ["webhook_id", "due_at", "tenant_id"],
        _DUE,
        partial={"due_at": {"$exists": True}},
        every_tenant=True,
    ),
    Index(
        COLLECTION,
        ["body_until"],
        _BODIES,
        partial={"body_until": {"$exists": True}},
        every_tenant=True,
    ),
    Index(COLLECTION, ["expires_at"], "expired", every_tenant=True, expire_seconds=0),
)


class Deliveries:
    """The deliveries of one tenant."""

    def __init__(self, database: TenantDatabase) -> None:
        self._deliveries = database[COLLECTION]

    def insert(self, deliveries: Sequence[Delivery]) -> None:
        """Keep new ones; those of an event that its webhook has already are left out."""
        if deliveries:
            self._deliveries.insert_many([_to_document(one) for one in deliveries])

    def get(self, webhook_id: str, delivery_id: str) -> Delivery:
        """Raises `NotFound`."""
        document = self._deliveries.find_one({"_id": delivery_id, "webhook_id": webhook_id})
        if document is None:
            raise NotFound
        return _from_document(document)

    def page(
        self, webhook_id: str, *, status: str | None, before: str | None, limit: int
    ) -> tuple[list[Delivery], int, bool]:
        """Some of a webhook's, the newest first; how many there are, and whether more follow.

        Args:
            before: Only those that were made before the one of this id.
        """
        every: Document = {"webhook_id": webhook_id}
        if status is not None:
            every["status"] = status
        where = every if before is None else {**every, "_id": {"$lt": before}}
        hint = _LOG if status is None else _LOG_BY_STATUS
        found = self._deliveries.find(
            where, {"body": 0}, sort=[("_id", -1)], limit=limit + 1, hint=hint
        )
        documents = list(found)
        shown = [_from_document(document) for document in documents[:limit]]
        return shown, self._deliveries.count(every, hint=hint), len(documents) > limit

    def count_due(self, webhook_ids: Sequence[str], now: datetime, most: int) -> int:
        """How much is due at some webhooks, up to `most`."""
        due = {"webhook_id": {"$in": list(webhook_ids)}, "due_at": {"$lte": now}}
        return self._deliveries.count(due, limit=most, hint=_DUE)

    def settle(self, after: Delivery, claimed: Delivery) -> bool:
        """Keep what became of a delivery that was claimed; False where the lease ran out."""
        return self._save(after, {"_id": claimed.id, "due_at": claimed.due_at})

    def restart(self, delivery: Delivery) -> None:
        """Let it be tried again, whatever became of it meanwhile."""
        self._save(delivery, {"_id": delivery.id})

    def put_off(self, claimed: Delivery, until: datetime) -> None:
        """It was not tried."""
        self._deliveries.update_one(
            {"_id": claimed.id, "due_at": claimed.due_at}, {"$set": {"due_at": until}}
        )

    def give_up_waiting(self, webhook_id: str, why: Failure) -> None:
        """Nothing of what waits for the webhook is tried any more."""
        self._deliveries.update_many(
            {"webhook_id": webhook_id, "status": "waiting"},
            {"$set": {"status": "failed", "failure": why}, "$unset": {"due_at": ""}},
        )

    def forget(self, webhook_id: str) -> None:
        """Erase the log of a webhook."""
        self._deliveries.delete_many({"webhook_id": webhook_id})

    def erase(self, user_id: str) -> None:
        """Forget what says something of a user (R62); that they were deleted is still told."""
        self._deliveries.delete_many({"subject": user_id, "is_personal": True})

    def _save(self, delivery: Delivery, where: Document) -> bool:
        document = _to_document(delivery)
        del document["_id"]
        update: Document = {"$set": document}
        gone = {"due_at", "body_until"} - document.keys()
        update["$unset"] = dict.fromkeys(gone, "")
        return self._deliveries.update_one(where, update).matched_count == 1


class WaitingDeliveries:
    """What waits to be sent, of all tenants."""

    def __init__(self, platform: Platform) -> None:
        self._deliveries = platform[COLLECTION]

    def due(self, now: datetime) -> list[tuple[str, str]]:
        """Tenant and id of webhooks for which something is due."""
        found = self._deliveries.aggregate(
            [
                {"$match": {"webhook_id": {"$gt": ""}, "due_at": {"$lte": now}}},
                {"$sort": {"webhook_id": 1, "due_at": 1}},
                {"$group": {"_id": "$webhook_id", "tenant_id": {"$first": "$tenant_id"}}},
            ],
            hint=_DUE,
        )
        return [(one["tenant_id"], one["_id"]) for one in found]

    def claim(self, tenant_id: str, webhook_id: str, now: datetime) -> Delivery | None:
        """The delivery that has been due longest, leased; None where nothing is."""
        due = {"webhook_id": webhook_id, "due_at": {"$lte": now}}
        found = self._deliveries.find(due, {"_id": 1}, hint=_DUE).sort("due_at", 1)
        for candidate in list(found.limit(_CANDIDATES)):
            document = self._deliveries.find_one_and_update(
                {**due, "tenant_id": tenant_id, "_id": candidate["_id"]},
                {"$set": {"due_at": now + LEASE}},
                return_document=True,
            )
            if document is not None:
                return _from_document(document)
        return None

    def counts(self) -> Iterator[tuple[str, str, int]]:
        """Tenant and id of each webhook for which something waits, and how much."""
        found = self._deliveries.aggregate(
            [
                {"$match": {"webhook_id": {"$gt": ""}, "due_at": {"$exists": True}}},
                {
                    "$group": {
                        "_id": "$webhook_id",
                        "tenant_id": {"$first": "$tenant_id"},
                        "waiting": {"$sum": 1},
                    }
                },
            ],
            hint=_DUE,
        )
        for one in found:
            yield one["tenant_id"], one["_id"], one["waiting"]

    def drop_bodies(self, now: datetime) -> None:
        """Forget what was sent and arrived, when it need not be sent again any more."""
        self._deliveries.update_many(
            {"body_until": {"$lte": now}}, {"$set": {"body": None}, "$unset": {"body_until": ""}}
        )


def _to_document(delivery: Delivery) -> Document:
    document = {
        "_id": delivery.id,
        **asdict(delivery),
        "expires_at": delivery.created_at + KEPT_FOR,
    }
    del document["id"]
    for attempt in document["attempts"]:
        del attempt["retry_after"]
    if delivery.due_at is None:
        del document["due_at"]
    if delivery.status == "delivered" and delivery.body is not None:
        document["body_until"] = delivery.attempts[-1].at + BODY_KEPT_FOR
    return document


def _from_document(document: Document) -> Delivery:
    found = known(Delivery, document)
    attempts = tuple(Attempt(**known(Attempt, attempt)) for attempt in found.pop("attempts"))
    return Delivery(**{"body": None, **found}, id=document["_id"], attempts=attempts)
