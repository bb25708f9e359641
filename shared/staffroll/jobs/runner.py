"""Runs jobs: any number of runners, in any number of processes, on the same database.

Jobs take turns of about a second, the one that has waited longest first, and a tenant has
only so many running at once: so nobody waits for another tenant's large job to end.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

import structlog
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError
from structlog.contextvars import bound_contextvars

from staffroll import clock
from staffroll.errors import StaffrollError, Unavailable
from staffroll.faults import log_fault
from staffroll.jobs.files import JobFiles
from staffroll.jobs.job import PIECES_KEPT_FOR, Failure, Job, JobBroken, JobLost, Progress
from staffroll.jobs.store import (
    DUE,
    JOBS,
    RESULTS,
    TO_ERASE,
    Jobs,
    ended,
    erase_marked_files,
    failed,
    from_document,
)
from staffroll.mongo import AWAY, Document, Platform
from staffroll.observing.metrics import JOBS_ENDED

Step = Callable[[Job], Progress]
MakeStep = Callable[[Job], Step]

LEASE: Final = timedelta(seconds=30)
"""How long a step may take before others take the job for forsaken; a matter of waste alone."""

MAX_TRIES: Final = 5
"""How often a job is taken up without a step that counts."""

TURN: Final = timedelta(seconds=1)
_ROUND_SECONDS: Final = 3.0
_CANDIDATES: Final = 20

_log = structlog.get_logger()


class JobRunner:
    """Takes up jobs of one kind, of all tenants.

    Args:
        make_step: Called when a job is taken up, for a step that is called again and again
            with the job as it is then. A step takes well under a second and is idempotent: it
            may have been done before, from the same position. What it may raise:

            - `Unavailable`: it is tried again after `retry_after_seconds`, however often;
            - any other `StaffrollError`: the job fails with its code;
            - anything else: it is tried again, `MAX_TRIES` times; then the job fails.
        at_once_per_tenant: How many jobs of a tenant run; the others wait.
        turn: After which other jobs have theirs; so long is kept what a step only remembers.
    """

    def __init__(
        self,
        platform: Platform,
        kind: str,
        make_step: MakeStep,
        *,
        at_once_per_tenant: int = 1,
        lease: timedelta = LEASE,
        turn: timedelta = TURN,
    ) -> None:
        self._platform = platform
        self._jobs = platform[JOBS]
        self._kind = kind
        for state in ("done", "failed", "cancelled"):
            JOBS_ENDED.labels(kind, state)  # told as 0, so that the first one is an increase
        self._make_step = make_step
        self._slots = [f"{kind}:{number}" for number in range(at_once_per_tenant)]
        self._lease = lease
        self._turn = turn

    def run(self) -> None:
        """Give turns to jobs that are due, for a few seconds; erase files that are to go."""
        self._erase_files()
        deadline = time.monotonic() + _ROUND_SECONDS
        while time.monotonic() < deadline and (job := self.claim()) is not None:
            self.take_turn(job)

    def claim(self) -> Job | None:
        """The job that has waited longest, held for the lease; None where none is due."""
        now = clock.now()
        for candidate in self._candidates(now):
            for slot in [candidate["slot"]] if "slot" in candidate else self._slots:
                try:
                    job = self._take(candidate, slot, now)
                except DuplicateKeyError:
                    continue  # the slot is taken
                if job is not None:
                    return job
                break  # somebody was quicker
        return None

    def take_turn(self, job: Job) -> None:
        """Do steps of a claimed job until it is over, lost, or others should have their turn."""
        with bound_contextvars(job=job.id, correlation_id=job.correlation_id, tenant=job.tenant_id):
            self._take_turn(job)

    def _take_turn(self, job: Job) -> None:
        try:
            self._do_steps(job)
        except JobLost:
            self._erase_late(job)
        except Unavailable as error:
            self._let_go(job, wait=timedelta(seconds=error.retry_after_seconds), tries=0)
        except StaffrollError as error:
            self._end(job, failed(Failure(error.code, error.detail), clock.now(), job.file))
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 (one broken job must not stop the others)
            log_fault("job_step_failed", error, kind=job.kind)
            self._let_go(job, wait=timedelta(seconds=1))

    def _do_steps(self, job: Job) -> None:
        step = self._make_step(job)
        deadline = time.monotonic() + self._turn.total_seconds()
        while not job.is_over:
            if job.is_cancelling:
                self._end(job, ended("cancelled", clock.now(), job.file))
                return
            if time.monotonic() >= deadline:
                self._let_go(job, tries=0)
                return
            progress = step(job)
            job = self._save(job, progress)
            if progress.pause_seconds and not job.is_over:
                self._let_go(job, wait=timedelta(seconds=progress.pause_seconds))
                return

    def _candidates(self, now: datetime) -> Iterator[Document]:
        """What may be claimed, longest waiting first: of each tenant's queue only the oldest."""
        due: Document = {"kind": self._kind, "due_at": {"$lte": now}}
        if self._jobs.find_one(due, {"_id": 1}, hint=DUE) is None:
            return
        running = self._jobs.find({**due, "state": "running"}, hint=DUE).sort("due_at", 1)
        first_of_each = [
            {"$match": {**due, "state": "queued"}},
            {"$sort": {"due_at": 1}},
            {"$group": {"_id": "$tenant_id", "job": {"$first": "$$ROOT"}}},
        ]
        queued = [found["job"] for found in self._jobs.aggregate(first_of_each, hint=DUE)]
        found = [*running.limit(_CANDIDATES), *queued]
        yield from sorted(found, key=lambda document: document["due_at"])

    def _take(self, candidate: Document, slot: str, now: datetime) -> Job | None:
        held: Document = {
            "state": "running",
            "slot": slot,
            "due_at": now + self._lease,
            "started_at": candidate.get("started_at", now),
        }
        document = self._jobs.find_one_and_update(
            {
                "_id": candidate["_id"],
                "tenant_id": candidate["tenant_id"],
                "claim": candidate["claim"],
                "due_at": candidate["due_at"],
            },
            {"$set": held, "$inc": {"claim": 1, "tries": 1}},
            return_document=ReturnDocument.AFTER,
        )
        if document is None:
            return None
        job = from_document(document)
        if document["tries"] > MAX_TRIES:
            failure = Failure(JobBroken.code, JobBroken.wording)
            self._end(job, failed(failure, now, job.file))
            return None
        return job

    def _save(self, job: Job, progress: Progress) -> Job:
        """The job after a step. Raises `JobLost`."""
        now = clock.now()
        counts = Counter(result.outcome for result in progress.results)
        self._keep_results(job, progress, now)
        update: Document = {
            "$set": {"position": dict(progress.position), "due_at": now + self._lease, "tries": 0},
            "$inc": {
                "done": progress.done,
                "failed": progress.failed,
                "results": len(progress.results),
                "steps": 1,
                **{f"counts.{outcome}": count for outcome, count in counts.items()},
            },
        }
        if progress.total is not None:
            update["$set"]["total"] = progress.total
        if progress.is_over:
            if job.file == "output":
                # Who was killed may have written more than was to be written in the end.
                JobFiles(self._platform.tenant(job.tenant_id)).erase_claimed(job.id, job.claim)
            over = ended("done", now, job.file)
            del update["$set"]["due_at"]
            update["$set"] |= over["$set"]
            update["$inc"] |= over["$inc"]
            update["$unset"] = over["$unset"]
        document = self._jobs.find_one_and_update(
            self._held(job), update, return_document=ReturnDocument.AFTER
        )
        if document is None:
            raise JobLost
        if progress.is_over:
            JOBS_ENDED.labels(job.kind, "done").inc()
        return from_document(document)

    def _keep_results(self, job: Job, progress: Progress, now: datetime) -> None:
        if not progress.results:
            return
        piece: Document = {
            "tenant_id": job.tenant_id,
            "job_id": job.id,
            "n": job.steps,
            "claim": job.claim,
            "first": job.results + 1,
            "last": job.results + len(progress.results),
            "outcomes": sorted({result.outcome for result in progress.results}),
            "results": [{"outcome": one.outcome, **one.facts} for one in progress.results],
            "expires_at": now + PIECES_KEPT_FOR,
        }
        where = {
            "_id": f"{job.id}:{job.steps}",
            "tenant_id": job.tenant_id,
            "claim": {"$lte": job.claim},
        }
        try:
            self._platform[RESULTS].update_one(where, {"$set": piece}, upsert=True)
        except DuplicateKeyError as error:
            raise JobLost from error

    def _let_go(
        self, job: Job, *, wait: timedelta = timedelta(0), tries: int | None = None
    ) -> None:
        changes: Document = {"due_at": clock.now() + wait}
        if tries is not None:
            changes["tries"] = tries
        self._jobs.update_one(self._held(job), {"$set": changes})

    def _end(self, job: Job, update: Document) -> None:
        if self._jobs.update_one(self._held(job), update).matched_count:
            JOBS_ENDED.labels(job.kind, update["$set"]["state"]).inc()

    def _held(self, job: Job) -> Document:
        return {
            "_id": job.id,
            "tenant_id": job.tenant_id,
            "claim": job.claim,
            "state": "running",
        }

    def _erase_late(self, job: Job) -> None:
        """Whose file was erased or begun anew meanwhile may have written to it once more."""
        tenant = self._platform.tenant(job.tenant_id)
        now = Jobs(tenant).find(job.id)
        if now is None or now.file_erased_at is not None:
            JobFiles(tenant).erase(job.id)
        elif job.file == "output":
            JobFiles(tenant).erase_claimed(job.id, job.claim + 1)

    def _erase_files(self) -> None:
        found = self._jobs.find({"erase_file": True}, {"tenant_id": 1}, hint=TO_ERASE)
        for tenant_id in {document["tenant_id"] for document in found.limit(_CANDIDATES)}:
            erase_marked_files(self._platform.tenant(tenant_id))
