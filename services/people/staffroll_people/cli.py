"""People as a process."""

from __future__ import annotations

from collections.abc import Sequence

from staffroll.following.wiring import following_chores
from staffroll.runtime import Runtime
from staffroll.service import Chore, Service
from staffroll_people.app import create_app
from staffroll_people.settings import PeopleSettings
from staffroll_people.store import INDEXES, OUTBOXES
from staffroll_people.sync import following, make_handler


def _chores(runtime: Runtime) -> Sequence[Chore]:
    return following_chores(following(runtime))


service = Service(
    name="people",
    title="People: profiles",
    mount="/people",
    port=8103,
    settings=PeopleSettings,
    indexes=INDEXES,
    outboxes=OUTBOXES,
    make_app=create_app,
    make_handler=make_handler,
    make_chores=_chores,
)
