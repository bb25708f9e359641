"""Mail that waits in users' documents, over all tenants: leased by document, sent one by one.

A lease keeps others off a document while its mail is being sent; where one runs out, a mail
may go twice, under the same Message-ID, but is never lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography.fernet import MultiFernet

from staffroll.audit import AuditEntry
from staffroll.ids import new_id
from staffroll.mongo import Document, Index, Platform
from staffroll.mongo.audit_trail import waiting
from staffroll.mongo.forms import known
from staffroll_accounts.domain.mails import Mail
from staffroll_accounts.store import users

LEASE: Final = timedelta(minutes=2)

_HINT: Final = "mails_waiting"
_WAITING: Final[Document] = {"mails.at": {"$exists": True}}
_CANDIDATES: Final = 50

INDEXES: Final = (
    Index(users.COLLECTION, ["mails.at"], _HINT, partial=_WAITING, every_tenant=True),
)


@dataclass(frozen=True, slots=True)
class WaitingMail:
    """One mail in a user's document.

    Attributes:
        since: When it was decided to send it.
        tries: How often it was tried in vain.
        sealed: The `Mail`, encrypted.
    """

    id: str
    since: datetime
    tries: int
    sealed: bytes = field(repr=False)


def unsealed(sealed: bytes, at_rest: MultiFernet) -> Mail:
    """Raises `InvalidToken`, `TypeError`, `ValueError` where it cannot be read."""
    return Mail(**known(Mail, json.loads(at_rest.decrypt(sealed))))


@dataclass(frozen=True, slots=True)
class Batch:
    """What is due of one user, leased under `lease_id`."""

    tenant_id: str
    user_id: str
    lease_id: str
    mails: tuple[WaitingMail, ...]


class WaitingMails:
    """All that waits, of all tenants.

    Args:
        lease: How long a document is kept from others after the last sign of life.
    """

    def __init__(self, platform: Platform, lease: timedelta = LEASE) -> None:
        self._users = platform[users.COLLECTION]
        self._lease = lease

    def claim(self, now: datetime) -> Batch | None:
        """What is due of one user whom nobody else has leased, oldest first."""
        free = {
            "mails.at": {"$lte": now},
            "$or": [
                {"mails_lease.until": {"$exists": False}},
                {"mails_lease.until": {"$lt": now}},
            ],
        }
        found = self._users.find(free, {"tenant_id": 1}, hint=_HINT).sort("mails.at", 1)
        for candidate in list(found.limit(_CANDIDATES)):
            lease_id = new_id()
            lease = {"id": lease_id, "until": now + self._lease}
            document = self._users.find_one_and_update(
                {**free, "tenant_id": candidate["tenant_id"], "_id": candidate["_id"]},
                {"$set": {"mails_lease": lease}},
                projection={"mails": 1, "tenant_id": 1},
            )
            if document is not None:
                due = tuple(_due(document, now))
                return Batch(document["tenant_id"], document["_id"], lease_id, due)
        return None

    def still_waits(self, batch: Batch, mail: WaitingMail, now: datetime) -> bool:
        """Whether it is still ours to send; keeps others off for another lease."""
        kept = {"$set": {"mails_lease.until": now + self._lease}}
        return self._users.update_one(_of(batch, mail), kept).matched_count == 1

    def sent(self, batch: Batch, mail: WaitingMail) -> None:
        self._users.update_one(_of(batch, mail), {"$pull": {"mails": {"id": mail.id}}})

    def given_up(self, batch: Batch, mail: WaitingMail, entry: AuditEntry) -> None:
        """It is not tried any more; the audit trail says so."""
        update = {
            "$pull": {"mails": {"id": mail.id}},
            "$push": {"audit": {"$each": waiting([entry])}},
        }
        self._users.update_one(_of(batch, mail), update)

    def later(self, batch: Batch, mail: WaitingMail, at: datetime) -> None:
        update = {
            "$set": {"mails.$.at": at, "mails.$.since": mail.since},
            "$inc": {"mails.$.tries": 1},
        }
        self._users.update_one(_of(batch, mail), update)

    def release(self, batch: Batch) -> None:
        ours = {**_user_of(batch), "mails_lease.id": batch.lease_id}
        self._users.update_one(ours, {"$unset": {"mails_lease": ""}})

    def oldest(self) -> datetime | None:
        """When the mail that is due first should be tried; in the past where it is overdue."""
        first = self._users.find_one(_WAITING, {"mails.at": 1}, sort=[("mails.at", 1)], hint=_HINT)
        return min((mail["at"] for mail in first["mails"]), default=None) if first else None


def _due(document: Document, now: datetime) -> Iterator[WaitingMail]:
    for mail in sorted(document["mails"], key=lambda each: str(each["id"])):
        if mail["at"] <= now:
            since, tries = mail.get("since", mail["at"]), mail.get("tries", 0)
            yield WaitingMail(mail["id"], since, tries, mail["sealed"])


def _user_of(batch: Batch) -> Document:
    return {"tenant_id": batch.tenant_id, "_id": batch.user_id}


def _of(batch: Batch, mail: WaitingMail) -> Document:
    return {**_user_of(batch), "mails_lease.id": batch.lease_id, "mails.id": mail.id}
