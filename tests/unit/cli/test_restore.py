"""`staffroll restore` before it begins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from staffroll.cli.restore import restore


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a service that runs, which is people's."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("STAFFROLL_URL_PEOPLE", url)
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


def test_r64_a_service_that_runs_is_to_be_stopped_first(running: str) -> None:
    answer = CliRunner().invoke(restore, ["people"])

    assert answer.exit_code == 1
    assert answer.output == f"Error: people answers at {running}: stop it first.\n"


def test_a_service_that_there_is_not_is_no_choice() -> None:
    answer = CliRunner().invoke(restore, ["payroll"])

    assert answer.exit_code == 2
    assert "'payroll' is not one of" in answer.output
