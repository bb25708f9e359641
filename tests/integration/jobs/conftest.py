"""A database with jobs, and a kind of job that counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from staffroll import clock
from staffroll.ids import new_id
from staffroll.jobs import JOB_INDEXES, Job, JobRunner, Jobs, NewJob, Progress, Result
from staffroll.jobs.runner import LEASE, MakeStep
from staffroll.mongo import Platform, connect, ensure_indexes
from staffroll.scope import Actor, Scope

KIND = "counting"


class Killed(BaseException):
    """The process ends here, without a word."""


class House:
    """Jobs of several tenants, and what their steps did."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.before_effect: Callable[[Job], object] = lambda _: None
        self.after_effect: Callable[[Job], object] = lambda _: None
        self.size = 10

    def jobs(self, tenant_id: str = "acme") -> Jobs:
        return Jobs(self.platform.tenant(tenant_id))

    def new(self, count: int = 30, *, tenant_id: str = "acme", **options: Any) -> Job:
        """A job that counts to `count`."""
        scope = Scope(tenant_id, Actor("somebody"), None, clock.now(), address="192.0.2.7")
        new = NewJob(new_id(), KIND, {"count": count}, **options)
        return self.jobs(tenant_id).insert(new, scope)

    def runner(
        self,
        make_step: MakeStep | None = None,
        *,
        lease: timedelta = LEASE,
        at_once_per_tenant: int = 1,
    ) -> JobRunner:
        make = make_step or (lambda _: self.step)
        return JobRunner(
            self.platform, KIND, make, lease=lease, at_once_per_tenant=at_once_per_tenant
        )

    def step(self, job: Job) -> Progress:
        """Counts a little further; every seventh number is refused."""
        first = job.position.get("next", 1)
        numbers = range(first, min(first + self.size, job.request["count"] + 1))
        self.before_effect(job)
        self.write(job, numbers)
        self.after_effect(job)
        results = [
            Result("refused" if number % 7 == 0 else "counted", {"number": number})
            for number in numbers
        ]
        return Progress(
            {"next": numbers.stop},
            done=len(numbers),
            failed=sum(one.outcome == "refused" for one in results),
            results=results,
            total=job.request["count"],
            is_over=numbers.stop > job.request["count"],
        )

    def write(self, job: Job, numbers: Sequence[int]) -> None:
        counted = self.platform.tenant(job.tenant_id)["counted"]
        for number in numbers:
            counted.update_one(
                {"_id": f"{job.id}:{number}"},
                {"$inc": {"times": 1}, "$set": {"job_id": job.id, "number": number}},
                upsert=True,
            )

    def times(self, job: Job) -> dict[int, int]:
        """How often each number was counted."""
        found = self.platform.tenant(job.tenant_id)["counted"].find({"job_id": job.id})
        return {one["number"]: one["times"] for one in found}

    def now(self, job: Job) -> Job:
        found = self.jobs(job.tenant_id).find(job.id)
        assert found is not None
        return found

    def numbers(self, job: Job, **options: Any) -> list[int]:
        """Those that have a result, in order."""
        page = self.jobs(job.tenant_id).results(job.id, after=0, limit=100_000, **options)
        return [item["number"] for item in page.items]

    def forsake(self, job: Job) -> None:
        """Let the lease of whoever holds the job have run out."""
        long_ago = {"due_at": clock.now() - timedelta(seconds=1)}
        self.platform["jobs"].update_one(
            {"tenant_id": job.tenant_id, "_id": job.id}, {"$set": long_ago}
        )

    def set(self, job: Job, **changes: Any) -> None:
        self.platform["jobs"].update_one(
            {"tenant_id": job.tenant_id, "_id": job.id}, {"$set": changes}
        )


@pytest.fixture
def house(mongodb_uri: str, database_name: str) -> Iterator[House]:
    client = connect(mongodb_uri, name="test")
    with client:
        database = client[f"{database_name}jobs"]
        ensure_indexes(database, JOB_INDEXES)
        yield House(Platform(database))
