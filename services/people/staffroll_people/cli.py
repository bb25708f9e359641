"""People as a process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from staffroll.following.chores import following_chores
from staffroll.following.restoring import restore
from staffroll.mongo.erasing import Due
from staffroll.restoring import Siblings
from staffroll.runtime import Runtime
from staffroll.service import Chore, Service
from staffroll_people.settings import PeopleSettings
from staffroll_people.store import FORMS, INDEXES, OUTBOXES, photos
from staffroll_people.sync import following, make_handler


def _chores(runtime: Runtime) -> Sequence[Chore]:
    def photo_erased(due: Due) -> bool:
        photos.erase_photo(runtime.tenant(due.tenant_id), due.user_id)
        return True

    return following_chores(following(runtime), audited=[photos.COLLECTION], erasing=[photo_erased])


def _restore(runtime: Runtime, siblings: Siblings) -> Iterator[str]:
    return restore(following(runtime), siblings)


service = Service(
    name="people",
    title="People: profiles",
    mount="/people",
    port=8103,
    settings=PeopleSettings,
    indexes=INDEXES,
    outboxes=OUTBOXES,
    app="staffroll_people.app:create_app",
    make_handler=make_handler,
    make_chores=_chores,
    restore=_restore,
    forms=FORMS,
)
