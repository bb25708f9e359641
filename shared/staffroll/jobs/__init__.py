"""Work that takes longer than a request: kept, taken up by any process, done step by step.

::

    POST ──insert──▶ job { state: queued }               GET: state, progress, results
                        │ claim: lease, slot of the tenant
                        ▼
    JobRunner ──▶ step(job) ──▶ results, then job { position, done, lease }  again and again
                        │
                        ▼ done, failed, cancelled ──▶ the file is erased; the job expires

A step that was cut off (kill -9, a lease that ran out) is repeated from the same position,
so that steps are idempotent; nothing else is ever repeated. Each claim has a number, and
what an outlived claim still writes is refused by it.
"""

from staffroll.jobs.erasing import erase_files
from staffroll.jobs.files import FileGone, JobFiles
from staffroll.jobs.job import Failure, Job, JobLost, NewJob, Progress, Result, StarterGone, acting
from staffroll.jobs.runner import JobRunner
from staffroll.jobs.store import JOB_INDEXES, JOBS, Jobs, ResultPage

__all__ = [
    "JOBS",
    "JOB_INDEXES",
    "Failure",
    "FileGone",
    "Job",
    "JobFiles",
    "JobLost",
    "JobRunner",
    "Jobs",
    "NewJob",
    "Progress",
    "Result",
    "ResultPage",
    "StarterGone",
    "acting",
    "erase_files",
]
