"""Taking out of documents what is done with: news that the broker has, and with it, in the
same write, what the audit trail has by then.

News is therefore left in its document for a moment: the writer of the trail comes by once a
second, and leaves to the outbox what stands beside news (`staffroll.mongo.audit`). Whatever
either of them misses, the other takes out alone.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import structlog
from pymongo import UpdateOne, WriteConcern
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from staffroll.faults import log_fault
from staffroll.mongo.audit_trail import COLLECTION as TRAIL
from staffroll.mongo.audit_trail import is_deletion
from staffroll.mongo.client import Document

LINGER_SECONDS: Final = 1.2
"""How long confirmed news stays; less than what makes another process send it again."""

CROWDED: Final = 20
"""So much confirmed news in one document is not left there: a document holds 100 at most
(`staffroll.mongo.outbox`), and who changes one very often must not be refused for that."""

_LOOK_EVERY_SECONDS: Final = 0.5
_AT_ONCE: Final = 1_000

_log = structlog.get_logger()

_Key = tuple[str, Any]
"""A document, by its tenant and ``_id``."""


@dataclass(frozen=True, slots=True)
class Place:
    """The document in whose outbox a message waits."""

    collection: str
    tenant_id: str
    document_id: Any


@dataclass(frozen=True, slots=True)
class _Confirmed:
    id: str
    place: Place
    since: float


class Emptying:
    """Takes confirmed news out of its documents, on a thread of its own.

    Args:
        done: Told the ids that were dealt with, whether that succeeded or not.
    """

    def __init__(self, database: Database[Document], done: Callable[[Sequence[str]], None]) -> None:
        self._database = database
        self._done = done
        self._waiting: deque[_Confirmed] = deque()
        self._in_place: Counter[Place] = Counter()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox-emptying", daemon=True)
        self._thread.start()

    def confirmed(self, sent: Iterable[tuple[str, Place]]) -> None:
        """The broker has these messages, by id and place."""
        now = time.monotonic()
        with self._lock:
            for id_, place in sent:
                self._waiting.append(_Confirmed(id_, place, now))
                self._in_place[place] += 1
                if self._in_place[place] >= CROWDED:
                    self._hurry.set()
            self._wake.set()

    def close(self, timeout_seconds: float) -> None:
        """Take out at once all that was confirmed, and end the thread."""
        self._is_ending.set()
        self._hurry.set()
        self._wake.set()
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while not self._is_ending.is_set():
            self._wake.wait()
            is_crowded = self._hurry.wait(_LOOK_EVERY_SECONDS)
            self._empty(self._ripe(0.0 if is_crowded else LINGER_SECONDS))
        self._empty(self._ripe(0.0))

    def _ripe(self, linger_seconds: float) -> list[_Confirmed]:
        until = time.monotonic() - linger_seconds
        ripe = []
        with self._lock:
            while self._waiting and self._waiting[0].since <= until:
                ripe.append(self._waiting.popleft())
            self._in_place -= Counter(one.place for one in ripe)
            if not self._is_ending.is_set():
                self._hurry.clear()
                if not self._waiting:
                    self._wake.clear()
        return ripe

    def _empty(self, ripe: Iterable[_Confirmed]) -> None:
        by_collection: dict[str, list[_Confirmed]] = defaultdict(list)
        for one in ripe:
            by_collection[one.place.collection].append(one)
        for name, all_of_it in by_collection.items():
            for some in _in_parts(all_of_it):
                self._take_out(name, some)

    def _take_out(self, name: str, confirmed: Sequence[_Confirmed]) -> None:
        news: dict[_Key, list[str]] = defaultdict(list)
        for one in confirmed:
            news[one.place.tenant_id, one.place.document_id].append(one.id)
        # Not journaled: a pull lost in a crash only sends again what consumers ignore, and
        # offers again what the trail has, by id.
        quick = self._database[name].with_options(write_concern=WriteConcern(w=1, j=False))
        try:
            written = self._in_trail(name, news.keys())
            quick.bulk_write(_pulls(news, written), ordered=False)
        except PyMongoError as error:
            _log.warning("outbox_not_emptied", collection=name, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - without this thread documents fill up
            log_fault("outbox_not_emptied", error, collection=name)
        finally:
            self._done([one.id for one in confirmed])

    def _in_trail(self, name: str, keys: Iterable[_Key]) -> dict[_Key, list[str]]:
        """The entries in these documents that stand in the trail.

        Read with majority, so that a failover takes none of them back. Those of a document
        that tells of a deletion are left to the writer, who has more to do for it.
        """
        tenants, ids = map(list, zip(*keys, strict=True))
        documents = self._database[name].find(
            {"_id": {"$in": ids}, "tenant_id": {"$in": tenants}, "audit.0": {"$exists": True}},
            {"tenant_id": 1, "audit.id": 1, "audit.action": 1},
        )
        found = {
            (one["tenant_id"], one["_id"]): [entry["id"] for entry in one["audit"]]
            for one in documents
            if not any(is_deletion(entry) for entry in one["audit"])
        }
        if not found:
            return {}
        trail = self._database[TRAIL].with_options(read_concern=ReadConcern("majority"))
        entries = [id_ for some in found.values() for id_ in some]
        lines = trail.find({"_id": {"$in": entries}, "tenant_id": {"$in": tenants}}, {"_id": 1})
        written = {line["_id"] for line in lines}
        return {key: [id_ for id_ in some if id_ in written] for key, some in found.items()}


def _pulls(news: Mapping[_Key, list[str]], written: Mapping[_Key, list[str]]) -> list[UpdateOne]:
    pulls = []
    for (tenant_id, document_id), ids in news.items():
        pulled: Document = {"outbox": {"id": {"$in": ids}}}
        if entries := written.get((tenant_id, document_id)):
            pulled["audit"] = {"id": {"$in": entries}}
        pulls.append(
            UpdateOne(
                {"tenant_id": tenant_id, "_id": document_id},
                {"$pull": pulled, "$unset": {"outbox_lease_until": ""}},
            )
        )
    return pulls


def _in_parts(confirmed: Iterable[_Confirmed]) -> Iterator[list[_Confirmed]]:
    rest = iter(confirmed)
    while part := list(islice(rest, _AT_ONCE)):
        yield part
