"""Webhooks in MongoDB: one document each; over all tenants, which tenants have some."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from staffroll.audit import AuditEntry
from staffroll.errors import NotFound, Stale
from staffroll.idempotency import Once, OnceUsed
from staffroll.mongo import Document, Index, Platform, TenantDatabase, duplicate_index
from staffroll.mongo.audit_trail import AuditTrail, waiting
from staffroll.mongo.forms import known
from staffroll_accounts.domain.errors import TooManyWebhooks
from staffroll_accounts.domain.webhooks import (
    MOST_WEBHOOKS,
    Disabled,
    OldSecret,
    Webhook,
    WebhookDecision,
)

COLLECTION: Final = "webhooks"

_ENABLED: Final = "enabled"
_UNTOLD: Final = "untold"
_AT_ONCE: Final = 100

NOTICE_LEASE: Final = timedelta(minutes=1)
"""More than telling all admins takes; where it runs out, some are told twice."""

INDEXES: Final = (
    Index(
        COLLECTION,
        ["once.key"],
        "once_unique",
        unique=True,
        partial={"once.key": {"$exists": True}},
    ),
    # How many a tenant has, at most: as many as there are slots.
    Index(COLLECTION, ["slot"], "slots", unique=True),
    Index(COLLECTION, ["tenant_id"], _ENABLED, partial={"is_enabled": True}, every_tenant=True),
    Index(
        COLLECTION,
        ["notice_since"],
        _UNTOLD,
        partial={"notice_since": {"$exists": True}},
        every_tenant=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Untold:
    """A webhook that was disabled without the admins' knowing, and when."""

    tenant_id: str
    webhook_id: str
    since: datetime


class Webhooks:
    """The webhooks of one tenant."""

    def __init__(self, database: TenantDatabase) -> None:
        self._webhooks = database[COLLECTION]
        self._trail = AuditTrail(database)

    def insert(self, decision: WebhookDecision, now: datetime, once: Once | None) -> None:
        """Keep a new webhook: one write.

        Raises:
            TooManyWebhooks: There are `MOST_WEBHOOKS`.
            OnceUsed: This very creation has happened already.
        """
        document = _to_document(decision.webhook) | {"audit": waiting(decision.audit)}
        if once is not None:
            document["once"] = once.document(now)
        for slot in self._free_slots():
            try:
                self._webhooks.insert_one({**document, "slot": slot})
            except DuplicateKeyError as error:
                if duplicate_index(error) == ("tenant_id", "once.key"):
                    raise OnceUsed from error
            else:
                return
        raise TooManyWebhooks(most=MOST_WEBHOOKS)

    def save(self, decision: WebhookDecision, before: Webhook, now: datetime) -> Webhook:
        """Keep a changed webhook: one write, on the version that was read.

        Raises:
            Stale: Somebody was quicker.
        """
        webhook = decision.webhook
        if webhook == before:
            return before
        document = _to_document(webhook)
        del document["_id"]
        if webhook.failing_since == before.failing_since:
            del document["failing_since"]  # who sends may have noted another meanwhile
        update: Document = {
            "$set": document,
            "$push": {"audit": {"$each": waiting(decision.audit)}},
        }
        if decision.is_notice_due:
            update["$set"]["notice_since"] = now
        where = {"_id": webhook.id, "version": before.version}
        if self._webhooks.update_one(where, update).matched_count == 0:
            raise Stale
        return webhook

    def delete(self, webhook: Webhook, entry: AuditEntry) -> None:
        """Forget a webhook; what was noted of it, and `entry`, find their way into the trail.

        Raises:
            Stale: Somebody changed it since.
        """
        one = {"_id": webhook.id, "version": webhook.version}
        if not self._trail.delete(self._webhooks, one, entry):
            raise Stale

    def find(self, webhook_id: str) -> Webhook | None:
        document = self._webhooks.find_one({"_id": webhook_id})
        return None if document is None else _from_document(document)

    def get(self, webhook_id: str) -> Webhook:
        """Raises `NotFound` where there is none."""
        webhook = self.find(webhook_id)
        if webhook is None:
            raise NotFound
        return webhook

    def all(self) -> list[Webhook]:
        """The oldest first."""
        return [_from_document(document) for document in self._webhooks.find({}, sort=[("_id", 1)])]

    def enabled(self) -> list[Webhook]:
        return [webhook for webhook in self.all() if webhook.is_enabled]

    def failed(self, webhook_id: str, at: datetime) -> None:
        """Note a failure, unless it is not the first since the last success."""
        self._webhooks.update_one(
            {"_id": webhook_id, "failing_since": None}, {"$set": {"failing_since": at}}
        )

    def succeeded(self, webhook_id: str) -> None:
        self._webhooks.update_one({"_id": webhook_id}, {"$set": {"failing_since": None}})

    def claim_notice(self, webhook_id: str, since: datetime, now: datetime) -> bool:
        """Whether it is ours to tell the admins, whom nobody else tells for `NOTICE_LEASE`."""
        untold = {"_id": webhook_id, "notice_since": since, **_free(now)}
        lease = {"$set": {"notice_leased_until": now + NOTICE_LEASE}}
        claimed = self._webhooks.find_one_and_update(untold, lease, projection={"_id": 1})
        return claimed is not None

    def told(self, webhook_id: str, since: datetime) -> None:
        """All admins know that it was disabled."""
        self._webhooks.update_one(
            {"_id": webhook_id, "notice_since": since},
            {"$unset": {"notice_since": "", "notice_leased_until": ""}},
        )

    def find_once(self, once: Once) -> tuple[Webhook, dict[str, Any]] | None:
        """The webhook that an Idempotency-Key created, and how the key was kept."""
        document = self._webhooks.find_one({"once.key": once.key})
        return None if document is None else (_from_document(document), document["once"])

    def forget_once(self, once: Once, kept_at: datetime) -> None:
        """Free a key that is too old to count, and only as it was kept at that moment."""
        self._webhooks.update_one(
            {"once.key": once.key, "once.at": kept_at}, {"$unset": {"once": ""}}
        )

    def _free_slots(self) -> list[int]:
        taken = {document["slot"] for document in self._webhooks.find({}, {"slot": 1})}
        return [slot for slot in range(MOST_WEBHOOKS) if slot not in taken]


