"""Another team's service, as the docs have it, beside the running suite."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.apart import Apart, Client, Process, free_ports
from tests.support.examples import example
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import eventually


class Payroll:
    """The example of the docs, as a process in a folder of its own."""

    def __init__(self, suite: Apart, rabbitmq: RabbitNode, folder: Path) -> None:
        (folder / "payroll.py").write_text(example("events.md", "payroll.py"))
        self._port = free_ports(1)[0]
        self._folder = folder
        self._environ = {
            "BROKER_URL": rabbitmq.url,
            "BROKER_PREFIX": suite.prefix,
            "HEALTH_PORT": str(self._port),
            "PYTHONPATH": str(folder),
        }
        self._process: Process | None = None

    @property
    def log(self) -> str:
        return (self._folder / "payroll.log").read_text()

    @property
    def process(self) -> Process:
        assert self._process
        return self._process

    def start(self) -> None:
        program = "import os, runpy; os.chdir(os.environ['PYTHONPATH']); runpy.run_path"
        self._process = Process(
            [sys.executable, "-c", f"{program}('payroll.py', run_name='__main__')"],
            self._environ,
            self._folder / "payroll.log",
        )
        eventually(self.is_ready, timeout=60)

    def is_ready(self) -> bool:
        try:
            answer = requests.get(f"http://127.0.0.1:{self._port}/readyz", timeout=5)
        except requests.ConnectionError:
            assert self.process.is_running, self.log
            return False
        return answer.status_code == 200


@pytest.fixture
def payroll(apart: Apart, rabbitmq: RabbitNode, tmp_path: Path) -> Iterator[Payroll]:
    service = Payroll(apart, rabbitmq, tmp_path)
    try:
        yield service
    finally:
        if service._process is not None and service.process.is_running:
            service.process.signal(signal.SIGCONT)
            service.process.kill()


def leaves(acme: Client) -> tuple[str, str]:
    """Id and e-mail of somebody who was here and is deactivated now."""
    email = f"{secrets.token_hex(4)}@acme.example"
    created = acme.create(
        "scheduling", {"last_name": "Nowak", "email": email}, headers={"Prefer": "wait=10"}
    )
    assert created.status_code == 201, created.text
    id_, today = created.json()["id"], created.json()["join_date"]
    left = acme.patch(
        "scheduling", f"/v1/employees/{id_}/memberships/current", json={"leave_date": today}
    )
    assert left.status_code == 200, left.text
    return id_, email


def test_the_example_hears_who_left_before_it_came_while_it_runs_and_while_it_is_down(
    apart: Apart, payroll: Payroll
) -> None:
    acme = apart.tenant()
    before, _ = leaves(acme)
    eventually(lambda: acme.sees("accounts", before)["status"] == "deactivated")

    payroll.start()
    eventually(lambda: f"stop paying {before}" in payroll.log)

    during, email = leaves(acme)
    eventually(lambda: f"stop paying {during} {email}" in payroll.log)

    payroll.process.kill()
    meanwhile, _ = leaves(acme)
    eventually(lambda: acme.sees("accounts", meanwhile)["status"] == "deactivated")
    payroll.start()

    eventually(lambda: f"stop paying {meanwhile}" in payroll.log)
    assert payroll.process.stop() == 0
    for id_ in (before, during, meanwhile):
        assert payroll.log.count(f"stop paying {id_}") == 1


def test_the_tests_of_the_example_pass_without_a_broker(tmp_path: Path) -> None:
    for name in ("payroll.py", "test_payroll.py"):
        (tmp_path / name).write_text(example("events.md", name))

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_payroll.py"],
        cwd=tmp_path,
        env={"BROKER_URL": "amqp://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
