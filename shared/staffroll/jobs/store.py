"""Jobs in MongoDB: one document each, their results in pieces, one for each step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from staffroll import clock
from staffroll.audit import noted
from staffroll.errors import NotFound
from staffroll.idempotency import Once, OnceUsed
from staffroll.jobs.files import FILE_INDEXES, JobFiles
from staffroll.jobs.job import KEPT_FOR, Failure, File, Job, NewJob, State
from staffroll.mongo import Document, Index, TenantDatabase, duplicate_index
from staffroll.mongo.audit_trail import audit_indexes, waiting
from staffroll.mongo.forms import known
from staffroll.scope import Scope

JOBS: Final = "jobs"
RESULTS: Final = "job_results"

DUE: Final = "due"
TO_ERASE: Final = "to_erase"

JOB_INDEXES: Final = (
    Index(JOBS, ["kind", "_id"], "by_kind"),
    Index(JOBS, ["kind", "created_by", "_id"], "by_creator"),
    # Who runs jobs: `due_at` is there until a job is over, and lies ahead while it is held.
    Index(
        JOBS,
        ["kind", "state", "due_at"],
        DUE,
        partial={"due_at": {"$exists": True}},
        every_tenant=True,
    ),
    # How many jobs of a tenant run at once: as many as there are slots.
    Index(JOBS, ["slot"], "slots", unique=True, partial={"slot": {"$exists": True}}),
    Index(JOBS, ["once.key"], "once_unique", unique=True, partial={"once.key": {"$exists": True}}),
    Index(JOBS, ["_id"], TO_ERASE, partial={"erase_file": True}),
    Index(JOBS, ["expires_at"], "expired", every_tenant=True, expire_seconds=0),
    *audit_indexes([JOBS]),
    Index(RESULTS, ["job_id", "n"], "pieces"),
    Index(RESULTS, ["expires_at"], "expired", every_tenant=True, expire_seconds=0),
    *FILE_INDEXES,
)

OPEN: Final = {"$in": ["queued", "running"]}
"""The states of jobs that are not over."""


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Some results of a job.

    Attributes:
        items: Each with ``n`` (counted from 1), ``outcome``, and its facts.
        end: The last one's ``n`` where more may follow, else None.
    """

    items: list[Document]
    end: int | None