def tenants_with_webhooks(platform: Platform) -> set[str]:
    """Those that have an enabled one."""
    return set(platform[COLLECTION].distinct("tenant_id", {"is_enabled": True}))


def untold(platform: Platform, now: datetime, without: Collection[str] = ()) -> Iterator[Untold]:
    """Some webhooks of which the admins are to be told, the longest disabled first, but these
    and those of which somebody tells at this moment."""
    where = {"notice_since": {"$exists": True}, "_id": {"$nin": list(without)}, **_free(now)}
    found = platform[COLLECTION].find(where, {"tenant_id": 1, "notice_since": 1}, hint=_UNTOLD)
    for document in list(found.sort("notice_since", 1).limit(_AT_ONCE)):
        yield Untold(document["tenant_id"], document["_id"], document["notice_since"])


def _free(now: datetime) -> Document:
    """Filter: nobody tells the admins at this moment."""
    return {"notice_leased_until": {"$not": {"$gt": now}}}


def _to_document(webhook: Webhook) -> Document:
    document = {"_id": webhook.id, **asdict(webhook), "is_enabled": webhook.is_enabled}
    del document["id"]
    document["events"] = list(webhook.events)
    return document


def _from_document(document: Document) -> Webhook:
    old, disabled = document["old_secret"], document["disabled"]
    return Webhook(
        id=document["_id"],
        version=document["version"],
        url=document["url"],
        events=tuple(document["events"]),
        sealed_secret=document["sealed_secret"],
        created_at=document["created_at"],
        created_by=document["created_by"],
        description=document["description"],
        old_secret=None if old is None else OldSecret(**known(OldSecret, old)),
        disabled=None if disabled is None else Disabled(**known(Disabled, disabled)),
        failing_since=document["failing_since"],
    )
