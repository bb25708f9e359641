"""MongoDB: what one tenant has in people, and all indexes."""

from __future__ import annotations

from typing import Final

from staffroll import directory
from staffroll.mongo import Outbox, TenantDatabase
from staffroll.mongo.records import FollowingStore
from staffroll_people.domain.profiles import Profile
from staffroll_people.store import photos
from staffroll_people.store.persons import FORM
from staffroll_people.store.photos import Photos

OUTBOXES: Final = (FORM.collection,)
FORMS: Final = (FORM.forms,)
INDEXES: Final = (*FORM.indexes, *photos.INDEXES, *directory.INDEXES)


class Store(FollowingStore[Profile]):
    """The persons of one tenant, their photos, and the directory."""

    def __init__(self, database: TenantDatabase, outbox: Outbox) -> None:
        super().__init__(database, outbox, FORM)
        self.photos = Photos(database)
