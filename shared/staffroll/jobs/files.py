"""The files of jobs, in numbered pieces: what was uploaded, or what will be downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from pymongo.errors import DuplicateKeyError

from staffroll import clock
from staffroll.errors import NotFound
from staffroll.jobs.job import PIECES_KEPT_FOR, JobLost
from staffroll.mongo import Document, Index, TenantDatabase

FILES: Final = "job_files"
OWNERS: Final = "owners_by_age"

FILE_INDEXES: Final = (
    Index(FILES, ["job_id", "n"], "pieces"),
    # Holds all that is asked of old pieces, so that none of them is read for it.
    Index(FILES, ["at", "job_id"], OWNERS),
    Index(FILES, ["expires_at"], "expired", every_tenant=True, expire_seconds=0),
)


class FileGone(NotFound):
    code = "file_gone"
    wording = "The file is not there any more."


class JobFiles:
    """The files of one tenant's jobs."""

    def __init__(self, database: TenantDatabase) -> None:
        self._pieces = database[FILES]

    def write(
        self,
        job_id: str,
        n: int,
        data: bytes,
        *,
        claim: int = 0,
        kept_for: timedelta = PIECES_KEPT_FOR,
    ) -> None:
        """Keep piece `n`, counted from 0; repeating it is harmless.

        Args:
            claim: `Job.claim` of who writes; 0 while there is no job yet.
        Raises:
            JobLost: Who took up the job later has written this piece already.
        """
        now = clock.now()
        piece: Document = {
            "job_id": job_id,
            "n": n,
            "claim": claim,
            "at": now,
            "expires_at": now + kept_for,
            "size_bytes": len(data),
            "data": data,
        }
        where = {"_id": f"{job_id}:{n}", "claim": {"$lte": claim}}
        try:
            self._pieces.update_one(where, {"$set": piece}, upsert=True)
        except DuplicateKeyError as error:
            raise JobLost from error

    def read(self, job_id: str, first: int = 0, count: int | None = None) -> Iterator[bytes]:
        """Pieces from number `first` on, at most `count` of them.

        Raises:
            FileGone: A piece is missing before the end, or there is none at all.
        """
        expected = first
        where: Document = {"job_id": job_id, "n": {"$gte": first}}
        found = self._pieces.find(
            where, {"n": 1, "data": 1}, sort=[("n", 1)], limit=count or 0, batch_size=4
        )
        for piece in found:
            if piece["n"] != expected:
                raise FileGone
            expected += 1
            yield piece["data"]
        if expected == 0:
            raise FileGone

    def size_bytes(self, job_id: str) -> int:
        """Of all pieces together."""
        found = self._pieces.find({"job_id": job_id}, {"size_bytes": 1})
        return sum(piece["size_bytes"] for piece in found)

    def erase(self, job_id: str) -> None:
        """Whatever there is; repeating it is harmless."""
        self._pieces.delete_many({"job_id": job_id})

    def erase_before(self, job_id: str, n: int) -> None:
        """The pieces before number `n`, which nobody reads any more."""
        self._pieces.delete_many({"job_id": job_id, "n": {"$lt": n}})

    def erase_claimed(self, job_id: str, before: int) -> None:
        """What whoever took up the job earlier than claim `before` has written."""
        self._pieces.delete_many({"job_id": job_id, "claim": {"$lt": before}})
