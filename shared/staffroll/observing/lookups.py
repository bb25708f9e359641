"""What is looked up when Prometheus asks: how it stands in database and broker.

Every process of a service answers the same, so that it is told also while the others are down:
take the `max` over the processes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from staffroll.bus.contract import Broker, BrokerAway, NoQueue
from staffroll.bus.topology import all_queues
from staffroll.jobs.store import JOBS
from staffroll.mongo import AWAY, Platform
from staffroll.mongo.outbox import Outbox

_KEPT_SECONDS: Final = 5.0
"""So that many who ask, or ask often, cost no more than one."""

_MOST: Final = 100_000

_WAITING: Final = {"outbox.at": {"$exists": True}}
_OPEN_JOBS: Final[list[dict[str, Any]]] = [
    {"$match": {"kind": {"$exists": True}, "due_at": {"$exists": True}}},
    {"$group": {"_id": {"kind": "$kind", "state": "$state"}, "count": {"$sum": 1}}},
    {"$project": {"kind": "$_id.kind", "state": "$_id.state", "count": 1}},
]

FAMILIES: Final = {
    "staffroll_database_up": ("Whether a primary answers.", ("service",)),
    "staffroll_broker_up": ("Whether this process is connected for sending.", ("service",)),
    "staffroll_outbox_oldest_seconds": (
        "Age of the oldest event that waits to be sent.",
        ("service",),
    ),
    "staffroll_outbox_documents": (
        "Documents in which events wait; those sent in the last second among them.",
        ("service",),
    ),
    "staffroll_queue_messages": (
        "Messages in a queue; those in hand of this process among them.",
        ("service", "queue"),
    ),
    "staffroll_queue_consumers": (
        "Consumers of a queue, in all processes; not with the embedded broker.",
        ("service", "queue"),
    ),
    "staffroll_dead_letters": ("Messages that could not be applied.", ("service",)),
    "staffroll_jobs_open": ("Jobs that wait or run.", ("service", "kind", "state")),
}
"""Name, meaning and labels of what is looked up."""


class Looked(Protocol):
    """What of `staffroll.runtime.Runtime` is needed."""

    @property
    def service(self) -> str: ...
    @property
    def platform(self) -> Platform: ...
    @property
    def broker(self) -> Broker: ...
    @property
    def outbox(self) -> Outbox: ...
    def database_answers(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class _Sample:
    family: str
    value: float
    labels: tuple[str, ...] = field(default_factory=tuple)


class Lookups(Collector):
    """What is looked up of one service.

    What cannot be told, as while the broker is away, is left out.

    Args:
        outboxes: The collections whose documents have an outbox.
    """

    def __init__(self, runtime: Looked, outboxes: Sequence[str]) -> None:
        self._runtime = runtime
        self._outboxes = outboxes
        self._lock = threading.Lock()
        self._samples: list[_Sample] = []
        self._looked_at = 0.0

    def collect(self) -> Iterable[Metric]:
        families = {
            name: GaugeMetricFamily(name, meaning, labels=labels)
            for name, (meaning, labels) in FAMILIES.items()
        }
        for sample in self._recent():
            labels = (self._runtime.service, *sample.labels)
            families[sample.family].add_metric(labels, sample.value)
        return families.values()

    def _recent(self) -> list[_Sample]:
        with self._lock:
            if not self._looked_at or time.monotonic() - self._looked_at > _KEPT_SECONDS:
                self._samples = list(self._look())
                self._looked_at = time.monotonic()
            return self._samples

    def _look(self) -> Iterator[_Sample]:
        runtime = self._runtime
        has_database = runtime.database_answers()
        has_broker = runtime.outbox.is_connected
        yield _Sample("staffroll_database_up", has_database)
        yield _Sample("staffroll_broker_up", has_broker)
        yield _Sample("staffroll_outbox_oldest_seconds", runtime.outbox.oldest_seconds)
        if has_database:
            yield from _told(self._in_database, *AWAY)
        if has_broker:
            yield from _told(self._on_broker, BrokerAway, NoQueue, *AWAY)

    def _in_database(self) -> Iterator[_Sample]:
        platform = self._runtime.platform
        waiting = sum(
            platform.database[name].count_documents(_WAITING, limit=_MOST, hint="outbox_waiting")
            for name in self._outboxes
        )
        yield _Sample("staffroll_outbox_documents", waiting)
        for found in platform[JOBS].aggregate(_OPEN_JOBS):
            yield _Sample("staffroll_jobs_open", found["count"], (found["kind"], found["state"]))

    def _on_broker(self) -> Iterator[_Sample]:
        broker, service = self._runtime.broker, self._runtime.service
        for queue, state in broker.look(all_queues(service)).items():
            yield _Sample("staffroll_queue_messages", state.messages, (queue,))
            if state.consumers is not None:
                yield _Sample("staffroll_queue_consumers", state.consumers, (queue,))
        yield _Sample("staffroll_dead_letters", broker.dead_letters(service).count())


def _told(look: Callable[[], Iterator[_Sample]], *away: type[Exception]) -> list[_Sample]:
    try:
        return list(look())
    except away:
        return []
