"""Ten thousand users from one file: how fast, and what another tenant feels of it."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.figures import Report, repeated, stopwatch
from tests.bench.load import Connection, new_human
from tests.support.apart import Apart, Client
from tests.support.waiting import eventually

ROWS = 10_000
_NEIGHBOUR_EVERY_SECONDS = 0.2
FOLLOWERS = {"scheduling": "employees", "people": "people", "export": "rows"}


def measure(report: Report, mongodb_uri: str, broker_url: str, folder: Path) -> None:
    suite = Apart(mongodb_uri, broker_url, folder)
    try:
        suite.start_all()
        report.title(f"Importing {ROWS:,} users from a file, on RabbitMQ, services apart")
        acme, calm = suite.tenant(), suite.tenant()
        report.times("a neighbour's POST /v1/users, calm", _creations(suite, calm, 100))
        _dry_run(report, acme)
        _import(report, suite, acme, calm)
        began = time.perf_counter()
        _wait(acme, _started(report, acme, "again"))
        report.rate("the same file again: all unchanged", ROWS, time.perf_counter() - began)
    finally:
        suite.close()


def _file() -> bytes:
    rows = (f"Last-{number},First,row{number}@acme.example\r\n" for number in range(ROWS))
    return ("Last name,First name,Email\r\n" + "".join(rows)).encode()


def _creations(suite: Apart, client: Client, count: int) -> list[float]:
    connection = Connection(suite.url("accounts"), client.token)
    return repeated(count, lambda _: connection.request("POST", "/v1/users", new_human()))


def _started(report: Report, client: Client, name: str, query: str = "") -> str:
    taken: list[float] = []
    with stopwatch(taken):
        response = client.post(
            "accounts",
            f"/v1/imports{query}",
            data=_file(),
            headers={"Content-Type": "text/csv"},
        )
    assert response.status_code == 202, response.text
    report.times(f"POST /v1/imports answered, {name}", taken)
    path: str = response.headers["Location"]
    return path


def _is_done(client: Client, path: str) -> bool:
    job = client.get("accounts", path).json()
    assert job["failed"] == 0, job
    return bool(job["state"] == "done")


def _wait(client: Client, path: str) -> None:
    eventually(lambda: _is_done(client, path), timeout=300)


def _has_all(collection: Any, tenant_id: str) -> bool:
    return bool(collection.count_documents({"tenant_id": tenant_id}) > ROWS)


def _dry_run(report: Report, client: Client) -> None:
    began = time.perf_counter()
    _wait(client, _started(report, client, "dry run", "?dry_run=true"))
    report.rate("dry run: uploaded and looked at", ROWS, time.perf_counter() - began)


def _import(report: Report, suite: Apart, client: Client, calm: Client) -> None:
    began = time.perf_counter()
    path = _started(report, client, "import")
    felt: list[float] = []
    while not _is_done(client, path):
        felt += _creations(suite, calm, 1)
        time.sleep(_NEIGHBOUR_EVERY_SECONDS)
    report.rate("import: uploaded and created", ROWS, time.perf_counter() - began)
    report.times("a neighbour's POST /v1/users meanwhile", felt)
    for name, collection in FOLLOWERS.items():
        here = suite.database(name)[collection]
        eventually(partial(_has_all, here, client.tenant_id), timeout=300)
    report.rate("import: uploaded and known everywhere", ROWS, time.perf_counter() - began)
