"""From created to visible everywhere, one at a time and under load, on both buses."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from tests.bench.figures import Report
from tests.bench.load import Connection, create_many, new_human
from tests.support.apart import SERVICES, Apart
from tests.support.waiting import eventually

FOLLOWERS = {"scheduling": "employees", "people": "people", "export": "rows"}
ONE_BY_ONE = 200
STORM = 1500
STEADY_PER_SECOND = 80
STEADY_SECONDS = 20


def measure(report: Report, mongodb_uri: str, broker_url: str, folder: Path) -> None:
    for name, url in (("RabbitMQ", broker_url), ("embedded", "embedded:")):
        goal = "goal: p50 under 20 ms" if name == "RabbitMQ" else "goal: p50 under 30 ms"
        suite = Apart(mongodb_uri, url, folder)
        try:
            suite.start_all()
            report.title(f"Synchronisation on {name}, services apart")
            acme = suite.tenant()
            connection = Connection(suite.url("accounts"), acme.token)
            _one_by_one(report, suite, connection, goal)
            if name == "RabbitMQ":
                _under_load(report, suite, acme.token, mongodb_uri)
        finally:
            suite.close()


def _one_by_one(report: Report, suite: Apart, connection: Connection, goal: str) -> None:
    collections = [suite.database(name)[collection] for name, collection in FOLLOWERS.items()]
    answered: list[float] = []
    visible: list[float] = []
    for number in range(ONE_BY_ONE + 20):
        began = time.perf_counter()
        id_ = connection.request("POST", "/v1/users", new_human())["id"]
        answer = time.perf_counter() - began
        for collection in collections:
            while collection.find_one({"_id": id_}, {"_id": 1}) is None:
                time.sleep(0.0005)
        if number >= 20:  # the first ones warm up caches and connections
            answered.append(answer)
            visible.append(time.perf_counter() - began)
    report.times("POST /v1/users answered", answered)
    report.times("created → in all three other databases", visible, goal)


def _under_load(report: Report, suite: Apart, token: str, mongodb_uri: str) -> None:
    url = suite.url("accounts")
    for service in FOLLOWERS:
        suite.stop(service, "consume")
    seconds, taken, ids = create_many(url, token, STORM, threads=4)
    report.rate("creations, nobody listening", len(ids), seconds)
    for service in FOLLOWERS:
        suite.start(service, "consume")
    began = time.perf_counter()
    _wait_for(suite, ids)
    report.rate("catching up, all three", len(ids), time.perf_counter() - began)

    before = _writes(mongodb_uri, suite)
    seconds, taken, ids = create_many(url, token, STORM, threads=4)
    _wait_for(suite, ids)
    report.rate("creations, all listening", len(ids), seconds)
    report.times("  each answered", taken)
    eventually(lambda: _is_drained(suite), timeout=60)
    _account_for(report, before, _writes(mongodb_uri, suite), len(ids), suite)

    steady = STEADY_PER_SECOND * STEADY_SECONDS
    began = time.perf_counter()
    seconds, taken, ids = create_many(url, token, steady, threads=8, per_second=STEADY_PER_SECOND)
    _wait_for(suite, ids)
    report.rate(
        f"steady creations for {STEADY_SECONDS} s, all in step",
        len(ids),
        seconds,
        "goal: 80 /s sustained",
    )
    report.times("  each answered", taken)
    lag = time.perf_counter() - began - seconds
    report.fact(f"  in step {lag * 1000:.0f} ms after the last answer")


def _wait_for(suite: Apart, ids: Iterable[str]) -> None:
    wanted = list(ids)
    for name, collection in FOLLOWERS.items():
        documents = suite.database(name)[collection]
        eventually(
            lambda d=documents: d.count_documents({"_id": {"$in": wanted}}) == len(wanted),
            timeout=120,
        )


def _is_drained(suite: Apart) -> bool:
    collections = {"accounts": "users", "scheduling": "employees", "people": "people"}
    waits = {"$or": [{"outbox.0": {"$exists": True}}, {"audit.0": {"$exists": True}}]}
    return all(
        suite.database(name)[collection].find_one(waits) is None
        for name, collection in collections.items()
    )


def _writes(uri: str, suite: Apart) -> Counter[str]:
    client: MongoClient[dict[str, Any]] = MongoClient(uri)
    with client:
        totals = client.admin.command("top")["totals"]
    counted: Counter[str] = Counter()
    for namespace, figures in totals.items():
        if namespace.startswith(suite.prefix):
            for kind in ("insert", "update", "remove"):
                counted[f"{namespace.removeprefix(suite.prefix)} {kind}"] = figures[kind]["count"]
    return counted


def _account_for(
    report: Report, before: Counter[str], after: Counter[str], count: int, suite: Apart
) -> None:
    report.fact("  database writes for one creation, by collection:")
    total = 0.0
    for name in sorted(after):
        each = (after[name] - before[name]) / count
        if each >= 0.005:
            total += each
            report.fact(f"    {name:<40} {each:5.2f}")
    report.fact(f"    {'together':<40} {total:5.2f}   ({len(SERVICES)} services)")
