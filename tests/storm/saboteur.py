"""Whoever breaks things while others work, as the schedule says, and mends them again."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from staffroll.local import Mongod
from tests.storm.schedule import Failure
from tests.support.apart import Apart, Process
from tests.support.rabbitmq import RabbitNode

QUEUE_SETTLED_SECONDS: Final = 15.0
"""A quorum queue that was declared less than this ago may be gone after a kill of the broker."""


_BROKER_STARTS_SECONDS: Final = 240.0
"""Six on an idle machine; others may be busy on this one."""


class Saboteur:
    """Kills and pauses real processes.

    Args:
        workers, consumers: How many a service has.
        database: Broken only where it is said.
        told: Called with what was done.
    """

    def __init__(
        self,
        suite: Apart,
        broker: RabbitNode,
        told: Callable[[Failure, str], None],
        *,
        workers: int,
        database: Mongod | None = None,
    ) -> None:
        self._suite = suite
        self._broker = broker
        self._database = database
        self._workers = workers
        self._told = told
        self._queues_since = time.monotonic()
        self._busy: dict[object, threading.Lock] = {}
        self._processes = threading.Lock()
        self._at_work: list[threading.Thread] = []

    def begin(self, failure: Failure) -> None:
        """Let it happen beside everything else."""
        thread = threading.Thread(
            target=self._do, args=(failure,), name=f"failure-{failure.before}"
        )
        self._at_work.append(thread)
        thread.start()

    def finish(self) -> None:
        """Wait until all that was begun is over, and mended."""
        for thread in self._at_work:
            thread.join()

    def _do(self, failure: Failure) -> None:
        try:
            with self._alone(failure) as is_free:
                said = self._break(failure) if is_free else "broken already"
        except Exception as error:  # noqa: BLE001 - told, and found by the verdict
            said = f"failed: {error!r}"
        self._told(failure, said)

    def _break(self, failure: Failure) -> str:
        if failure.target == "broker":
            return self._break_broker(failure)
        if failure.target == "database":
            return self._break_database(failure)
        if failure.target == "worker":
            return self._break_worker(failure)
        return self._break_process(failure)

    def _break_process(self, failure: Failure) -> str:
        """A whole web server with its workers, or one of a service's consumers."""
        process = self._running(failure)
        if failure.way == "pause":
            process.signal(signal.SIGSTOP)
            time.sleep(failure.seconds)
            process.signal(signal.SIGCONT)
            return f"process {process.pid}"
        process.kill()
        time.sleep(failure.seconds)
        with self._processes:
            count = self._workers if failure.target == "serve" else 1
            self._suite.start(failure.service, failure.target, count)
        return f"process {process.pid}"

    def _break_worker(self, failure: Failure) -> str:
        """One of a web server, which starts another one by itself."""
        server = self._running(failure)
        workers = _children(server.pid)
        if not workers:
            return "no worker"
        pid = random.Random(failure.before).choice(workers)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL if failure.way == "kill" else signal.SIGSTOP)
        time.sleep(failure.seconds)
        if failure.way == "pause":
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        return f"process {pid}"

    def _break_broker(self, failure: Failure) -> str:
        if failure.way == "pause":
            self._broker.pause()
            time.sleep(failure.seconds)
            self._broker.resume()
            return ""
        time.sleep(max(0.0, self._queues_since + QUEUE_SETTLED_SECONDS - time.monotonic()))
        self._broker.kill()
        time.sleep(failure.seconds)
        self._broker.start(_BROKER_STARTS_SECONDS)
        return ""

    def _break_database(self, failure: Failure) -> str:
        assert self._database is not None
        assert self._database.pid is not None
        if failure.way == "pause":
            os.kill(self._database.pid, signal.SIGSTOP)
            time.sleep(failure.seconds)
            os.kill(self._database.pid, signal.SIGCONT)
            return ""
        self._database.kill()
        time.sleep(failure.seconds)
        self._database.start()
        return ""

    def _running(self, failure: Failure) -> Process:
        role = "consume" if failure.target == "consume" else "serve"
        with self._processes:
            running = [
                one
                for one in self._suite.processes.get((failure.service, role), [])
                if one.is_running
            ]
        return random.Random(failure.before).choice(running)

    @contextmanager
    def _alone(self, failure: Failure) -> Iterator[bool]:
        """Whether nobody is breaking the same at this moment."""
        what = (failure.service, "consume" if failure.target == "consume" else "serve")
        alone = failure.target in ("broker", "database")
        lock = self._busy.setdefault(failure.target if alone else what, threading.Lock())
        got = lock.acquire(blocking=False)
        try:
            yield got
        finally:
            if got:
                lock.release()


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []
