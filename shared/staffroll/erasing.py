"""Erasing what a service has of deleted users, step by step, until the receipt can be said (R62).

::

    tombstone, erasing_since ──▶ dead letters dropped ──▶ step, step, … ──▶ receipt said

Any number of processes may be at it, and any of them may be killed: each step erases what it
finds and says whether nothing is left, so that to repeat it is harmless.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog

from staffroll import clock
from staffroll.bus import BrokerAway
from staffroll.bus.contract import DeadLetter
from staffroll.events import Event, NotAnEvent
from staffroll.jobs import erase_files
from staffroll.mongo.audit_trail import AuditTrail
from staffroll.mongo.client import Filter
from staffroll.mongo.erasing import Due, due_erasures
from staffroll.open_tenants import OpenTenants
from staffroll.rounds import Rounds
from staffroll.runtime import Runtime
from staffroll.service import Chore

Step = Callable[[Due], bool]
"""Erases what it knows of; whether nothing of it is left."""

_LATE_SECONDS: Final = 600.0

_PATIENCE: Final = timedelta(minutes=1)
"""So long an erasure is looked at in every round; later after growing pauses."""

_log = structlog.get_logger()


class Erasing:
    """Finishes the erasures of one service; run as a chore.

    Args:
        collection: Where the tombstones stand.
        tombstone: What tells them from other documents there.
        steps: What is erased besides dead letters.
        finish: Says the receipt; the tombstone is due no longer.
        tenant_status: As for `OpenTenants`.
    """

    def __init__(
        self,
        runtime: Runtime,
        collection: str,
        tombstone: Filter,
        steps: Sequence[Step],
        finish: Callable[[Due], None],
        tenant_status: Callable[[str], str | None],
    ) -> None:
        self._runtime = runtime
        self._collection = collection
        self._tombstone = tombstone
        self._steps = steps
        self._finish = finish
        self._tenants = OpenTenants(tenant_status)
        self._rounds = Rounds(self._due, lambda one: one.user_id, self._erase, "erasure_failed")

    def run(self) -> None:
        """Do what can be done now for those who are due."""
        self._rounds.run()

    def drop_late_letters(self) -> None:
        """Drop what died after its person was erased, having been retried for so long, and all
        of tenants that are deleted."""
        letters = self._runtime.broker.dead_letters(self._runtime.service)
        with suppress(BrokerAway):
            if letters.count():
                letters.drop_where(self._tells_of_deleted)

    def chores(self) -> list[Chore]:
        """All of it, for a consumer process."""
        return [
            Chore("erasing deleted users", 1.0, self.run),
            Chore("dropping late dead letters", _LATE_SECONDS, self.drop_late_letters),
        ]

    def _tells_of_deleted(self, letter: DeadLetter) -> bool:
        try:
            event = Event.from_json(letter.body)
        except NotAnEvent:
            return False
        if self._tenants.is_deleted(event.tenant_id):
            return True
        found = self._runtime.tenant(event.tenant_id)[self._collection]
        return found.find_one({"_id": event.subject, **self._tombstone}, {"_id": 1}) is not None

    def _due(self, without: Collection[str]) -> list[Due]:
        due = due_erasures(self._runtime.platform, self._collection, without)
        is_looked = not due or self._drop_dead_letters({one.user_id for one in due})
        return due if is_looked else []

    def _erase(self, due: Due) -> bool:
        """False where something has been left for long, so that others go first."""
        is_gone = [step(due) for step in self._steps]
        if not all(is_gone):
            return clock.now() - due.since < _PATIENCE
        self._finish(due)
        return True

    def _drop_dead_letters(self, user_ids: Collection[str]) -> bool:
        """Whether it could be looked."""
        letters = self._runtime.broker.dead_letters(self._runtime.service)
        try:
            if letters.count():
                letters.drop_where(lambda letter: is_about(letter.body, user_ids))
        except BrokerAway:
            _log.info("erasure_waits_for_broker", users=len(user_ids))
            return False
        return True


def is_about(body: bytes, user_ids: Collection[str]) -> bool:
    """Whether a message tells of one of the users; if unreadable, whether it names one."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict) and isinstance(document.get("subject"), str):
        return document["subject"] in user_ids
    return any(user_id.encode() in body for user_id in user_ids)


def audit_settled(runtime: Runtime, collections: Sequence[str]) -> Step:
    """The step that waits until the audit trail has what was noted before the deletion, and
    with it the deletion itself, which rids the trail of the person's addresses (R9).

    Args:
        collections: Those whose documents carry entries.
    """

    def is_settled(due: Due) -> bool:
        return not AuditTrail(runtime.tenant(due.tenant_id)).has_waiting(collections, due.since)

    return is_settled


def job_files_erased(runtime: Runtime) -> Step:
    """The step that has the files of the tenant's jobs removed that are older than the deletion,
    and waits for those that are being read; see `jobs.erase_files` (R62)."""

    def are_erased(due: Due) -> bool:
        database = runtime.tenant(due.tenant_id)
        return erase_files(database, due.user_id, due.since, clock.now())

    return are_erased
