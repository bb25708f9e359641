"""Reacting to events of Staffroll, by handlers that are named after what happened."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Final, TypeVar

import structlog

from staffroll import bus
from staffroll.bus import Broker, BrokerAway, TopologyConflict
from staffroll.bus.consumer import Consumer
from staffroll.bus.topology import SERVICES, events_queue
from staffroll.events import EVENTS, Event, payload_of
from staffroll.observing.probes import ProbeServer
from staffroll.subscribe.catching_up import CatchingUp
from staffroll.subscribe.changes import Stream, stream_of
from staffroll.subscribe.versions import MemoryVersions, Versions

Handler = Callable[[Event, Any], None]
HandlerT = TypeVar("HandlerT", bound=Handler)

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{1,40}\Z")
_ENDING: Final = (signal.SIGTERM, signal.SIGINT)
_LOCKS: Final = 64
_RETRY_SECONDS: Final = 1.0

log = structlog.get_logger()


class UnknownEvent(ValueError):
    """Nothing that Staffroll says fits the pattern; `str()` shows what it says."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a subscriber is.

    Attributes:
        ready: Connected, not held up, and everything from before was heard.
        connected: With the broker.
        paused: A handler asked to be tried later.
        catching_up: What has been told so far, by owner; empty once that is over.
    """

    ready: bool
    connected: bool
    paused: bool
    catching_up: dict[str, int]


class Subscriber:
    """One service of another team, with queues of its own that disturb nobody.

    Delivered at least once: a handler may run twice for one happening when the process is
    killed in the middle, so it must not mind. What a handler raises decides: `Reject` puts
    the event among the dead letters, `TryLater` holds everything until it works again,
    anything else is tried again with growing pauses and put among the dead letters after 20.

    Args:
        name: Of the service, ``payroll``; its queues are ``payroll.events`` and
            ``payroll.dead-letters``.
        broker_url: ``amqp(s)://…``, or ``embedded:`` with `mongodb_uri`.
        versions: What remembers; without, every start hears everything again.
        tenant_id: Only this tenant's events; None for all.
        from_the_beginning: At the first start, hear of everything that is there already.
        broker_prefix: Of the names on the broker, as the platform team has set it.
        threads: Handlers that run at once; never two for one human.
    Raises:
        ValueError: The name cannot be a service's, or the address is none.
    """

    def __init__(
        self,
        name: str,
        broker_url: str,
        *,
        versions: Versions | None = None,
        tenant_id: str | None = None,
        from_the_beginning: bool = True,
        broker_prefix: str = "",
        mongodb_uri: str = "",
        threads: int = 4,
    ) -> None:
        if not _NAME.match(name) or name in SERVICES:
            raise ValueError(f"{name!r} cannot be the name of a subscriber")
        self.name = name
        self._broker: Broker = bus.connect(
            broker_url, mongodb_uri=mongodb_uri, prefix=broker_prefix, name=name
        )
        self._versions = versions or MemoryVersions()
        self._tenant_id = tenant_id
        self._from_the_beginning = from_the_beginning
        self._threads = threads
        self._handlers: list[tuple[str, Handler]] = []
        self._locks = [threading.Lock() for _ in range(_LOCKS)]
        self._stop = threading.Event()
        self._consumer: Consumer | None = None
        self._catching_up: dict[str, CatchingUp] = {}
        self._starting: threading.Thread | None = None

    def on(self, *patterns: str) -> Callable[[HandlerT], HandlerT]:
        """Register ``handler(event, state)``; `event.type` says what happened.

        Args:
            patterns: Event types, with ``*`` for any part: ``user.deactivated``, ``user.*``.
        Raises:
            UnknownEvent: One fits nothing.
        """
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in EVENTS):
                raise UnknownEvent(f"{pattern} is none of: {', '.join(EVENTS)}")

        def register(handler: HandlerT) -> HandlerT:
            self._handlers += [(pattern, handler) for pattern in patterns]
            return handler

        return register

    def handle(self, event: Event) -> list[str]:
        """Call the handlers of what has happened, and remember the state.

        Returns:
            The types that have happened since the state that was known; empty for old news.
        """
        stream = stream_of(event.type)
        if stream is None:
            self._call(event)
            return [event.type]
        place = (stream.owner, event.tenant_id, event.subject)
        with self._locks[hash(place) % _LOCKS]:
            known = self._versions.get(*place)
            if known is not None and _is_over(known.sequence, known.marks, event):
                return []
            new = stream.known(event)
            happened = stream.since(known.marks if known else None, new.marks, event.sequence)
            for name in happened:
                self._call(replace(event, type=name))
            self._versions.put(*place, new)
            return happened

    def start(self) -> None:
        """Begin in the background, at once or as soon as the broker is there.

        Raises:
            ValueError: There are no handlers.
        """
        if not self._handlers:
            raise ValueError("there is nothing to do: no handler is registered")
        self._starting = threading.Thread(target=self._begin, name="subscriber", daemon=True)
        self._starting.start()

    def stop(self) -> None:
        """Finish what handlers are at; the rest waits in the queue for the next start."""
        self._stop.set()
        if self._starting is not None:
            self._starting.join()
        if self._consumer is not None:
            self._consumer.stop()
        self._broker.close()

    def run(self, *, health_port: int | None = None) -> None:
        """Work until SIGTERM or Ctrl-C, then end in order.

        Args:
            health_port: Where ``/healthz`` and ``/readyz`` answer; None for nowhere.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        server = None
        if health_port is not None:
            server = ProbeServer(health_port, lambda: asdict(self.health()))
        self.start()
        signal.sigwait(_ENDING)
        self.stop()
        if server:
            server.close()

    def health(self) -> Health:
        consumer = self._consumer
        connected = consumer is not None and consumer.is_connected
        paused = consumer is not None and consumer.is_paused
        under_way = {owner: one.told for owner, one in list(self._catching_up.items())}
        ready = connected and not paused and not under_way
        return Health(ready, connected, paused, under_way)

    def _begin(self) -> None:
        streams = {stream.owner: stream for stream in self._streams()}
        if self._from_the_beginning:
            self._catching_up = {
                owner: CatchingUp(self._broker, self.name, owner, self._tenant_id, self._apply)
                for owner in sorted(streams)
                if not self._versions.has_caught_up(owner)
            }
        if not self._has_queues():
            return
        self._consumer = Consumer(
            self._broker, [events_queue(self.name)], self._apply, threads=self._threads
        )
        self._consumer.start()
        for owner, catching_up in list(self._catching_up.items()):
            if catching_up.run(self._stop):
                self._versions.caught_up(owner)
                del self._catching_up[owner]

    def _has_queues(self) -> bool:
        """False when we were stopped before, or something is in the way."""
        while not self._stop.is_set():
            try:
                self._broker.open_subscription(self.name, self._routing_patterns())
            except BrokerAway:
                log.warning("subscriber_waits_for_broker", subscriber=self.name)
                self._stop.wait(_RETRY_SECONDS)
            except TopologyConflict as error:
                log.critical("subscriber_topology_conflict", conflict=str(error))
                return False
            else:
                return True
        return False

    def _apply(self, event: Event) -> None:
        self.handle(event)

    def _call(self, event: Event) -> None:
        state = payload_of(event)
        for pattern, handler in self._handlers:
            if fnmatchcase(event.type, pattern):
                handler(event, state)

    def _wanted(self) -> list[str]:
        patterns = [pattern for pattern, _ in self._handlers]
        return [name for name in EVENTS if any(fnmatchcase(name, one) for one in patterns)]

    def _streams(self) -> list[Stream]:
        found = (stream_of(name) for name in self._wanted())
        return [stream for stream in found if stream is not None]

    def _routing_patterns(self) -> Sequence[str]:
        """Whole streams: what happened is told by any state that is newer."""
        wanted = set(self._wanted())
        for stream in self._streams():
            wanted |= stream.types
        return [f"{self._tenant_id or '*'}.{name}" for name in sorted(wanted)]


def _is_over(sequence: int, marks: Any, event: Event) -> bool:
    return sequence >= event.sequence or marks.get("status") == "deleted"
