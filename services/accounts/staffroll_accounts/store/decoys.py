"""Writes that count for nothing: so that a refusal costs the same whether an account is there or
not.

A wrong password is counted in the user's document; where there is none, or none to count in,
the same must be written all the same, or time would tell (R22): to the document of somebody
who is not there, which is as large as a user's and as dear to change.
"""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from pymongo.errors import DuplicateKeyError

from staffroll.ids import new_id
from staffroll.mongo import Document, Index, TenantDatabase
from staffroll.mongo.forms import SCHEMA
from staffroll_accounts.domain.users import SOURCE, Decision, User
from staffroll_accounts.store import users

COLLECTION: Final = "decoys"

NOBODY: Final = User(
    id=new_id(),
    version=1,
    status="active",
    first_name="Someone",
    last_name="Somewhere",
    email="someone.somewhere@example.com",
    language="en",
    time_zone="Europe/Berlin",
    created_at=datetime(1970, 1, 1, tzinfo=UTC),
    created_in=SOURCE,
    roles=(new_id(),),
)
"""Whose failures are counted where nobody's can be."""

_KEPT_SECONDS: Final = 60
_ABREAST: Final = 64
"""So many documents of a tenant, so that those who are refused at once do not queue for one."""

_CHANGING: Final = frozenset({"_id", "security", "revision", SCHEMA})
_AS_LARGE_AS_A_USER: Final = {
    name: value for name, value in users.to_document(NOBODY).items() if name not in _CHANGING
}

INDEXES: Final = (
    Index(COLLECTION, ["at"], "expired", every_tenant=True, expire_seconds=_KEPT_SECONDS),
)


class Decoys:
    """The writes of one tenant, or of what somebody took for one."""

    def __init__(self, database: TenantDatabase) -> None:
        self._decoys = database[COLLECTION]

    def write(self, decision: Decision, now: datetime) -> None:
        """As dear as keeping the decision, and forgotten within minutes.

        Args:
            decision: On `NOBODY`.
        """
        update: Document = users.update_of(decision, NOBODY, (), ())
        update["$set"]["at"] = now
        update["$push"]["audit"]["$slice"] = -1
        update["$setOnInsert"] = _AS_LARGE_AS_A_USER
        one_of_many = f"{self._decoys.tenant_id}/{random.randrange(_ABREAST)}"  # noqa: S311
        # Two who are the first at one moment: it counts for nothing anyway.
        with suppress(DuplicateKeyError):
            self._decoys.update_one({"_id": one_of_many}, update, upsert=True)
