"""The two roles of a service as processes: `serve` (gunicorn) and `consume`."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import structlog
from gunicorn.app.base import BaseApplication
from prometheus_client import multiprocess
from structlog.contextvars import bind_contextvars
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from staffroll.bus.applying import Observe
from staffroll.bus.consumer import Consumer
from staffroll.bus.topology import queues
from staffroll.events import Event
from staffroll.faults import log_fault
from staffroll.logs import configure_logging
from staffroll.mongo import AWAY
from staffroll.observing import metrics, tracing
from staffroll.observing.lookups import Lookups
from staffroll.observing.messages import observing
from staffroll.observing.probes import ProbeServer
from staffroll.observing.workers import FOLDER_VARIABLE
from staffroll.runtime import Runtime
from staffroll.service import Chore, Service
from staffroll.settings import read
from staffroll.web import sharing
from staffroll.web.overview import overview

GRACEFUL_SECONDS: Final = 15
_CHORE_SECONDS: Final = 5
_BRINGING_UP_SECONDS: Final = 0.5
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
    """Serve one service at the root, or several under their mounts, until told to stop.

    Args:
        threads: Requests that each worker works on at once.
    """
    runtimes: list[Runtime] = []
    factories = [(service, service.app_factory()) for service in services]  # for all workers

    def make() -> Wsgi:
        apps: dict[str, Wsgi] = {}
        _begin(services)
        queue = sharing.queue_for(threads)
        for service, make_app in factories:
            runtime = service.runtime("serve")
            metrics.LOOKED_UP.register(Lookups(runtime, service.outboxes))
            runtimes.append(runtime)
            app = make_app(runtime)
            sharing.install(app, queue)
            tracing.watch(app, service.name)
            apps[service.mount] = app
        if len(services) == 1:
            return next(iter(apps.values()))
        return DispatcherMiddleware(overview(services), apps)

    def worker_exit(_server: object, _worker: object) -> None:
        for runtime in runtimes:
            runtime.close()
        tracing.end()

    def child_exit(_server: object, worker: Any) -> None:
        if FOLDER_VARIABLE in os.environ:
            multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

    _Gunicorn(
        make,
        {
            "bind": bind,
            "workers": workers,
            "threads": threads * sharing.THREADS_EACH,
            "worker_class": "gthread",
            "graceful_timeout": GRACEFUL_SECONDS,
            "timeout": 60,
            "keepalive": 5,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "worker_exit": worker_exit,
            "child_exit": child_exit,
            "control_socket_disable": True,
            "worker_tmp_dir": None,
        },
    ).run()


def _begin(services: Sequence[Service]) -> None:
    """What is of the process and not of one service: its log, its traces."""
    settings = read(services[0].settings)
    configure_logging(settings)
    tracing.begin(settings, [service.name for service in services])


class _ChoreThread(threading.Thread):
    def __init__(self, service: str, chore: Chore, stop: threading.Event) -> None:
        super().__init__(name=chore.name, daemon=True)
        self._service = service
        self._chore = chore
        self._stop_asked = stop

    def close(self) -> None:
        """Wait for the round that is running, then let go of what the chore holds."""
        if self.is_alive():
            self.join(_CHORE_SECONDS)
        self._chore.close()

    def run(self) -> None:
        bind_contextvars(service=self._service, chore=self._chore.name)
        metrics.CHORES.labels(self._service, self._chore.name, "failed")  # told as 0 until then
        while not self._stop_asked.wait(self._chore.every_seconds):
            metrics.CHORES.labels(self._service, self._chore.name, self._run_once()).inc()

    def _run_once(self) -> str:
        try:
            self._chore.run()
        except AWAY as error:
            _log.warning("chore_waits", error=type(error).__name__)
            return "waits"
        except Exception as error:  # noqa: BLE001 (one bad document must not end a chore)
            log_fault("chore_failed", error)
            return "failed"
        return "done"


class Consuming:
    """One service's consumer and chores in this process."""

    def __init__(self, service: Service, runtime: Runtime, stop: threading.Event) -> None:
        self.runtime = runtime
        self._service = service
        self._handle = service.make_handler(runtime)
        self.consumer = consumer_on(runtime, self._handle, queues(service.name))
        self._chores = [
            _ChoreThread(service.name, chore, stop)
            for chore in (*service.make_chores(runtime), *_bringing_up(service, runtime))
        ]

    def start(self) -> None:
        self.runtime.wait_until_prepared()
        self.consumer.start()
        for chore in self._chores:
            chore.start()

    def waits(self) -> dict[str, str]:
        """What it waits for, by what it stands on; "ok" where it waits for nothing."""
        queues_wait = None
        if not self.consumer.is_connected:
            queues_wait = "the broker does not answer"
        elif self.consumer.is_paused:
            queues_wait = "messages are held until what their handler needs is back"
        waits = {"database": self.runtime.waits_for_database(), "queues": queues_wait}
        return {name: told or "ok" for name, told in waits.items()}

    def close(self) -> None:
        for chore in self._chores:
            chore.close()
        self.consumer.stop()
        self.runtime.close()


def _bringing_up(service: Service, runtime: Runtime) -> Iterator[Chore]:
    for forms in service.forms:
        if forms.upgrades:
            name = f"bringing up {forms.collection}"
            yield Chore(name, _BRINGING_UP_SECONDS, forms.bringing_up(runtime.platform).run)


def consumer_on(
    runtime: Runtime,
    handle: Callable[[Event], None],
    names: Sequence[str],
    observe: Observe = lambda *_: None,
) -> Consumer:
    """A consumer of the queues `names` that waits while this runtime's database is away.

    Args:
        observe: Told of each decision, besides the metrics.
    """
    measure = observing(runtime.service, names)

    def observe_both(event: Event | None, outcome: str, seconds: float) -> None:
        measure(event, outcome, seconds)
        observe(event, outcome, seconds)

    return Consumer(
        runtime.broker,
        names,
        tracing.around(handle, runtime.service),
        transient=AWAY,
        is_ready=runtime.database_answers,
        threads=runtime.settings.consumer_threads,
        prefetch=runtime.settings.prefetch,
        observe=observe_both,
    )


def consume(services: Sequence[Service]) -> None:
    """Consume for these services until told to stop; messages in hand are finished."""
    stop = threading.Event()
    # Held back from all threads, so that no handler runs while a lock is taken.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    _begin(services)
    running: list[Consuming] = []
    for service in services:
        runtime = service.runtime("consume")
        metrics.LOOKED_UP.register(Lookups(runtime, service.outboxes))
        running.append(Consuming(service, runtime, stop))
    probes = _probes(running)
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
    if probes is not None:
        probes.close()
    tracing.end()
    _log.info("stopped", seconds=round(time.monotonic() - began, 1))


def _probes(running: Sequence[Consuming]) -> ProbeServer | None:
    """Answers for all services of this process, where it is set where.

    Raises:
        OSError: Nobody can listen there.
    """
    settings = running[0].runtime.settings
    if not settings.metrics_port:
        return None

    def look() -> dict[str, Any]:
        checks = {one.runtime.service: one.waits() for one in running}
        ready = all(told == "ok" for waits in checks.values() for told in waits.values())
        return {"ready": ready, "checks": checks}

    return ProbeServer(
        settings.metrics_port, look, settings.metrics_address, {"/metrics": metrics.exposition}
    )
