"""Requests that were refused, so that a repeat hears the same answer.

What was granted needs no record: the user, or the request among their
``applied_requests``, is one. So an old duplicate cannot succeed later because an
e-mail became free.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Final

from staffroll.bus import Message
from staffroll.events import Event, RequestRejected
from staffroll.mongo import Index, Outbox, TenantDatabase
from staffroll.mongo.forms import known
from staffroll.mongo.newest import keep_newer
from staffroll.mongo.outbox import push

COLLECTION: Final = "requests"

INDEXES: Final = (
    Index(COLLECTION, ["subject"], "by_subject", partial={"subject": {"$exists": True}}),
)


class Refusals:
    """The refused requests of one tenant."""

    def __init__(self, database: TenantDatabase, outbox: Outbox) -> None:
        self._requests = database[COLLECTION]
        self._outbox = outbox

    def find(self, request_id: str) -> RequestRejected | None:
        """The newest refusal of the request."""
        document = self._requests.find_one({"_id": request_id}, {"rejection": 1})
        if document is None:
            return None
        return RequestRejected(**known(RequestRejected, document["rejection"]))

    def erase(self, user_id: str) -> None:
        """Forget what was refused of a user who is deleted, answers that wait included: whoever
        asked hears of the deletion instead."""
        self._requests.delete_many({"subject": user_id})

    def say(self, request_id: str, rejection: RequestRejected, event: Event, now: datetime) -> None:
        """Keep the refusal and tell of it: one write. That of an older attempt is old news."""
        messages = [Message.event(event)]
        not_newer = {"_id": request_id, "rejection.attempt": {"$lte": rejection.attempt}}
        kept = {"rejection": asdict(rejection), "at": now, "subject": event.subject}
        refusal = {"$set": kept, **push(messages, now)}
        if not keep_newer(self._requests.update_one, not_newer, refusal):
            return
        self._outbox.committed(COLLECTION, self._requests.tenant_id, request_id, messages)
