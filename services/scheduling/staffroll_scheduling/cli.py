"""Scheduling as a process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from staffroll.erasing import job_files_erased
from staffroll.following.chores import following_chores
from staffroll.following.restoring import restore
from staffroll.jobs import JOBS
from staffroll.restoring import Siblings
from staffroll.runtime import Runtime
from staffroll.service import Chore, Service
from staffroll_scheduling.actions.dropping import (
    apply_unapplied,
    clear_shifts_of,
    finish_drops,
)
from staffroll_scheduling.actions.restoring import mended
from staffroll_scheduling.due import Closing, Ticking, forget_billed, mass_update_runner
from staffroll_scheduling.settings import SchedulingSettings
from staffroll_scheduling.store import FORM, INDEXES, OUTBOXES
from staffroll_scheduling.store.catalogues import CATALOGUE
from staffroll_scheduling.sync import following, make_handler


def _chores(runtime: Runtime) -> Sequence[Chore]:
    here = following(runtime)
    return [
        *following_chores(
            here,
            audited=[CATALOGUE, JOBS],
            erasing=[
                lambda due: clear_shifts_of(due, here),
                lambda due: forget_billed(due, here),
                job_files_erased(runtime),
            ],
        ),
        Chore("updating many employees", 1.0, mass_update_runner(here).run),
        Chore("turning dates into facts", 1.0, Ticking(here).run),
        Chore("closing billed months", 60.0, Closing(here).run),
        Chore("applying decided shifts", 1.0, apply_unapplied(here).run),
        Chore("removing shifts after leave dates", 1.0, finish_drops(here).run),
    ]


def _restore(runtime: Runtime, siblings: Siblings) -> Iterator[str]:
    return restore(following(runtime), siblings, mended)


service = Service(
    name="scheduling",
    title="Scheduling: employees",
    mount="/wfm",
    port=8102,
    settings=SchedulingSettings,
    indexes=INDEXES,
    outboxes=OUTBOXES,
    app="staffroll_scheduling.app:create_app",
    make_handler=make_handler,
    make_chores=_chores,
    restore=_restore,
    forms=(FORM.forms,),
)
