"""Keeping the newest version of something that is told: idempotent, whatever comes when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pymongo.errors import DuplicateKeyError
from pymongo.results import UpdateResult

MongoUpdate = Callable[..., UpdateResult]


def keep_newer(update_one: MongoUpdate, older: Any, update: Any) -> bool:
    """Update the older document or insert one; False where what is there is as new.

    Args:
        update_one: Of the collection.
        older: Filter on ``_id`` and on a version below the one that is told.
    """
    try:
        update_one(older, update, upsert=True)
    except DuplicateKeyError:
        # There is one. It is as new, or was inserted, older, between the server's look and
        # its insert: now that it exists, the update alone decides.
        return update_one(older, update).matched_count == 1
    return True
