"""Who counts the holders of roles, one at a time in each tenant.

::

    role_turns      { _id: tenant_id, tenant_id, taken_by, until }      while somebody has the turn

What a plugin makes of a count holds only while nobody else gives a role between the count and
the write that follows from it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from typing import Final, Self

from pymongo.errors import DuplicateKeyError

from staffroll import clock
from staffroll.errors import Unavailable
from staffroll.ids import new_id
from staffroll.mongo import AWAY, TenantDatabase

COLLECTION: Final = "role_turns"

LEASE: Final = timedelta(seconds=30)
"""After which others take the turn of who was killed; renewed with each count."""

_PATIENCE_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.02


class RoleTurn:
    """The turn of one request: taken when something is counted, given back at the end.

    Used as a context around the count and the write; again, once it is over.
    """

    def __init__(self, database: TenantDatabase) -> None:
        self._turns = database[COLLECTION]
        self._own = {"_id": database.tenant_id, "taken_by": new_id()}
        self._is_taken = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_taken:
            self._is_taken = False
            with suppress(*AWAY):  # what was written is kept; the lease ends by itself
                self._turns.delete_one(self._own)

    def take(self) -> None:
        """Have the turn from now on; wait for whoever has it.

        Raises:
            Unavailable: They do not come to an end.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._has_taken():
            if time.monotonic() > deadline:
                raise Unavailable
            time.sleep(_PAUSE_SECONDS)
        self._is_taken = True

    def _has_taken(self) -> bool:
        now = clock.now()
        free = {"$or": [{"taken_by": self._own["taken_by"]}, {"until": {"$lt": now}}]}
        taken = {"$set": {"taken_by": self._own["taken_by"], "until": now + LEASE}}
        try:
            self._turns.update_one({"_id": self._own["_id"], **free}, taken, upsert=True)
        except DuplicateKeyError:
            return False
        return True
