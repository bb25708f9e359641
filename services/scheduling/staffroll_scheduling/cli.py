"""Scheduling as a process."""

from __future__ import annotations

from collections.abc import Sequence

from staffroll.erasing import job_files_erased
from staffroll.following.wiring import following_chores
from staffroll.runtime import Runtime
from staffroll.service import Chore, Service
from staffroll_scheduling.actions.dropping import (
    apply_unapplied,
    clear_shifts_of,
    finish_drops,
)
from staffroll_scheduling.app import create_app
from staffroll_scheduling.due import Closing, forget_billed, mass_update_runner, turn_due
from staffroll_scheduling.settings import SchedulingSettings
from staffroll_scheduling.store import INDEXES, OUTBOXES
from staffroll_scheduling.store.catalogues import CATALOGUE
from staffroll_scheduling.sync import following, make_handler


def _chores(runtime: Runtime) -> Sequence[Chore]:
    here = following(runtime)
    return [
        *following_chores(
            here,
            audited=[CATALOGUE],
            erasing=[
                lambda due: clear_shifts_of(due, here),
                lambda due: forget_billed(due, here),
                job_files_erased(runtime),
            ],
        ),
        Chore("updating many employees", 1.0, mass_update_runner(here).run),
        Chore("turning dates into facts", 1.0, lambda: turn_due(here)),
        Chore("closing billed months", 60.0, Closing(here).run),
        Chore("applying decided shifts", 1.0, lambda: apply_unapplied(here)),
        Chore("removing shifts after leave dates", 1.0, lambda: finish_drops(here)),
    ]


service = Service(
    name="scheduling",
    title="Scheduling: employees",
    mount="/wfm",
    port=8102,
    settings=SchedulingSettings,
    indexes=INDEXES,
    outboxes=OUTBOXES,
    make_app=create_app,
    make_handler=make_handler,
    make_chores=_chores,
)
