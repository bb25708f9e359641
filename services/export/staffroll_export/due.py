"""What is due in export, over all tenants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from staffroll import clock
from staffroll.directory import Directory
from staffroll.erasing import Erasing, audit_settled, job_files_erased
from staffroll.jobs import Job, JobRunner, acting
from staffroll.jobs.runner import Step
from staffroll.mongo.erasing import Due
from staffroll.runtime import Runtime
from staffroll.scope import Actor, Scope
from staffroll.service import Chore
from staffroll_export.actions import following
from staffroll_export.actions.making import EXPORT, READ, FileMaking
from staffroll_export.domain.rows import SOURCE
from staffroll_export.here import store_of
from staffroll_export.store import AUDITED, COLLECTION

_TURN: Final = timedelta(hours=1)
"""A writer keeps its moment and its place among the rows only as long as its turn."""

_AT_ONCE: Final = 2
"""Files that one process makes at a time."""


def erase_users(runtime: Runtime) -> Erasing:
    """Erases what export has of deleted users besides their rows, and gives the receipt (R62)."""

    def give_receipt(due: Due) -> None:
        store = store_of(runtime, due.tenant_id)
        scope = Scope(due.tenant_id, Actor.system(SOURCE), store, clock.now())
        following.give_receipt(due.user_id, scope)

    def searches_forgotten(due: Due) -> bool:
        return store_of(runtime, due.tenant_id).forget_searches(due.since)

    steps = [job_files_erased(runtime), searches_forgotten, audit_settled(runtime, AUDITED)]
    status = Directory(runtime.platform).tenant_status
    return Erasing(runtime, COLLECTION, {"status": "deleted"}, steps, give_receipt, status)


class Making:
    """Makes the files of export jobs one after the other, in one thread (R91)."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._runner = JobRunner(runtime.platform, EXPORT, self._begin, turn=_TURN)
        self._file: FileMaking | None = None

    def run(self) -> None:
        """Make what is due."""
        try:
            self._runner.run()
        finally:
            self._let_go()

    def stop(self) -> None:
        """Leave what is being made to others."""
        if self._file is not None:
            self._file.stop()

    def _begin(self, job: Job) -> Step:
        self._let_go()
        store = store_of(self._runtime, job.tenant_id)
        actor = acting(job, store.standing(job.created_by), READ)
        scope = Scope(job.tenant_id, actor, store, clock.now(), job.correlation_id)
        self._file = FileMaking(job, scope)
        return self._file.step

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


def making_chores(runtime: Runtime) -> Sequence[Chore]:
    """What makes the files of export jobs in a consumer process."""
    makers = [Making(runtime) for _ in range(_AT_ONCE)]
    return [
        Chore(f"making exports {number}", 1.0, maker.run, maker.stop)
        for number, maker in enumerate(makers, 1)
    ]
