"""Writes that keep nothing: so that a refusal costs the same whether an account is there or not.

A wrong password is counted in the user's document; where there is none, or none to count in,
something must be written all the same, or time would tell (R22).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from staffroll.ids import new_id
from staffroll.mongo import Index, TenantDatabase

COLLECTION: Final = "decoys"

_KEPT_SECONDS: Final = 60

INDEXES: Final = (
    Index(COLLECTION, ["at"], "expired", every_tenant=True, expire_seconds=_KEPT_SECONDS),
)


class Decoys:
    """The writes of one tenant, or of what somebody took for one."""

    def __init__(self, database: TenantDatabase) -> None:
        self._decoys = database[COLLECTION]

    def write(self, now: datetime) -> None:
        """As dear as counting a failure, and forgotten within minutes."""
        self._decoys.insert_one({"_id": new_id(), "at": now})
