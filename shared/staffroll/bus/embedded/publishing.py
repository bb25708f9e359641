"""Writing messages into all queues they are meant for, in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import structlog
from bson.errors import BSONError
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, PyMongoError

from staffroll.bus.contract import Message
from staffroll.bus.embedded.registry import Registry
from staffroll.bus.embedded.routing import targets
from staffroll.bus.embedded.storage import insert, waiting_document

Document = dict[str, Any]

BATCH_MESSAGES: Final = 500
BATCH_CHARACTERS: Final = 4_000_000

log = structlog.get_logger()


def batches(messages: Iterable[Message]) -> Iterator[list[Message]]:
    """Cut into pieces that one command takes easily."""
    batch: list[Message] = []
    characters = 0
    for message in messages:
        if batch and (
            len(batch) == BATCH_MESSAGES or characters + len(message.body) > BATCH_CHARACTERS
        ):
            yield batch
            batch, characters = [], 0
        batch.append(message)
        characters += len(message.body)
    if batch:
        yield batch


class Publishing:
    """Publishes and waits until it is durable, in the caller's thread."""

    def __init__(self, database: Database[Document], registry: Registry) -> None:
        self._database = database
        self._registry = registry

    def publish(self, messages: Sequence[Message]) -> list[Message]:
        """The messages that are now in every queue they are meant for.

        Left out: requests and direct messages that no queue takes, and what the database
        refuses to store (too large, not UTF-8).

        Raises:
            PyMongoError: The database is away; some may have arrived.
        """
        try:
            return self._write(messages)
        except ConnectionFailure:
            raise
        except (PyMongoError, BSONError) as error:
            if len(messages) == 1:
                log.warning("bus.refused", type=messages[0].type, error=type(error).__name__)
                return []
        # One bad message must not hold up the others of its batch.
        return [done for message in messages for done in self.publish([message])]

    def _write(self, messages: Sequence[Message]) -> list[Message]:
        bindings = self._registry.bindings()
        by_queue: dict[str, dict[str, Document]] = {}
        routed = []
        for message in messages:
            queues = targets(message, bindings)
            if queues is None:
                log.warning("bus.no_queue_takes", key=message.key, type=message.type)
                continue
            routed.append(message)
            for queue in queues:
                by_queue.setdefault(queue, {})[message.id] = waiting_document(message)
        insert(self._database, {queue: list(found.values()) for queue, found in by_queue.items()})
        return routed
