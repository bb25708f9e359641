"""Erasing what a service has of deleted users, step by step, until the receipt can be said (R62).

::

    tombstone, erasing_since ──▶ dead letters dropped ──▶ step, step, … ──▶ receipt said

Any number of processes may be at it, and any of them may be killed: each step erases what it
finds and says whether nothing is left, so that to repeat it is harmless.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Final

import structlog

from staffroll.bus import BrokerAway
from staffroll.bus.applying import growing_pause
from staffroll.bus.contract import DeadLetter
from staffroll.events import Event, NotAnEvent
from staffroll.faults import log_fault
from staffroll.jobs import JOBS, erase_files_before
from staffroll.mongo import AWAY
from staffroll.mongo.audit_trail import AuditTrail
from staffroll.mongo.client import Filter
from staffroll.mongo.erasing import Due, due_erasures
from staffroll.runtime import Runtime
from staffroll.service import Chore

Step = Callable[[Due], bool]
"""Erases what it knows of; whether nothing of it is left."""

_LATE_SECONDS: Final = 600.0
_LONGEST_PAUSE_SECONDS: Final = 300.0

_log = structlog.get_logger()


class Erasing:
    """Finishes the erasures of one service; run as a chore.

    Args:
        collection: Where the tombstones stand.
        tombstone: What tells them from other documents there.
        steps: What is erased besides dead letters.
        finish: Says the receipt; the tombstone is due no longer.
    """

    def __init__(
        self,
        runtime: Runtime,
        collection: str,
        tombstone: Filter,
        steps: Sequence[Step],
        finish: Callable[[Due], None],
    ) -> None:
        self._runtime = runtime
        self._collection = collection
        self._tombstone = tombstone
        self._steps = steps
        self._finish = finish
        self._failures: dict[str, tuple[int, float]] = {}

    def run(self) -> None:
        """Do what can be done now for all who are due."""
        due = due_erasures(self._runtime.platform, self._collection)
        if not due or not self._drop_dead_letters({one.user_id for one in due}):
            return
        for one in due:
            failures, until = self._failures.pop(one.user_id, (0, 0.0))
            if time.monotonic() < until:
                self._failures[one.user_id] = failures, until
                continue
            try:
                self._erase(one)
            except AWAY:
                raise
            except Exception as error:  # noqa: BLE001 - one that fails must not stop the others
                log_fault("erasure_failed", error, user=one.user_id)
                pause = growing_pause(failures + 1, _LONGEST_PAUSE_SECONDS)
                self._failures[one.user_id] = failures + 1, time.monotonic() + pause

    def drop_late_letters(self) -> None:
        """Drop what was retried for so long that it died after its person was erased."""
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
        found = self._runtime.tenant(event.tenant_id)[self._collection]
        return found.find_one({"_id": event.subject, **self._tombstone}, {"_id": 1}) is not None

    def _erase(self, due: Due) -> None:
        is_gone = [step(due) for step in self._steps]
        if all(is_gone):
            self._finish(due)

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
    since no file says whom it names, and forgets where the person's own jobs came from (R62)."""

    def are_erased(due: Due) -> bool:
        database = runtime.tenant(due.tenant_id)
        erase_files_before(database, due.user_id, due.since)
        left = {"erase_file": True, "created_at": {"$lte": due.since}}
        return database[JOBS].find_one(left, {"_id": 1}) is None

    return are_erased
