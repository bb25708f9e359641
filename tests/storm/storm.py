"""A storm over the four services: what it needs, how it runs, and what it leaves."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from staffroll.local import Mongod
from tests.storm.clients import Client, Tenant
from tests.storm.model import Model
from tests.storm.saboteur import Saboteur
from tests.storm.schedule import TENANTS, Failure, Operation, Schedule
from tests.storm.verdict import rest, verdict
from tests.support.apart import Apart
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import eventually


@dataclass
class Report:
    """What came of it.

    Attributes:
        faults: What is wrong; empty: all is as it must be.
        seconds: How long the operations took, and then the rest.
    """

    seed: int
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: tuple[float, float] = (0.0, 0.0)

    def __str__(self) -> str:
        lines = [
            f"seed {self.seed}: {self.seconds[0]:.0f} s of storm, {self.seconds[1]:.0f} s to rest"
        ]
        lines += [f"  {count:6} {what}" for what, count in sorted(self.outcomes.items())]
        lines += [f"  {count:6} {what}" for what, count in sorted(self.failures.items())]
        lines += self.faults or ["all is as it must be"]
        return "\n".join(lines)


class Storm:
    """One run on a suite that was not started yet.

    Args:
        workers, consumers: How many of them each service has.
        database: To be broken too; None: left alone.
        log: Gets a line of JSON for each operation and failure.
    """

    def __init__(
        self,
        suite: Apart,
        broker: RabbitNode,
        planned: Schedule,
        log: Path,
        *,
        database: Mongod | None = None,
        clients: int = 8,
        workers: int = 1,
        consumers: int = 1,
    ) -> None:
        self._suite = suite
        self._broker = broker
        self._planned = planned
        self._log_path = log
        self._clients = clients
        self._workers, self._consumers = workers, consumers
        self._model = Model()
        self._report = Report(planned.seed)
        self._lock = threading.Lock()
        self._next = 0
        self._database = database

    def run(self, rest_seconds: float) -> Report:
        """Start the suite, let it all happen, wait for it to come to rest, and judge."""
        self._suite.start_all(workers=self._workers, consumers=self._consumers)
        saboteur = Saboteur(
            self._suite,
            self._broker,
            self._tell_failure,
            workers=self._workers,
            database=self._database,
        )
        tenants = [_tenant(self._suite, number) for number in range(TENANTS)]
        began = time.monotonic()
        with self._log_path.open("w") as self._log:
            clients = [Client(tenants, self._model, self._tell) for _ in range(self._clients)]
            threads = [threading.Thread(target=self._work, args=(one, saboteur)) for one in clients]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            saboteur.finish()
        over = time.monotonic()
        self._suite.start_missing()
        report = self._report
        try:
            worlds = rest(self._suite, tenants, self._broker, rest_seconds)
        except AssertionError as error:
            report.faults = [*self._model.faults, str(error)]
        else:
            report.faults = verdict(self._suite, self._model, tenants, worlds)
        report.seconds = (over - began, time.monotonic() - over)
        return report

    def _work(self, client: Client, saboteur: Saboteur) -> None:
        while (operation := self._take(saboteur)) is not None:
            try:
                client.do(operation)
            except Exception as error:  # noqa: BLE001 - the others go on, the verdict names it
                self._model.fault(f"{operation}: {error!r}")

    def _take(self, saboteur: Saboteur) -> Operation | None:
        """The next operation, once what is to break before it has begun to."""
        with self._lock:
            if self._next == len(self._planned.operations):
                return None
            operation = self._planned.operations[self._next]
            self._next += 1
            for failure in self._planned.failures:
                if failure.before == operation.number:
                    saboteur.begin(failure)
            return operation

    def _tell(self, operation: Operation, said: str) -> None:
        self._write({**asdict(operation), "said": said}, f"{operation.kind}: {said}")

    def _tell_failure(self, failure: Failure, said: str) -> None:
        kind = f"{failure.way} {failure.target} {failure.service}"
        with self._lock:
            self._report.failures[f"{failure.way} {failure.target}"] += 1
        if said.startswith("failed"):
            self._model.fault(f"{kind}: {said}")
        self._write({**asdict(failure), "said": said})

    def _write(self, line: dict[str, Any], counted: str | None = None) -> None:
        with self._lock:
            if counted is not None:
                self._report.outcomes[counted] += 1
            line["at"] = round(time.monotonic(), 3)
            self._log.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._log.flush()

    _log: IO[str]


def _tenant(suite: Apart, number: int) -> Tenant:
    # Whatever the machine is busy with: nothing is judged before the storm begins.
    made = eventually(suite.tenant, suite.ready_seconds)
    tenant = Tenant(suite, made.tenant_id, made.email, number)
    roles = tenant.read("accounts", "/v1/roles") or {}
    tenant.default_roles = sorted(one["id"] for one in roles["items"])
    return tenant
