"""A working day of a tenant with 100,000 people, on RabbitMQ, every service apart."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from staffroll.local import Mongod
from tests.bench import parts
from tests.bench.cpu import Usage, megabytes_of, used_by
from tests.bench.figures import Report, percentile, repeated
from tests.bench.load import Connection, new_human
from tests.load.acts import Acts, Caller
from tests.load.charts import bars, spans
from tests.load.markdown import milliseconds, table
from tests.load.outcome import Outcome
from tests.load.pace import Done, at_its_pace
from tests.load.population import COLLECTIONS, Population
from tests.load.schedule import DAY, Part, drawn
from tests.load.watching import FOLLOWERS, Arrivals
from tests.support.apart import SERVICES, Apart, Client
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import eventually

THREADS: Final = 24
SEED: Final = 1
ONE_BY_ONE: Final = 200
STEADY: Final = Part("creations", 1.0, {"create a user": 50.0})
STEADY_SECONDS: Final = 20.0

_SHARES: Final = (0.5, 0.95, 0.99, 1.0)


@dataclass(slots=True)
class Found:
    """All that was measured, in the order in which it was."""

    people: int
    minutes: float
    pace: float = 1.0
    bare: Mapping[str, float] = field(default_factory=dict)
    one_by_one: Mapping[str, Sequence[float]] = field(default_factory=dict)
    day: Sequence[Done] = ()
    used: Usage = field(default_factory=lambda: Usage({}))
    megabytes: Mapping[str, float] = field(default_factory=dict)
    delays: dict[str, Sequence[float]] = field(default_factory=dict)
    steady: Sequence[Done] = ()
    export: str = ""
    in_step: str = ""


def measure(
    mongod: Mongod, folder: Path, *, people: int, minutes: float, pace: float = 1.0
) -> Outcome:
    broker = RabbitNode(on_disk=True)
    suite = Apart(mongod.uri, broker.url, folder)
    suite.ready_seconds = 240
    suite.environ |= {
        "STAFFROLL_TRUSTED_PROXIES": "1",
        "STAFFROLL_ACCESS_TOKEN_SECONDS": "7200",
    }
    for name in ("TIME_COST", "MEMORY_KIB"):
        del suite.environ[f"STAFFROLL_ARGON2_{name}"]  # hashes as dear as in production
    found = Found(people, minutes, pace)
    try:
        broker.start(timeout=240)
        found.bare = _bare(mongod.uri, broker.url)
        suite.start_all()
        acme = suite.tenant()
        population = Population(suite, acme, SERVICES, everybody_active=True)
        _fill(suite, population, people)
        client = Client(suite, acme.tenant_id, acme.email)
        found.one_by_one = _one_by_one(suite, client)
        _live(found, suite, client, population, _groups(suite, broker, mongod))
        found.in_step = "; ".join(suite.command("check").strip().splitlines())
    finally:
        suite.close()
        broker.remove()
    return outcome(found)


def _bare(mongodb_uri: str, broker_url: str) -> dict[str, float]:
    """Seconds of each bare part, in the middle."""
    report = Report()
    parts.measure(report, mongodb_uri, broker_url)
    return {name: percentile(seconds, 0.5) for name, seconds in report.taken}


def _fill(suite: Apart, population: Population, people: int) -> None:
    began = time.perf_counter()
    for service in SERVICES:
        for role in ("serve", "consume"):
            suite.stop(service, role)
    population.grow_to(people)
    suite.start_missing()
    print(f"{people:,} people after {time.perf_counter() - began:.0f} s", flush=True)


def _groups(suite: Apart, broker: RabbitNode, mongod: Mongod) -> dict[str, int]:
    """Process groups by name."""
    return {
        **{
            f"{service} {role}": suite.processes[service, role][0].pid
            for service in SERVICES
            for role in ("serve", "consume")
        },
        "RabbitMQ": os.getpgid(broker._vm()),
        "MongoDB": mongod.pid or 0,
        "the clients": os.getpgid(0),
    }


def _one_by_one(suite: Apart, client: Client) -> dict[str, Sequence[float]]:
    connection = Connection(suite.url("accounts"), client.token)
    ids: list[str] = []

    def create(_: int) -> None:
        ids.append(connection.request("POST", "/v1/users", new_human())["id"])

    repeated(20, create)
    return {
        "create a user": repeated(ONE_BY_ONE, create),
        "read a user": repeated(
            ONE_BY_ONE, lambda turn: connection.request("GET", f"/v1/users/{ids[turn]}")
        ),
    }


def _live(
    found: Found, suite: Apart, client: Client, population: Population, groups: dict[str, int]
) -> None:
    roles = [item["id"] for item in client.get("accounts", "/v1/roles").json()["items"]]
    acts = Acts(client, population, roles)

    def connect() -> Caller:
        return Caller(suite, client.token)

    seconds = found.minutes * 60
    exporting = threading.Timer(seconds / 2, lambda: _export(found, client))
    with Arrivals(suite) as arrivals:
        before = used_by(groups)
        exporting.start()
        found.day = at_its_pace(drawn(DAY, seconds, SEED, pace=found.pace), acts, connect, THREADS)
        found.used = used_by(groups).since(before)
        found.megabytes = megabytes_of(groups)
        exporting.join()
        found.delays["all day"] = _delays(arrivals, found.day)
        found.steady = at_its_pace(drawn([STEADY], STEADY_SECONDS, SEED), acts, connect, THREADS)
        rate = STEADY.per_second["create a user"]
        name = f"{rate:.0f} creations a second for {STEADY_SECONDS:.0f} s"
        found.delays[name] = _delays(arrivals, found.steady)
    eventually(lambda: _is_drained(suite), timeout=120)


def _delays(arrivals: Arrivals, done: Sequence[Done]) -> list[float]:
    sent = {
        one.answer.body["id"]: one.sent_at
        for one in done
        if one.kind == "create a user" and one.answer.is_good
    }
    eventually(lambda: arrivals.seen_everywhere(list(sent)), timeout=120)
    return arrivals.delays(sent)


def _is_drained(suite: Apart) -> bool:
    waits = {"outbox.0": {"$exists": True}}
    return all(
        suite.database(name)[collection].find_one(waits) is None
        for name, collection in COLLECTIONS.items()
    )


def _export(found: Found, client: Client) -> None:
    began = time.perf_counter()
    path = client.post("export", "/v1/exports", json={}).headers["Location"]
    job: dict[str, Any] = {}

    def is_done() -> bool:
        job.update(client.get("export", path).json())
        return job["state"] in ("done", "failed")

    eventually(is_done, timeout=600)
    taken = time.perf_counter() - began
    found.export = (
        f"An export of all as CSV, at noon: {job['state']} after {taken:.1f} s, "
        f"{job.get('size_bytes', 0) / 1e6:.1f} MB."
    )


def outcome(found: Found) -> Outcome:
    seconds = found.minutes * 60
    by_kind = _by_kind(found.day)
    errors = Counter(one.kind for one in found.day if not one.answer.is_good)
    rows = [
        (
            kind,
            f"{len(taken):,}",
            f"{len(taken) / seconds:.1f}",
            *(milliseconds(percentile(taken, share)) for share in _SHARES),
            errors[kind],
        )
        for kind, taken in by_kind.items()
    ]
    everything = [one.seconds for one in found.day]
    rows.append(
        (
            "**together**",
            f"{len(everything):,}",
            f"{len(everything) / seconds:.1f}",
            *(milliseconds(percentile(everything, share)) for share in _SHARES),
            sum(errors.values()),
        )
    )
    head = ["request", "count", "a second", "p50 ms", "p95 ms", "p99 ms", "longest ms", "errors"]
    late = percentile([one.late_seconds for one in found.day], 0.99)
    notes = [
        f"{found.people:,} people, {found.minutes:g} minutes, {found.pace:g} of the pace.",
        f"Who sent them was at most {milliseconds(late)} ms late (p99), which is counted.",
        found.export,
        f"Afterwards `staffroll check`: {found.in_step}.",
    ]
    if wrong := _wrong(found.day):
        notes.insert(0, wrong)
    day = f"{table(head, rows)}\n\n" + "\n".join(f"- {note}" for note in notes)
    return Outcome(
        {
            "day": day,
            "processes": _processes(found),
            "sync": _sync(found),
            "overhead": _overhead(found),
        },
        {
            "load-day.svg": spans(
                "Milliseconds of each kind of request: p50, p95, p99",
                "ms",
                {
                    kind: (
                        1000 * percentile(taken, 0.5),
                        1000 * percentile(taken, 0.95),
                        1000 * percentile(taken, 0.99),
                    )
                    for kind, taken in by_kind.items()
                },
            ),
            "load-cpu.svg": bars(
                "Share of one core that each process used",
                "%",
                {name: 100 * used / seconds for name, used in found.used.seconds.items()},
            ),
        },
    )


def _wrong(done: Sequence[Done]) -> str:
    """What was answered but what was wanted; empty: nothing."""
    counts = Counter((one.kind, one.answer.status) for one in done if not one.answer.is_good)
    told = (
        f"{count} × {kind}: {status or 'no answer'}" for (kind, status), count in counts.items()
    )
    return f"Errors: {', '.join(told)}." if counts else ""


def _by_kind(done: Sequence[Done]) -> dict[str, list[float]]:
    found = defaultdict(list)
    for one in done:
        found[one.kind].append(one.seconds)
    return dict(sorted(found.items()))


def _processes(found: Found) -> str:
    seconds = found.minutes * 60
    return table(
        ["process", "CPU s", "of one core", "memory MB"],
        [
            *(
                (name, f"{used:.1f}", f"{used / seconds:.0%}", f"{found.megabytes[name]:.0f}")
                for name, used in found.used.seconds.items()
            ),
            (
                "**together**",
                f"{found.used.together:.1f}",
                f"{found.used.together / seconds:.0%}",
                f"{sum(found.megabytes.values()):.0f}",
            ),
        ],
    )


def _sync(found: Found) -> str:
    answered = {
        "all day": [one.seconds for one in found.day if one.kind == "create a user"],
        list(found.delays)[-1]: [one.seconds for one in found.steady],
    }
    rows = [
        (f"{name}: {what}", len(taken), *(milliseconds(percentile(taken, s)) for s in _SHARES))
        for name, delays in found.delays.items()
        for what, taken in (
            ("answered", answered[name]),
            (f"from sent until in all {len(FOLLOWERS)} others' databases", delays),
        )
    ]
    shown = table(["creations", "count", "p50 ms", "p95 ms", "p99 ms", "longest ms"], rows)
    return f"{shown}\n\n{_wrong(found.steady)}".strip()


def _overhead(found: Found) -> str:
    insert, find, publish, route = found.bare.values()
    ours = {name: percentile(taken, 0.5) for name, taken in found.one_by_one.items()}
    rows = [
        ("bare insert, majority and journal", milliseconds(insert), ""),
        ("bare find", milliseconds(find), ""),
        ("bare publish to a quorum queue, confirmed", milliseconds(publish), ""),
        ("bare gunicorn route", milliseconds(route), ""),
        _ratio(
            "`POST /v1/users`, one at a time",
            ours["create a user"],
            insert + route,
            "insert and route",
        ),
        _ratio(
            "`GET /v1/users/{id}`, one at a time",
            ours["read a user"],
            find + route,
            "find and route",
        ),
    ]
    return table(["p50", "ms", "as a multiple"], rows)


def _ratio(name: str, ours: float, bare: float, of: str) -> tuple[str, str, str]:
    return name, milliseconds(ours), f"{ours / bare:.1f} × {of}"
