"""One tenant that grows: what each request costs, and by which plan the database answers it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import requests

from staffroll.local import Mongod
from staffroll.web.lists import Position
from staffroll.web.pages import cookies
from tests.bench.cpu import used_by
from tests.bench.figures import percentile, repeated, stopwatch
from tests.bench.load import Connection, LeanConnection, new_human
from tests.load.charts import lines
from tests.load.markdown import milliseconds, table
from tests.load.outcome import Outcome
from tests.load.plans import Plan, plans_of
from tests.load.population import Population
from tests.support.apart import PASSWORD, Apart, Client

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
SERVER: Final = "accounts-serve"
STEADY: Final = "list, 20 a second for 10 s"

_MOST_CALLS: Final = 150
_MOST_SECONDS: Final = 3.0
_STEADY_SECONDS: Final = 10.0
_STEADY_PER_SECOND: Final = 20

_DRAWN: Final = (
    "list, first page",
    "list, deep page",
    "search, one letter",
    "search, last name",
    "search, whole e-mail",
    "filter by role",
    "security overview",
    "create",
    "sign in",
)

Act = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one kind of request at one size.

    Attributes:
        first: Of the first one, for which nothing is counted yet; while the database notes how
            it answers.
        cpu: Seconds of CPU of one of the rest, in accounts and in the database.
    """

    first: float
    rest: Sequence[float]
    cpu: tuple[float, float] = (0.0, 0.0)
    plans: Sequence[Plan] = ()

    @property
    def p50(self) -> float:
        return percentile(self.rest, 0.5)

    @property
    def p99(self) -> float:
        return percentile(self.rest, 0.99)

    @property
    def keys(self) -> int:
        return sum(plan.keys for plan in self.plans)


Costs = Mapping[str, Cost]


def measure(mongod: Mongod, folder: Path, sizes: Sequence[int]) -> Iterator[Outcome]:
    """What was found so far, after each size."""
    suite = Apart(mongod.uri, "embedded:", folder)
    suite.ready_seconds = 240
    suite.environ |= {"STAFFROLL_TRUSTED_PROXIES": "1", "STAFFROLL_ACCESS_TOKEN_SECONDS": "3600"}
    try:
        _start(suite)
        acme = suite.tenant_in_accounts()
        population = Population(suite, acme, ["accounts"], everybody_active=False)
        found: dict[int, Costs] = {}
        for size in sizes:
            for role in ("serve", "consume"):
                suite.stop("accounts", role)
            began = time.perf_counter()
            population.grow_to(size)
            print(f"\n{size:,} users, after {time.perf_counter() - began:.0f} s", flush=True)
            _start(suite)
            requesting = Requests(suite, Client(suite, acme.tenant_id, acme.email), population)
            web = suite.processes["accounts", "serve"][0].pid
            groups = {"accounts": web, "database": mongod.pid or 0}
            found[size] = _costs(suite, requesting, groups)
            yield outcome(found)
    finally:
        suite.close()


def _start(suite: Apart) -> None:
    suite.start("accounts", "serve")
    suite.start("accounts", "consume")
    suite.wait_until_ready("accounts")


