"""R82: a mass update whose process is killed goes on elsewhere, and changes nobody twice."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pymongo import MongoClient

from staffroll.local import Mongod
from tests.support.apart import Apart, all_running
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import eventually

EMPLOYEES = 40
FINAL = ("done", "failed", "cancelled")


@pytest.fixture(scope="module")
def suite(
    mongod: Mongod, rabbitmq: RabbitNode, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Apart]:
    with all_running(mongod.uri, rabbitmq.url, tmp_path_factory.mktemp("mass-updates")) as suite:
        yield suite


@pytest.mark.long
def test_r82_killed_in_the_middle_it_goes_on_and_changes_nobody_twice(
    suite: Apart, mongod: Mongod
) -> None:
    acme = suite.tenant()
    ids = [_somebody(acme) for _ in range(EMPLOYEES)]
    employees = suite.database("scheduling")["employees"]
    there = {"_id": {"$in": ids}, "state": "confirmed"}
    eventually(lambda: employees.count_documents(there) == EMPLOYEES, timeout=60)
    body = {"name": secrets.token_hex(4), "weekly_minutes": 2400}
    contract = acme.post("scheduling", "/v1/contracts", json=body).json()["id"]
    change = {"contract": {"contract_id": contract, "valid_from": "2026-01-01"}}
    having = {"own.assignments.target_id": contract}

    with _slow_writes(mongod.uri):
        wish = {"employees": ids, "change": change}
        started = acme.post("scheduling", "/v1/mass-updates", json=wish)
        eventually(lambda: employees.count_documents(having) >= 3, timeout=60)
        suite.kill("scheduling", "consume")
    done_by_the_killed = employees.count_documents(having)
    suite.start("scheduling", "consume")

    path = f"/v1/mass-updates/{started.json()['id']}"
    eventually(lambda: acme.get("scheduling", path).json()["state"] in FINAL, timeout=90)
    job = acme.get("scheduling", path).json()
    results = acme.get("scheduling", f"{path}/results?limit=200").json()["items"]
    assert 3 <= done_by_the_killed < EMPLOYEES
    assert (job["state"], job["counts"]) == ("done", {"done": EMPLOYEES})
    assert [one["employee_id"] for one in results] == ids
    given = [len(one["own"]["assignments"]) for one in employees.find({"_id": {"$in": ids}})]
    assert given == [1] * EMPLOYEES


def _somebody(acme: Any) -> str:
    unique = secrets.token_hex(6)
    body = {"last_name": "Novák", "first_name": "Jan", "email": f"{unique}@acme.example"}
    id_: str = acme.create("accounts", body).json()["id"]
    return id_


@contextmanager
def _slow_writes(mongodb_uri: str) -> Iterator[None]:
    """Each write of scheduling's consumer takes a third of a second."""
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb_uri)
    slow = {
        "failCommands": ["update"],
        "appName": "scheduling-consume",
        "blockConnection": True,
        "blockTimeMS": 300,
    }
    with client:
        client.admin.command("configureFailPoint", "failCommand", mode="alwaysOn", data=slow)
        try:
            yield
        finally:
            client.admin.command("configureFailPoint", "failCommand", mode="off")
