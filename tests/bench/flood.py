"""A tenant that asks as fast as it can, and what another one feels of it (F13)."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.bench.figures import Report, repeated
from tests.bench.load import Connection, new_human
from tests.support.apart import Apart, Client

ROUNDS = 3
ROUND_SECONDS = 5.0
CONNECTIONS = (16, 64)
_USERS = 200
_NEIGHBOUR_EVERY_SECONDS = 0.02


def measure(report: Report, mongodb_uri: str, folder: Path) -> None:
    suite = Apart(mongodb_uri, "embedded:", folder)
    try:
        suite.start("accounts", "serve")
        suite.start("accounts", "consume")
        suite.wait_until_ready("accounts")
        report.title("A tenant floods one web worker of accounts, another one works")
        loud, calm = suite.tenant_in_accounts(), suite.tenant_in_accounts()
        there = Connection(suite.url("accounts"), loud.token)
        repeated(_USERS, lambda _: there.request("POST", "/v1/users", new_human()))
        for connections in CONNECTIONS:
            _compare(report, suite, loud, calm, connections)
    finally:
        suite.close()


def _compare(report: Report, suite: Apart, loud: Client, calm: Client, connections: int) -> None:
    quiet: list[float] = []
    felt: list[float] = []
    answered: list[str] = []
    for _ in range(ROUNDS):
        quiet += _creations(suite, calm)
        flood = _flood(suite, loud, connections)
        try:
            felt += _creations(suite, calm)
        finally:
            answered.append(flood.communicate(timeout=60)[0].strip())
    report.times("a neighbour's POST /v1/users, calm", quiet)
    report.times(f"the same beside {connections} connections that flood", felt, "p99 3 x calm")
    report.fact(f"the flood was answered, by status: {'; '.join(answered)}")


def _flood(suite: Apart, loud: Client, connections: int) -> subprocess.Popen[str]:
    seconds = str(ROUND_SECONDS + 1)
    command = [sys.executable, "-m", "tests.bench.flooding", suite.url("accounts"), loud.token]
    flood = subprocess.Popen(
        [*command, str(connections), seconds], stdout=subprocess.PIPE, text=True
    )
    time.sleep(0.5)
    return flood


def _creations(suite: Apart, client: Client) -> list[float]:
    connection = Connection(suite.url("accounts"), client.token)
    deadline = time.perf_counter() + ROUND_SECONDS
    taken: list[float] = []
    while time.perf_counter() < deadline:
        taken += repeated(1, lambda _: connection.request("POST", "/v1/users", new_human()))
        time.sleep(_NEIGHBOUR_EVERY_SECONDS)
    return taken
