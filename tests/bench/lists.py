"""The user list at 100,000 users of one tenant: pages and searches over HTTP."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from staffroll import clock
from staffroll.ids import new_id
from staffroll.web.pages import cookies
from staffroll_accounts.domain.users import User
from staffroll_accounts.store.users import to_document
from tests.bench.figures import Report, repeated
from tests.bench.load import Connection
from tests.load.population import humans
from tests.support.apart import Apart

USERS = 100_000
GOAL = "goal: p99 under 50 ms"


def measure(report: Report, mongodb_uri: str, folder: Path) -> None:
    suite = Apart(mongodb_uri, "embedded:", folder)
    try:
        suite.start("accounts", "serve")
        suite.start("accounts", "consume")
        suite.wait_until_ready("accounts")
        acme = suite.tenant_in_accounts()
        _fill(suite, acme.tenant_id)
        report.title(f"The user list at {USERS:,} users")
        _pages(report, Connection(suite.url("accounts"), acme.token))
        _in_a_browser(report, suite.url("accounts"), acme.token)
    finally:
        suite.close()


def _fill(suite: Apart, tenant_id: str) -> None:
    users = suite.database("accounts")["users"]
    roles = [
        role["_id"] for role in suite.database("accounts")["roles"].find({"tenant_id": tenant_id})
    ]
    batch: list[dict[str, Any]] = []
    for human in islice(humans(), USERS):
        user = User(
            id=new_id(),
            version=1,
            status="active" if human.is_active else "deactivated",
            first_name=human.first_name,
            last_name=human.last_name,
            email=human.email,
            language="en",
            time_zone="Europe/Berlin",
            created_at=clock.now(),
            created_in="accounts",
            roles=(roles[int(human.role * len(roles))],),
        )
        waiting: dict[str, Any] = {"outbox": [], "mails": [], "audit": []}
        stored = to_document(user) | waiting
        batch.append({**stored, "tenant_id": tenant_id, "revision": 1})
        if len(batch) == 2000:
            users.insert_many(batch)
            batch = []
    if batch:
        users.insert_many(batch)


def _pages(report: Report, connection: Connection) -> None:
    def asked(name: str, path: str, count: int = 200) -> Any:
        answer = connection.request("GET", path)
        taken = repeated(count, lambda _: connection.request("GET", path))
        report.times(f"{name} ({answer['total']:,} found)", taken, GOAL)
        return answer

    first = asked("first page", "/v1/users")
    cursor = first["next_cursor"]
    for _ in range(20):
        cursor = connection.request("GET", f"/v1/users?limit=200&cursor={cursor}")["next_cursor"]
    asked("a page far in", f"/v1/users?cursor={cursor}")
    asked("unbilled tab", "/v1/users?status=unbilled")
    for name, query in (
        ("one letter", "a"),
        ("two letters", "mu"),
        ("common name", "muller"),
        ("rare: one user's address", first["items"][7]["email"]),
        ("last and first name", "muller anna"),
        ("five terms", "muller, schmidt, garcia, rossi, novak"),
        ("nobody", "zzzzzz"),
    ):
        asked(f"search, {name}", f"/v1/users?q={quote(query)}")
    role = first["items"][0]["roles"][0]
    asked("role filter", f"/v1/users?role={role}")
    asked("search and role", f"/v1/users?q=muller&role={role}")


def _in_a_browser(report: Report, url: str, token: str) -> None:
    """The first page as a person gets it: how long it takes to make, and what it weighs."""
    session = requests.Session()
    session.cookies.set(cookies.ACCESS, token)
    page = session.get(f"{url}/users")
    assert page.status_code == 200, page.text
    taken = repeated(200, lambda _: session.get(f"{url}/users", stream=True).raw.read())
    report.times("first page of the list, in a browser", taken, "goal: under 60 ms")
    files = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page.text)
    weights = [_weight(session, f"{url}{path}") for path in ["/users", *files]]
    report.fact(
        f"weight of that page: {sum(weights) / 1000:.1f} kB on the first visit (goal: under 150), "
        f"{weights[0] / 1000:.1f} kB after (goal: under 20)"
    )


def _weight(session: requests.Session, url: str) -> int:
    """Bytes of the body on the wire."""
    with session.get(url, stream=True, headers={"Accept-Encoding": "gzip"}) as answer:
        return len(answer.raw.read())
