"""One client per process and role, with the promises every write of ours makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    ServerSelectionTimeoutError,
    WriteConcernError,
)

Document = dict[str, Any]
Filter = Mapping[str, Any]

AWAY: Final = (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    ServerSelectionTimeoutError,
    WriteConcernError,
)
"""What pymongo raises when the database is away: try again later, nothing is wrong with us."""


_LONGEST_ANSWER_MS: Final = 20_000


def connect(uri: str, *, name: str, is_patient: bool = False) -> MongoClient[Document]:
    """A client whose writes are acknowledged by a majority, from the journal.

    Args:
        name: Shown in the server's list of connections, such as ``accounts-serve``.
        is_patient: Wait for an answer as long as it takes, as for an index of many documents.
    """
    return MongoClient(
        uri,
        appname=name,
        w="majority",
        journal=True,
        tz_aware=True,
        serverSelectionTimeoutMS=2_000,
        connectTimeoutMS=2_000,
        socketTimeoutMS=None if is_patient else _LONGEST_ANSWER_MS,
        connect=False,
    )


def is_up(client: MongoClient[Document]) -> bool:
    """Whether a primary answers."""
    try:
        client.admin.command("ping")
    except AWAY:
        return False
    return True
