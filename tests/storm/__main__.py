"""Run with ``make storm``; ``ARGS="--seed 7 --operations 10000"`` says which, and how long."""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
import tempfile
from pathlib import Path

from staffroll.local import Mongod
from tests.storm.schedule import schedule
from tests.storm.storm import Storm
from tests.support.apart import Apart
from tests.support.rabbitmq import RabbitNode


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing stays behind
    wanted = _arguments()
    seed = wanted.seed if wanted.seed is not None else secrets.randbelow(1_000_000)
    sys.stdout.write(f"seed {seed}, {wanted.operations} operations, log: {wanted.log}\n")
    sys.stdout.flush()
    wanted.log.mkdir(parents=True, exist_ok=True)
    planned = schedule(seed, wanted.operations, every=wanted.every, with_database=True)
    broker = RabbitNode()
    with tempfile.TemporaryDirectory(prefix="staffroll-storm-") as folder, Mongod(folder) as mongod:
        suite = Apart(mongod.uri, broker.url, wanted.log)
        suite.ready_seconds = 240
        try:
            broker.start(timeout=240)
            with suite.receive_mail():
                log = wanted.log / f"storm-{seed}.jsonl"
                storm = Storm(
                    suite,
                    broker,
                    planned,
                    log,
                    database=mongod,
                    clients=wanted.clients,
                    workers=wanted.workers,
                    consumers=wanted.consumers,
                )
                report = storm.run(wanted.rest)
        finally:
            suite.close()
            broker.remove()
    sys.stdout.write(f"{report}\n")
    return 1 if report.faults else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make storm", description=__doc__)
    parser.add_argument("--seed", type=int, help="default: a new one, which is printed")
    parser.add_argument("--operations", type=int, default=1000)
    parser.add_argument("--every", type=int, default=40, help="operations from failure to failure")
    parser.add_argument("--workers", type=int, default=2, help="of each service's web server")
    parser.add_argument("--consumers", type=int, default=2, help="of each service")
    parser.add_argument("--clients", type=int, default=8, help="at the same time")
    parser.add_argument("--rest", type=float, default=180.0, help="seconds to come to rest")
    parser.add_argument("--log", type=Path, default=Path("build/storm"), help="folder for logs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
