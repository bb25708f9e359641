"""R95 with real processes: consumers killed in the middle of an import double and lose nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from staffroll.local import Mongod
from tests.support.apart import Apart, Client
from tests.support.waiting import eventually

ROWS = 500


@pytest.fixture
def accounts(mongod: Mongod, tmp_path: Path) -> Iterator[Apart]:
    """Accounts alone, with two consumers."""
    suite = Apart(mongod.uri, "embedded:", tmp_path)
    try:
        suite.start("accounts", "serve")
        suite.start("accounts", "consume", 2)
        suite.wait_until_ready("accounts")
        yield suite
    finally:
        suite.close()


def a_file() -> bytes:
    rows = (f"Berg{number},Ada,berg{number}@x.example\r\n" for number in range(ROWS))
    return ("Last name,First name,Email\r\n" + "".join(rows)).encode()


def job_of(client: Client, path: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get("accounts", path).json()
    return found


def has_done(client: Client, path: str, least: int) -> bool:
    return bool(job_of(client, path)["done"] >= least)


def let_leases_run_out(suite: Apart) -> None:
    """As if half a minute had passed."""
    jobs = suite.database("accounts")["jobs"]
    jobs.update_many(
        {"due_at": {"$exists": True}}, {"$set": {"due_at": datetime(2026, 1, 1, tzinfo=UTC)}}
    )


@pytest.mark.long
def test_r95_consumers_that_are_killed_double_and_lose_nobody(accounts: Apart) -> None:
    client = accounts.tenant_in_accounts()
    started = client.post(
        "accounts", "/v1/imports", data=a_file(), headers={"Content-Type": "text/csv"}
    )
    path = started.headers["Location"]

    for least in (1, 101, 301):
        eventually(partial(has_done, client, path, least), 60)
        accounts.kill("accounts", "consume")
        let_leases_run_out(accounts)
        accounts.start("accounts", "consume", 2)
    eventually(lambda: job_of(client, path)["state"] == "done", 60)

    job = job_of(client, path)
    assert (job["done"], job["counts"]) == (ROWS, {"created": ROWS})
    users = accounts.database("accounts")["users"]
    names = Counter(one["last_name"] for one in users.find({"last_name": {"$regex": "^Berg"}}))
    assert names == {f"Berg{number}": 1 for number in range(ROWS)}
    lines = [
        one["line"]
        for piece in accounts.database("accounts")["job_results"].find({}).sort("n")
        for one in piece["results"]
    ]
    assert lines == list(range(2, ROWS + 2))
    eventually(lambda: not users.count_documents({"outbox.0": {"$exists": True}}), 60)
    eventually(lambda: not accounts.database("accounts")["job_files"].count_documents({}), 60)
