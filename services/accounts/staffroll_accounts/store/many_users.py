"""Many users at once: looked up in one query, inserted in one command, each a write of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from staffroll.bus import Message
from staffroll.mongo import Outbox, TenantDatabase
from staffroll.search import email_key
from staffroll_accounts.domain.imports import Known
from staffroll_accounts.domain.users import Decision
from staffroll_accounts.store.users import COLLECTION, Users


class ManyUsers:
    """The users of one tenant, many at a time."""

    def __init__(self, database: TenantDatabase, outbox: Outbox, users: Users) -> None:
        self._users = database[COLLECTION]
        self._outbox = outbox
        self._one = users

    def known(self, emails: Collection[str]) -> dict[str, Known]:
        """Who has one of the addresses, by `email_key`."""
        keys = sorted({email_key(email) for email in emails})
        shown = {"email_key": 1, "first_name": 1, "last_name": 1}
        return {
            found["email_key"]: Known(found["_id"], found["first_name"], found["last_name"])
            for found in self._users.find({"email_key": {"$in": keys}}, shown)
        }

    def existing(self, ids: Collection[str]) -> set[str]:
        """Those of the ids that a user has, or the tombstone of one."""
        return {found["_id"] for found in self._users.find({"_id": {"$in": list(ids)}}, {"_id": 1})}

    def insert(self, decisions: Sequence[Decision], now: datetime) -> set[str]:
        """Keep new users and tell of them, each in one write of its own.

        Returns:
            The ids of those that are there now; of the others the e-mail was taken meanwhile.
        Raises:
            OutboxFull: Too much waits for the broker.
        """
        if not decisions:
            return set()
        self._outbox.check_room()
        told = [[Message.event(event) for event in one.events] for one in decisions]
        documents = [
            self._one.new_document(decision, messages, now)
            for decision, messages in zip(decisions, told, strict=True)
        ]
        refused = self._users.insert_many(documents)
        there: set[str] = set()
        for number, (decision, messages) in enumerate(zip(decisions, told, strict=True)):
            if number not in refused:
                tenant_id, user_id = self._users.tenant_id, decision.user.id
                self._outbox.committed(COLLECTION, tenant_id, user_id, messages)
            if refused.get(number) != ("tenant_id", "email_key"):
                there.add(decision.user.id)
        return there
