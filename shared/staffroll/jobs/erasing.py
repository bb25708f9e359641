"""Erasing the files of jobs when a user is deleted, who may be named in any of them (R62)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from staffroll.jobs.files import FILES, OWNERS, JobFiles
from staffroll.jobs.job import Failure
from staffroll.jobs.store import JOBS, OPEN, erase_marked_files, failed
from staffroll.mongo import Document, TenantDatabase

LONGEST_WAIT: Final = timedelta(hours=24)
"""How long after a deletion a job may still read what was uploaded before it."""

UPLOADED_WITHIN: Final = timedelta(minutes=1)
"""Pieces of a file that have no job after this were left by an upload that was cut off."""

FILE_ERASED: Final = Failure(
    "file_erased",
    "The file was removed, because a person who may be in it was deleted. Start it again.",
)

_ANEW_FOR: Final = "begun_anew_for"


def erase_files(database: TenantDatabase, user_id: str, since: datetime, now: datetime) -> bool:
    """A user was deleted: all files of jobs go that may name them, and where they came from.

    No file says whom it names, so that all go that are older than this. What is being written
    is begun anew, once for each deletion; what is being read goes with the end of its job,
    which fails with ``file_erased`` where that takes too long. Can be repeated. Source: R62.

    Args:
        since: The user is gone from what files are made of by then.
    Returns:
        Whether nothing is left.
    """
    jobs = database[JOBS]
    jobs.update_many({"created_by": user_id}, {"$unset": {"address": ""}})
    older: Document = {"created_at": {"$lte": since}, "file_erased_at": {"$exists": False}}
    if now - since > LONGEST_WAIT:
        late = {**older, "file": {"$ne": "none"}, "state": OPEN}
        jobs.update_many(late, failed(FILE_ERASED, now, "input"))
    _begin_anew(database, user_id, now)
    # After that: a file that was finished just before is among these.
    over = {"file": {"$ne": "none"}, "state": {"$nin": OPEN["$in"]}, _ANEW_FOR: {"$ne": user_id}}
    jobs.update_many({**older, **over}, {"$set": {"erase_file": True}})
    erase_marked_files(database)
    unfinished = [{"erase_file": True}, {"file": "input", "state": OPEN}]
    left = jobs.find_one({"created_at": {"$lte": since}, "$or": unfinished}, {"_id": 1})
    return left is None and _have_jobs(database, since, now)


def _begin_anew(database: TenantDatabase, user_id: str, now: datetime) -> None:
    """Whoever writes one of the files now loses it, and the next one begins at its beginning."""
    jobs, files = database[JOBS], JobFiles(database)
    open_ones = {"file": "output", "state": OPEN, _ANEW_FOR: {"$ne": user_id}}
    for job in list(jobs.find(open_ones, {"_id": 1})):
        begun = jobs.find_one_and_update(
            {"_id": job["_id"], **open_ones},
            {
                "$set": {"position": {}, "due_at": now, "tries": 0},
                "$inc": {"claim": 1},
                "$addToSet": {_ANEW_FOR: user_id},
            },
            projection={"claim": 1},
        )
        if begun is not None:
            files.erase_claimed(job["_id"], begun["claim"])


def _have_jobs(database: TenantDatabase, since: datetime, now: datetime) -> bool:
    """Whether all files that are so old belong to jobs; those of uploads that were cut off are
    erased, once it is clear that they were."""
    old, shown = {"at": {"$lte": since}}, {"_id": 0, "job_id": 1}
    found = database[FILES].find(old, shown, hint=OWNERS)
    owners = {piece["job_id"] for piece in found}
    known = database[JOBS].find({"_id": {"$in": sorted(owners)}}, {"_id": 1})
    forsaken = owners - {job["_id"] for job in known}
    if not forsaken or now - since < UPLOADED_WITHIN:
        return not forsaken
    for job_id in forsaken:
        JobFiles(database).erase(job_id)
    return True
