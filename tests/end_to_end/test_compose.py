"""What `docker-compose.yml` starts, started here: its commands, its settings, its health checks."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from staffroll.local import Mongod
from tests.support.apart import SERVICES, Process, free_ports
from tests.support.mongo import drop_databases
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.long


class Container:
    """One of ours as a process: in the places of its servers are those of the tests."""

    def __init__(self, name: str, plan: dict[str, Any], servers: dict[str, str]) -> None:
        self.name = name
        self.service = name.removesuffix("-consumer")
        self._plan = plan
        self.port, metrics_port = free_ports(2)
        self._ports = {"8000": str(self.port), "9100": str(metrics_port)}
        self.environ = {
            **{key: text for key, text in os.environ.items() if not key.startswith("STAFFROLL_")},
            "STAFFROLL_METRICS_PORT": self._ports["9100"],
            **plan["environment"],
            **servers,
        }

    def start(self, log: Path) -> Process:
        # An image holds one service, this environment all of them.
        words = [self.service if word == "all" else word for word in self._plan["command"]]
        command = [sys.executable, "-m", "staffroll.cli", *map(self._here, words)]
        return Process(command, self.environ, log)

    def is_healthy(self) -> bool:
        _, program, *arguments = self._plan["healthcheck"]["test"]
        assert program == "python"
        checked = subprocess.run(
            [sys.executable, *map(self._here, arguments)],
            env=self.environ,
            capture_output=True,
            check=False,
        )
        return checked.returncode == 0

    def _here(self, word: str) -> str:
        word = word.replace("0.0.0.0", "127.0.0.1")
        return re.sub(r"\b(8000|9100)\b", lambda found: self._ports[found[0]], word)


@pytest.fixture(scope="module")
def containers(
    mongod: Mongod, rabbitmq: RabbitNode, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Container]]:
    text = (ROOT / "docker-compose.yml").read_text()
    filled = re.sub(r"\$\{\w+:\?[^}]*\}", lambda _: secrets.token_hex(32), text)
    plans = yaml.safe_load(filled)["services"]
    prefix = f"compose{secrets.token_hex(4)}-"
    servers = {
        "STAFFROLL_MONGODB_URI": mongod.uri,
        "STAFFROLL_BROKER_URL": rabbitmq.url,
        "STAFFROLL_MONGODB_PREFIX": prefix,
        "STAFFROLL_BROKER_PREFIX": prefix,
    }
    names = [*SERVICES, *(f"{service}-consumer" for service in SERVICES)]
    found = {name: Container(name, plans[name], servers) for name in names}
    folder = tmp_path_factory.mktemp("compose")
    with ExitStack() as stack:
        stack.callback(drop_databases, mongod.uri, prefix)
        for name, container in found.items():
            process = container.start(folder / f"{name}.log")
            stack.callback(process.stop)
        yield found


def test_all_containers_become_healthy_by_their_own_checks(
    containers: dict[str, Container],
) -> None:
    for container in containers.values():
        eventually(container.is_healthy, 90)


@pytest.mark.parametrize("service", SERVICES)
def test_each_stands_under_its_path_of_the_origin(
    containers: dict[str, Container], service: str
) -> None:
    container = containers[service]
    mount = container.environ["SCRIPT_NAME"]
    eventually(container.is_healthy, 90)

    found = requests.get(f"http://127.0.0.1:{container.port}{mount}/openapi.json", timeout=40)

    assert found.status_code == 200
    assert found.json()["paths"]
