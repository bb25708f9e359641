"""Photos in MongoDB: one document for each person who ever had one.

::

    { _id: person, tenant_id, version, media_type, data, audit }     there is a photo
    { _id: person, tenant_id, version, audit }                       it was deleted
    { _id: person, tenant_id, erased: true, ... }                    so was the person

The tombstone of an erased person refuses whatever photo still comes, so that an upload and
a deletion at the same moment leave none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pymongo.errors import DuplicateKeyError

from staffroll.audit import AuditEntry
from staffroll.errors import NotFound, Stale
from staffroll.mongo import Document, Index, TenantDatabase
from staffroll.mongo.audit_trail import audit_indexes, waiting
from staffroll_people.domain.photos import MEDIA_TYPE

COLLECTION: Final = "photos"

INDEXES: Final = (*audit_indexes([COLLECTION]), Index(COLLECTION, ["_id"], "by_id"))

_THERE: Final = {"data": {"$exists": True}}


@dataclass(frozen=True, slots=True)
class Kept:
    """A photo as it is kept.

    Attributes:
        version: What the ETag shows; never the same for two photos of a person.
    """

    version: int
    media_type: str
    data: bytes


class Photos:
    """The photos of one tenant."""

    def __init__(self, database: TenantDatabase) -> None:
        self._photos = database[COLLECTION]

    def get(self, person_id: str) -> Kept:
        """Raises `NotFound`."""
        document = self._photos.find_one({"_id": person_id, **_THERE})
        if document is None:
            raise NotFound
        return Kept(document["version"], document["media_type"], bytes(document["data"]))

    def version(self, person_id: str) -> int | None:
        """The photo's version; None where there is none."""
        found = self._photos.find_one({"_id": person_id, **_THERE}, {"version": 1})
        return None if found is None else int(found["version"])

    def put(self, person_id: str, data: bytes, entry: AuditEntry, *, expected: int | None) -> int:
        """Keep a photo instead of the one before; its version.

        Args:
            expected: The version that is replaced; None for any, or none.
        Raises:
            NotFound: The person was erased.
            Stale: There is another photo by now.
        """
        update = {
            "$set": {"media_type": MEDIA_TYPE, "data": data},
            "$inc": {"version": 1},
            "$push": {"audit": {"$each": waiting([entry])}},
        }
        where: Document = {"_id": person_id, "erased": {"$ne": True}}
        if expected is not None:
            where |= {"version": expected, **_THERE}
        try:
            kept = self._photos.find_one_and_update(
                where, update, projection={"version": 1}, upsert=expected is None
            )
        except DuplicateKeyError:
            # The person was erased, or somebody else kept their first photo at this moment.
            kept = self._photos.find_one_and_update(
                where, update, projection={"version": 1}, upsert=False
            )
            if kept is None:
                raise NotFound from None
        if kept is None:
            raise Stale
        version: int = kept["version"]
        return version

    def delete(self, person_id: str, entry: AuditEntry, *, expected: int | None) -> None:
        """Forget a photo.

        Raises:
            NotFound: There is none.
            Stale: It is another one than expected.
        """
        where: Document = {"_id": person_id, **_THERE}
        if expected is not None:
            where["version"] = expected
        update = {
            "$unset": {"data": "", "media_type": ""},
            "$inc": {"version": 1},
            "$push": {"audit": {"$each": waiting([entry])}},
        }
        if self._photos.update_one(where, update).matched_count == 0:
            self.get(person_id)
            raise Stale


def erase_photo(database: TenantDatabase, person_id: str) -> None:
    """Whatever photo the person had is gone, and none comes after it; can be repeated (R62).

    Must be done before the receipt for the person's erasure is written.
    """
    database[COLLECTION].update_one(
        {"_id": person_id},
        {"$set": {"erased": True}, "$unset": {"data": "", "media_type": ""}},
        upsert=True,
    )