class Requests:
    """What is asked at each size, by name."""

    def __init__(self, suite: Apart, client: Client, population: Population) -> None:
        self._suite = suite
        self._tenant_id = client.tenant_id
        self._population = population
        self._token = client.token
        self._browser = requests.Session()
        self._browser.cookies.set(cookies.ACCESS, client.token)
        self._turns = itertools.count(1)
        self.connect()

    def connect(self) -> None:
        """Anew; the server closes connections on which nothing is asked for some seconds."""
        self._connection = Connection(self._suite.url("accounts"), self._token)
        self._lean = LeanConnection(self._suite.url("accounts"))

    def all(self) -> dict[str, Act]:
        """Searches are for who is there at every size."""
        middle = self._population.emails[self._population.size // 2]
        role = self._get("/v1/users?limit=1")["items"][0]["roles"][0]
        paths = {
            "list, first page": "/v1/users",
            "list, deep page": f"/v1/users?cursor={self._deep()}",
            "list, unbilled tab": "/v1/users?status=unbilled",
            "search, one letter": "/v1/users?q=a",
            "search, two letters": "/v1/users?q=mu",
            "search, last name": "/v1/users?q=muller",
            "search, last and first name": "/v1/users?q=muller%20anna",
            "search, five names": f"/v1/users?q={quote('muller, schmidt, garcia, rossi, novak')}",
            "search, whole e-mail": f"/v1/users?q={quote(middle)}",
            "search, nobody": "/v1/users?q=zzzzzz",
            "filter by role": f"/v1/users?role={role}",
            "search and role": f"/v1/users?q=muller&role={role}",
            "security overview": "/v1/security",
        }
        pages = {
            "page: a second factor": "/security/users?state=on",
            "page: no second factor": "/security/users?state=off",
            "page: roles": "/roles",
        }
        return {
            **{name: self._getting(path) for name, path in paths.items()},
            **{name: self._browsing(path) for name, path in pages.items()},
            "read one": lambda _: self._get(f"/v1/users/{self._somebody()}"),
            "create": lambda _: self._connection.request("POST", "/v1/users", new_human()),
            "edit": lambda number: self._connection.request(
                "PATCH",
                f"/v1/users/{self._somebody()}",
                {"first_name": f"Edited {number}"},
            ),
            "sign in": lambda _: self._sign_in(),
        }

    def _get(self, path: str) -> Any:
        return self._connection.request("GET", path)

    def _getting(self, path: str) -> Act:
        return lambda _: self._get(path)

    def _browsing(self, path: str) -> Act:
        def act(_: int) -> None:
            response = self._browser.get(f"{self._suite.url('accounts')}{path}", timeout=60)
            assert response.status_code == 200, response.text

        return act

    def _deep(self) -> str:
        """Where the second half of the list begins."""
        users = self._suite.database("accounts")["users"]
        where = {"tenant_id": self._tenant_id, "status": "active", "sort": {"$gte": "m"}}
        order = [("sort", 1), ("_id", 1)]
        found = users.find_one(where, {"sort": 1}, sort=order, hint="in_order")
        return Position(found["sort"], found["_id"]).to_cursor()

    def _somebody(self) -> str:
        """Somebody else each time, far from the one before."""
        return self._population.ids[next(self._turns) * 7919 % self._population.size]

    def _sign_in(self) -> None:
        number = next(self._turns)
        for _ in range(20):  # some are deactivated
            email = self._population.emails[next(self._turns) * 7919 % self._population.size]
            body = {"tenant": self._tenant_id, "email": email, "password": PASSWORD}
            address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            if self._lean.post("/v1/sign-in", body, address) == 200:
                return
        raise AssertionError("nobody can sign in")


def _costs(suite: Apart, requesting: Requests, groups: Mapping[str, int]) -> Costs:
    """First each once, of a server that has just begun, so that nothing is counted yet and no
    count is renewed meanwhile; then each again and again."""
    acts = requesting.all()
    found: dict[str, Cost] = {}
    for name, act in acts.items():
        requesting.connect()
        found[name] = _looked_at(suite.database("accounts"), act)
    several = {**dict.fromkeys(acts, _again_and_again), STEADY: _steadily}
    for name, often in several.items():
        requesting.connect()
        before = used_by(groups)
        taken = often(acts.get(name, acts["list, first page"]))
        used = used_by(groups).since(before).seconds
        cpu = used["accounts"] / len(taken), used["database"] / len(taken)
        found[name] = replace(found.get(name, Cost(taken[0], taken)), rest=taken, cpu=cpu)
        _tell(name, found[name])
    return found


def _looked_at(database: Any, act: Act) -> Cost:
    taken: list[float] = []
    plans = plans_of(database, SERVER, lambda: taken.extend(repeated(1, act)))
    return Cost(taken[0], taken, plans=plans)


def _again_and_again(act: Act) -> list[float]:
    taken: list[float] = []
    deadline = time.perf_counter() + _MOST_SECONDS
    while len(taken) < _MOST_CALLS and (time.perf_counter() < deadline or len(taken) < 3):
        with stopwatch(taken):
            act(len(taken))
    return taken


def _steadily(act: Act) -> list[float]:
    """As people work: what was counted grows old meanwhile."""
    taken: list[float] = []
    for number in range(int(_STEADY_SECONDS * _STEADY_PER_SECOND)):
        began = time.perf_counter()
        with stopwatch(taken):
            act(number)
        time.sleep(max(0.0, 1 / _STEADY_PER_SECOND - (time.perf_counter() - began)))
    return taken


def _tell(name: str, cost: Cost) -> None:
    print(
        f"{name:<32} p50 {1000 * cost.p50:9.2f} ms  p99 {1000 * cost.p99:9.2f} ms"
        f"  first {1000 * cost.first:9.2f} ms"
        f"  cpu {1000 * cost.cpu[0]:8.2f} + {1000 * cost.cpu[1]:8.2f} ms",
        flush=True,
    )


def outcome(found: Mapping[int, Costs]) -> Outcome:
    sizes = list(found)
    names = list(found[sizes[-1]])
    heads = [f"{size:,}" for size in sizes]
    grown = table(
        ["p50 / p99 in ms, at … users", *heads],
        ((name, *(_both(found[size][name]) for size in sizes)) for name in names),
    )
    first = table(
        ["the first request, in ms", *heads],
        (
            (name, *(milliseconds(found[size][name].first) for size in sizes))
            for name in names
            if name.startswith(("list,", "search", "filter", "security"))
        ),
    )
    keys = table(
        ["index keys looked at", *heads],
        (
            (name, *(f"{found[size][name].keys:,}" for size in sizes))
            for name in names
            if found[sizes[-1]][name].plans
        ),
    )
    cpu = table(
        ["CPU ms of one, accounts + database", *heads],
        ((name, *(_cpu(found[size][name]) for size in sizes)) for name in names),
    )
    picture = lines(
        "CPU milliseconds of a request, by users of the tenant",
        sizes,
        {
            name: [1000 * sum(found[size][name].cpu) for size in sizes]
            for name in _DRAWN
            if name in names
        },
    )
    parts = {
        "growth": grown,
        "cpu": cpu,
        "first": first,
        "keys": keys,
        "plans": _plans(found[sizes[-1]]),
    }
    return Outcome(parts, {"load-growth.svg": picture})


def _both(cost: Cost) -> str:
    return f"{milliseconds(cost.p50)} / {milliseconds(cost.p99)}"


def _cpu(cost: Cost) -> str:
    return " + ".join(f"{1000 * seconds:.1f}" for seconds in cost.cpu)


def _plans(costs: Costs) -> str:
    """Each plan where it stands first; not those that find one document by its id."""
    rows, known = [], set[Plan]()
    for name, cost in costs.items():
        new = [plan for plan in cost.plans if not (_is_by_id(plan) or plan in known)]
        known.update(new)
        rows += [
            (
                name if number == 0 else "",
                f"{plan.collection} {plan.command}",
                _way(plan),
                f"{plan.keys:,}",
                f"{plan.documents:,}",
                f"{plan.returned:,}",
            )
            for number, plan in enumerate(new)
        ]
    return table(["request", "asks", "by index", "keys", "documents", "answers"], rows)


def _is_by_id(plan: Plan) -> bool:
    return plan.way == "_id_" and plan.keys <= 1


def _way(plan: Plan) -> str:
    named = f"`{plan.way}`" if plan.way else ""
    return f"{named}, then sorted" if plan.sorts else named
