"""Scheduling as a process."""

from __future__ import annotations

from collections.abc import Sequence

from staffroll.following.wiring import following_chores
from staffroll.runtime import Runtime
from staffroll.service import Chore, Service
from staffroll_scheduling.app import create_app
from staffroll_scheduling.settings import SchedulingSettings
from staffroll_scheduling.store import INDEXES, OUTBOXES
from staffroll_scheduling.sync import following, make_handler


def _chores(runtime: Runtime) -> Sequence[Chore]:
    return following_chores(following(runtime))


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