class Jobs:
    """The jobs of one tenant."""

    def __init__(self, database: TenantDatabase) -> None:
        self._jobs = database[JOBS]
        self._results = database[RESULTS]
        self.files = JobFiles(database)

    def insert(self, new: NewJob, scope: Scope[Any], once: Once | None = None) -> Job:
        """Keep a new job, in the name of the scope's actor, which is noted as
        ``<kind>.started``; the next free runner takes it up.

        Raises:
            OnceUsed: This very creation has happened already; see `staffroll.idempotency`.
        """
        actor = scope.actor
        document: Document = {
            "_id": new.id,
            "kind": new.kind,
            "state": "queued",
            "created_by": actor.id,
            "created_at": scope.now,
            "permissions": None if actor.is_admin else sorted(actor.permissions),
            "total": new.total,
            "request": dict(new.request),
            "file": new.file,
            "correlation_id": scope.correlation_id,
            "address": scope.address,
            "claim": 0,
            "tries": 0,
            "due_at": scope.now,
            "audit": waiting([noted(scope.cause(JOBS), f"{new.kind}.started", new.id)]),
        }
        if once is not None:
            document["once"] = once.document(scope.now)
        try:
            self._jobs.insert_one(document)
        except DuplicateKeyError as error:
            if duplicate_index(error) == ("tenant_id", "once.key"):
                raise OnceUsed from error
            raise
        return from_document(document)

    def find(self, job_id: str) -> Job | None:
        document = self._jobs.find_one({"_id": job_id})
        return None if document is None else from_document(document)

    def get(self, job_id: str, kind: str) -> Job:
        """Raises `NotFound`, also where it is of another kind."""
        document = self._jobs.find_one({"_id": job_id, "kind": kind})
        if document is None:
            raise NotFound
        return from_document(document)

    def page(
        self, kind: str, *, after: str | None, limit: int, created_by: str | None = None
    ) -> tuple[list[Job], int, str | None]:
        """Jobs, the newest first, and how many there are; then where the next page begins.

        Args:
            after: The id of the last job of the page before.
            created_by: Only those of this actor.
        """
        where: Document = {"kind": kind}
        if created_by is not None:
            where["created_by"] = created_by
        beyond = where if after is None else {**where, "_id": {"$lt": after}}
        found = list(self._jobs.find(beyond, sort=[("_id", -1)], limit=limit + 1))
        shown = [from_document(document) for document in found[:limit]]
        end = shown[-1].id if len(found) > limit else None
        return shown, self._jobs.count(where), end

    def count_open(self, kind: str) -> int:
        """How many wait or run."""
        return self._jobs.count({"kind": kind, "state": OPEN})

    def cancel(self, job_id: str, kind: str, now: datetime) -> Job:
        """The job, which ends at once, or before its next step; what is done stays done.

        Cancelling again, or what is over, changes nothing. Raises `NotFound`.
        """
        job = self.get(job_id, kind)
        if not job.is_over:
            waiting = {"_id": job_id, "state": "queued"}
            self._jobs.update_one(waiting, ended("cancelled", now, job.file))
            running = {"_id": job_id, "state": "running"}
            self._jobs.update_one(running, {"$set": {"is_cancelling": True}})
        return self.get(job_id, kind)

    def keep_out(self, kind: str, digest: str) -> None:
        """Somebody is being deleted: all jobs of the kind that are not over know it, as long as
        they are not, by a digest of whatever they look at."""
        self._jobs.update_many({"kind": kind, "state": OPEN}, {"$addToSet": {"kept_out": digest}})

    def kept_out(self, job_id: str) -> set[str]:
        """The digests of who was deleted since the job began."""
        document = self._jobs.find_one({"_id": job_id}, {"kept_out": 1}) or {}
        return set(document.get("kept_out", ()))

    def files_kept(self, kind: str, created_by: str) -> int:
        """How many jobs of this actor have a file for people, or will have one."""
        where: Document = {
            "kind": kind,
            "created_by": created_by,
            "state": {"$in": ["queued", "running", "done"]},
            "file_erased_at": {"$exists": False},
        }
        return self._jobs.count(where)

    def erase_file(self, job_id: str, now: datetime) -> None:
        """Nobody needs the file of a job that is done any more; repeating it is harmless."""
        self.files.erase(job_id)
        done = {"_id": job_id, "state": "done", "file_erased_at": {"$exists": False}}
        self._jobs.update_one(done, {"$set": {"file_erased_at": now}})

    def results(
        self, job_id: str, *, after: int, limit: int, outcome: str | None = None
    ) -> ResultPage:
        """Results of a job in order, at most `limit`, behind number `after` (0: from the first).

        Args:
            outcome: Only those that ended so.
        """
        items: list[Document] = []
        for result in self.each_result(job_id, after, outcome):
            if len(items) == limit:
                return ResultPage(items, items[-1]["n"])
            items.append(result)
        return ResultPage(items, None)

    def each_result(
        self, job_id: str, after: int = 0, outcome: str | None = None
    ) -> Iterator[Document]:
        """All results of a job behind number `after`, in order, as in `ResultPage`."""
        job = self._jobs.find_one({"_id": job_id}, {"steps": 1}) or {}
        # A step that was lost may have left results that do not count.
        counted = {"$lt": job.get("steps", 0)}
        where: Document = {"job_id": job_id, "n": counted, "last": {"$gt": after}}
        if outcome is not None:
            where["outcomes"] = outcome
        for piece in self._results.find(where, sort=[("n", 1)], batch_size=20):
            for number, result in enumerate(piece["results"], piece["first"]):
                if number > after and outcome in (None, result["outcome"]):
                    yield {"n": number, **result}

    def find_once(self, once: Once) -> tuple[Job, dict[str, Any]] | None:
        """The job that an Idempotency-Key created, and how the key was kept."""
        document = self._jobs.find_one({"once.key": once.key})
        return None if document is None else (from_document(document), document["once"])

    def forget_once(self, once: Once, kept_at: datetime) -> None:
        """Free a key that is too old to count, and only as it was kept at that moment."""
        self._jobs.update_one({"once.key": once.key, "once.at": kept_at}, {"$unset": {"once": ""}})


def erase_marked_files(database: TenantDatabase) -> None:
    """Erase the files that are to go; one that is still being written goes with its writer."""
    jobs, files = database[JOBS], JobFiles(database)
    for document in list(jobs.find({"erase_file": True}, {"_id": 1})):
        files.erase(document["_id"])
        erased = {"$unset": {"erase_file": ""}, "$set": {"file_erased_at": clock.now()}}
        jobs.update_one({"_id": document["_id"]}, erased)


def ended(state: State, now: datetime, file: File) -> Document:
    """The update that ends a job."""
    changes: Document = {"state": state, "ended_at": now, "expires_at": now + KEPT_FOR}
    if file == "input" or (file == "output" and state != "done"):
        changes["erase_file"] = True
    return {
        "$set": changes,
        "$unset": {"due_at": "", "slot": "", "kept_out": ""},
        # What whoever holds it does meanwhile does not count.
        "$inc": {"claim": 1},
    }


def failed(failure: Failure, now: datetime, file: File) -> Document:
    """The update that ends a job which could not be done."""
    update = ended("failed", now, file)
    update["$set"]["failure"] = asdict(failure)
    return update


def from_document(document: Document) -> Job:
    failure = document.get("failure")
    permissions = document["permissions"]
    return Job(
        id=document["_id"],
        tenant_id=document["tenant_id"],
        kind=document["kind"],
        state=document["state"],
        created_by=document["created_by"],
        created_at=document["created_at"],
        permissions=None if permissions is None else tuple(permissions),
        started_at=document.get("started_at"),
        ended_at=document.get("ended_at"),
        total=document["total"],
        done=document.get("done", 0),
        failed=document.get("failed", 0),
        counts=document.get("counts", {}),
        position=document.get("position", {}),
        request=document["request"],
        failure=None if failure is None else Failure(**known(Failure, failure)),
        is_cancelling=document.get("is_cancelling", False),
        file=document["file"],
        file_erased_at=document.get("file_erased_at"),
        steps=document.get("steps", 0),
        results=document.get("results", 0),
        claim=document["claim"],
        correlation_id=document["correlation_id"],
        address=document.get("address"),
    )
