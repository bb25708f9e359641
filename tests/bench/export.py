"""A million rows of one tenant as CSV: streamed, made as a job, downloaded in parts (R91)."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import requests
from pymongo import WriteConcern

from staffroll import clock
from staffroll.ids import new_id
from staffroll.search import SEARCH, index_fields
from tests.bench.figures import Report
from tests.support.apart import Apart, Client, Process
from tests.support.waiting import eventually

ROWS: Final = 1_000_000
GOAL: Final = "goal: under 150 MB"
_KINDS: Final = 5_000
_BATCH: Final = 10_000


def measure(report: Report, mongodb_uri: str, folder: Path) -> None:
    suite = Apart(mongodb_uri, "embedded:", folder)
    try:
        for service in ("accounts", "export"):
            suite.start(service, "serve")
            suite.start(service, "consume")
        suite.wait_until_ready("accounts", "export")
        acme = suite.tenant_in_accounts()
        eventually(lambda: acme.is_known_to("export"), timeout=30)
        _fill(suite, acme.tenant_id)
        acme = Client(suite, acme.tenant_id, acme.email)  # the first token is too old by now
        report.title(f"Exporting {ROWS:,} rows, services apart")
        _stream(report, suite, acme)
        _make(report, suite, acme)
    finally:
        suite.close()


def _fill(suite: Apart, tenant_id: str) -> None:
    """Documents of full size; without the index of the search, which takes longest."""
    quick = WriteConcern(w=1, j=False)
    rows = suite.database("export")["rows"].with_options(write_concern=quick)
    rows.drop_index(SEARCH.name)
    kinds = [_row(tenant_id, number) for number in range(_KINDS)]
    for first in range(0, ROWS, _BATCH):
        rows.insert_many(
            [_numbered(kinds[number % _KINDS], number) for number in range(first, first + _BATCH)],
            ordered=False,
        )


def _row(tenant_id: str, number: int) -> dict[str, Any]:
    last_name, first_name = f"Müller-Lüdenscheidt {number:04}", "Anna Katharina"
    email = f"anna.{number}@acme.example"
    return {
        "tenant_id": tenant_id,
        "seen": {"accounts": 1},
        "told_at": clock.now(),
        "status": "active",
        "first_name": first_name,
        "last_name": last_name,
        "email": email,
        "language": "en",
        "time_zone": "Europe/Berlin",
        "roles": [],
        "is_admin": False,
        "token_generation": 1,
        **index_fields(last_name, first_name, email),
    }


def _numbered(row: dict[str, Any], number: int) -> dict[str, Any]:
    return {**row, "_id": new_id(), "email": f"anna.{number}@acme.example"}


def _stream(report: Report, suite: Apart, client: Client) -> None:
    before = _megabytes(suite, "serve")
    with client.get("export", "/v1/users/export", stream=True, timeout=600) as response:
        began = time.perf_counter()
        size = sum(len(part) for part in response.iter_content(1 << 20))
    _told(report, "streamed", size, time.perf_counter() - began)
    peak = _megabytes(suite, "serve")
    report.fact(
        f"{'peak of the web worker (before: ' + f'{before:.0f} MB)':<58} {peak:6.0f} MB   {GOAL}"
    )


def _make(report: Report, suite: Apart, client: Client) -> None:
    before = _megabytes(suite, "consume")
    began = time.perf_counter()
    path = client.post("export", "/v1/exports", json={}).headers["Location"]
    eventually(lambda: _is_done(client, path), timeout=900)
    job = client.get("export", path).json()
    _told(report, "made as a job", job["size_bytes"], time.perf_counter() - began)
    peak = _megabytes(suite, "consume")
    report.fact(
        f"{'peak of the process (before: ' + f'{before:.0f} MB)':<58} {peak:6.0f} MB   {GOAL}"
    )
    for name, headers in (
        ("its file, whole", {}),
        ("its second half", {"Range": f"bytes={job['size_bytes'] // 2}-"}),
    ):
        began = time.perf_counter()
        with client.get("export", f"{path}/file", headers=headers, stream=True) as response:
            response.raise_for_status()
            size = sum(len(part) for part in response.iter_content(1 << 20))
        _told(report, name, size, time.perf_counter() - began)


def _is_done(client: Client, path: str) -> bool:
    with suppress(requests.ConnectionError):
        job = client.get("export", path).json()
        assert job["state"] in ("queued", "running", "done"), job
        return bool(job["state"] == "done")
    return False


def _told(report: Report, name: str, size: int, seconds: float) -> None:
    report.fact(
        f"{name:<58} {seconds:6.1f} s    {size / 1e6:.0f} MB, {size / 1e6 / seconds:.0f} MB/s"
    )


def _megabytes(suite: Apart, role: str) -> float:
    """The most memory that a process of export in this role ever held."""
    (process,) = suite.processes["export", role]
    return max(_peak_of(pid) for pid in _group(process))


def _group(process: Process) -> list[int]:
    pids = (int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit())
    found = []
    for pid in pids:
        with suppress(ProcessLookupError):
            if os.getpgid(pid) == process.pid:
                found.append(pid)
    return found


def _peak_of(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
