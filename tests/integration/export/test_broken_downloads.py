"""A real server and a raw socket: what a client sees when a download breaks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from tests.integration.export.house import House, fill, switch_on
from tests.integration.export.test_long_lists import INTERRUPTED, failing
from tests.support.waiting import eventually

COUNT = 12_000
LAST_CHUNK = b"\r\n0\r\n\r\n"

SERVE = """
import sys
from staffroll.process import serve
from staffroll_export.cli import service
serve([service], bind=f"127.0.0.1:{sys.argv[1]}", threads=4)
"""


PLUGIN = """
from functools import partial
from staffroll.plugins import ExportFormat, hookimpl

@hookimpl
def export_formats():
    failing = {"whole": None, "early": 10, "late": 2_000}
    return [
        ExportFormat(name, name, "text/plain", "txt", partial(write, at))
        for name, at in failing.items()
    ]

def write(fails_at, rows, out, settings):
    for number, row in enumerate(rows, 1):
        out.write(row.email.encode() + bytes(100))
        if number == fails_at:
            raise RuntimeError(row.email)
"""


@dataclass
class Server:
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, path: str, headers: dict[str, str], version: str = "1.1") -> bytes:
        """All bytes that the server sends until it closes the connection."""
        lines = [f"GET {path} HTTP/{version}", "Host: localhost", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def is_alive(self) -> bool:
        try:
            return b'"alive"' in self.ask("/healthz", {})
        except OSError:
            return False


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _started(port: int, environment: dict[str, str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVE, str(port)],
        env=environment,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _with_plugin(folder: Path) -> dict[str, str]:
    """An environment in which `PLUGIN` is installed."""
    (folder / "made_up.py").write_text(PLUGIN)
    about = folder / "made_up-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[staffroll.plugins]\nmade_up = made_up\n")
    return {"PYTHONPATH": str(folder)}


@pytest.fixture(scope="module")
def server(shared_house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    tmp_path = tmp_path_factory.mktemp("server")
    port = free_port()
    clean = {name: text for name, text in os.environ.items() if "STAFFROLL" not in name}
    clean |= _with_plugin(tmp_path)
    log = tmp_path / "output"
    with log.open("wb") as output:
        process = _started(port, {**clean, **shared_house.environ}, output)
    try:
        one = Server(port, process, log)
        eventually(lambda: one.is_alive() or process.poll() is not None, 60)
        assert process.poll() is None, log.read_text()
        yield one
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


@pytest.fixture(scope="module")
def filled(shared_house: House) -> str:
    """A tenant with `COUNT` active users, for tests that change nobody."""
    tenant_id = shared_house.new_tenant()
    fill(shared_house, tenant_id, COUNT)
    return tenant_id


def test_a_whole_download_ends_with_the_last_chunk(
    shared_house: House, server: Server, filled: str
) -> None:
    answer = server.ask("/v1/users/export", shared_house.token(filled))

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"Transfer-Encoding: chunked" in answer
    assert answer.endswith(LAST_CHUNK)
    assert answer.count(b"@example.org") > COUNT - 20  # some lie across two chunks


def test_a_download_that_breaks_in_the_middle_ends_without_the_last_chunk(
    shared_house: House, server: Server, filled: str
) -> None:
    with failing(shared_house, INTERRUPTED, {"skip": 8}):
        answer = server.ask("/v1/users/export", shared_house.token(filled))

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert 1_000 < answer.count(b"@example.org") < COUNT
    assert not answer.endswith(LAST_CHUNK)
    assert b"internal_error" not in answer


def test_a_download_that_breaks_at_once_is_an_error_and_no_file(
    shared_house: House, server: Server, filled: str
) -> None:
    with failing(shared_house, INTERRUPTED, {"times": 1}):
        answer = server.ask("/v1/users/export", shared_house.token(filled))

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"application/problem+json" in answer
    assert b"attachment" not in answer


def test_a_download_whose_plugin_fails_never_looks_whole(
    shared_house: House, server: Server
) -> None:
    tenant_id = shared_house.new_tenant()
    fill(shared_house, tenant_id, 3_000)
    switch_on(shared_house, tenant_id, made_up={})

    def ask(name: str) -> bytes:
        return server.ask(f"/v1/users/export?format={name}", shared_house.token(tenant_id))

    early, late, whole = ask("early"), ask("late"), ask("whole")

    assert early.startswith(b"HTTP/1.1 503 ")
    assert b'"plugin_failed"' in early
    assert b"attachment" not in early
    assert late.startswith(b"HTTP/1.1 200 OK")
    assert 1_000 < late.count(b"@example.org") < 2_000
    assert not late.endswith(LAST_CHUNK)
    assert whole.endswith(LAST_CHUNK)
    logged = server.log.read_text()
    assert logged.count('"event": "plugin_failed"') == 2
    assert "@example.org" not in logged


def test_the_server_goes_on_after_broken_downloads(
    shared_house: House, server: Server, filled: str
) -> None:
    with failing(shared_house, INTERRUPTED, {"skip": 8}):
        for _ in range(3):
            server.ask("/v1/users/export", shared_house.token(filled))

    answer = server.ask("/v1/users/export", shared_house.token(filled))
    assert answer.endswith(LAST_CHUNK)
