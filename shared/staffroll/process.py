"""The two roles of a service as processes: `serve` (gunicorn) and `consume`."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog
from gunicorn.app.base import BaseApplication
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from staffroll.bus import Broker
from staffroll.bus.consumer import Consumer
from staffroll.bus.topology import queues
from staffroll.events import Event, is_known
from staffroll.faults import log_fault
from staffroll.logs import configure_logging
from staffroll.mongo import AWAY
from staffroll.runtime import Runtime
from staffroll.service import Chore, Service
from staffroll.settings import read
from staffroll.web import metrics
from staffroll.web.overview import overview

GRACEFUL_SECONDS: Final = 15
_CHORE_SECONDS: Final = 5
_ENDING: Final = (signal.SIGTERM, signal.SIGINT)

Wsgi = Callable[..., Any]

_log = structlog.get_logger()


class _Gunicorn(BaseApplication):  # type: ignore[misc]
    def __init__(self, make: Callable[[], Wsgi], options: dict[str, Any]) -> None:
        self._make = make
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Wsgi:
        return self._make()


def serve(services: Sequence[Service], *, bind: str, workers: int = 1, threads: int = 8) -> None:
    """Serve one service at the root, or several under their mounts, until told to stop."""
    runtimes: list[Runtime] = []

    def make() -> Wsgi:
        apps: dict[str, Wsgi] = {}
        for service in services:
            configure_logging(read(service.settings))
            runtime = service.runtime("serve")
            _expose_outbox(runtime)
            runtimes.append(runtime)
            apps[service.mount] = service.make_app(runtime)
        if len(services) == 1:
            return next(iter(apps.values()))
        return DispatcherMiddleware(overview(services), apps)

    def worker_exit(_server: object, _worker: object) -> None:
        for runtime in runtimes:
            runtime.close()

    _Gunicorn(
        make,
        {
            "bind": bind,
            "workers": workers,
            "threads": threads,
            "worker_class": "gthread",
            "graceful_timeout": GRACEFUL_SECONDS,
            "timeout": 60,
            "keepalive": 5,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "worker_exit": worker_exit,
            "control_socket_disable": True,
            "worker_tmp_dir": None,
        },
    ).run()


def _expose_outbox(runtime: Runtime) -> None:
    oldest = metrics.OUTBOX_OLDEST.labels(runtime.service)
    oldest.set_function(lambda: runtime.outbox.oldest_seconds)


class _ChoreThread(threading.Thread):
    def __init__(self, chore: Chore, stop: threading.Event) -> None:
        super().__init__(name=chore.name, daemon=True)
        self._chore = chore
        self._stop_asked = stop

    def close(self) -> None:
        """Wait for the round that is running, then let go of what the chore holds."""
        if self.is_alive():
            self.join(_CHORE_SECONDS)
        self._chore.close()

    def run(self) -> None:
        while not self._stop_asked.wait(self._chore.every_seconds):
            try:
                self._chore.run()
            except AWAY as error:
                _log.warning("chore_waits", chore=self._chore.name, error=type(error).__name__)
            except Exception as error:  # noqa: BLE001 (one bad document must not end a chore)
                log_fault("chore_failed", error, chore=self._chore.name)


class Consuming:
    """One service's consumer and chores in this process."""

    def __init__(self, service: Service, runtime: Runtime, stop: threading.Event) -> None:
        self.runtime = runtime
        self._service = service
        self._handle = service.make_handler(runtime)
        self.consumer = consumer_on(runtime, self._handle, queues(service.name))
        self._chores = [_ChoreThread(chore, stop) for chore in service.make_chores(runtime)]

    def start(self) -> None:
        self.runtime.wait_until_prepared()
        self.consumer.start()
        for chore in self._chores:
            chore.start()

    def close(self) -> None:
        for chore in self._chores:
            chore.close()
        self.consumer.stop()
        self.runtime.close()


def consumer_on(
    runtime: Runtime, handle: Callable[[Event], None], names: Sequence[str]
) -> Consumer:
    """A consumer of the queues `names` that waits while this runtime's database is away."""
    broker: Broker = runtime.broker

    def observe(event: Event | None, outcome: str, seconds: float) -> None:
        kind = _kind_of(event)
        metrics.MESSAGES.labels(runtime.service, kind, outcome).inc()
        if outcome != "paused":  # it is still in hand, and observed again at its end
            metrics.MESSAGE_DURATION.labels(runtime.service, kind).observe(seconds)

    return Consumer(
        broker,
        names,
        handle,
        transient=AWAY,
        is_ready=runtime.database_answers,
        threads=runtime.settings.consumer_threads,
        prefetch=runtime.settings.prefetch,
        observe=observe,
    )


def _kind_of(event: Event | None) -> str:
    """A label for metrics: each is kept for ever, so strangers must not invent them."""
    if event is None:
        return "unreadable"
    return event.type if is_known(event.type) else "unknown"


def consume(services: Sequence[Service]) -> None:
    """Consume for these services until told to stop; messages in hand are finished."""
    stop = threading.Event()
    # Held back from all threads, so that no handler runs while a lock is taken.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    running: list[Consuming] = []
    for service in services:
        configure_logging(read(service.settings))
        runtime = service.runtime("consume")
        running.append(Consuming(service, runtime, stop))
    threads = [threading.Thread(target=one.start, daemon=True) for one in running]
    for thread in threads:
        thread.start()
    _log.info("consuming", services=[service.name for service in services])
    signal.sigwait(_ENDING)
    stop.set()
    began = time.monotonic()
    closing = [threading.Thread(target=one.close) for one in running]
    for thread in closing:
        thread.start()
    for thread in closing:
        thread.join()
    _log.info("stopped", seconds=round(time.monotonic() - began, 1))
