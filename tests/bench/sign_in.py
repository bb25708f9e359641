"""Signing in against bare Argon2 at the same parameters, and what others feel meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from argon2 import PasswordHasher
from joserfc.jwk import OKPKey

from staffroll.web.tokens import KeyRing, verify
from tests.bench.figures import Report, stopwatch
from tests.bench.load import Connection
from tests.support.apart import PASSWORD, Apart

AT_ONCE = 2
SECONDS = 10.0
TIME_COST, MEMORY_KIB = 2, 19_456


def measure(report: Report, mongodb_uri: str, folder: Path) -> None:
    suite = Apart(mongodb_uri, "embedded:", folder)
    suite.environ |= {
        "STAFFROLL_ARGON2_TIME_COST": str(TIME_COST),
        "STAFFROLL_ARGON2_MEMORY_KIB": str(MEMORY_KIB),
        "STAFFROLL_TRIES_PER_ADDRESS": "0",
        "STAFFROLL_TRIES_PER_ACCOUNT": "0",
    }
    try:
        suite.start("accounts", "serve")
        suite.start("accounts", "consume")
        suite.wait_until_ready("accounts")
        acme = suite.tenant_in_accounts()
        report.title("Signing in")
        bare = _bare_argon2(report)
        _sign_ins(report, suite, acme.tenant_id, acme.email, acme.token, bare)
        _verification(report, acme.token, suite)
    finally:
        suite.close()


def _bare_argon2(report: Report) -> float:
    hasher = PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=1)
    hashed = hasher.hash(PASSWORD)
    count = _for_a_while(lambda: hasher.verify(hashed, PASSWORD))
    report.rate(f"bare Argon2id, {AT_ONCE} threads", count, SECONDS)
    return count / SECONDS


def _sign_ins(
    report: Report, suite: Apart, tenant_id: str, email: str, token: str, bare: float
) -> None:
    credentials = {"tenant": tenant_id, "email": email, "password": PASSWORD}
    local = threading.local()

    def sign_in() -> None:
        if not hasattr(local, "connection"):
            local.connection = Connection(suite.url("accounts"), "")
        local.connection.request("POST", "/v1/sign-in", credentials)

    others: list[float] = []
    stop = threading.Event()
    watching = threading.Thread(target=_read_lists, args=(suite, token, others, stop))
    watching.start()
    count = _for_a_while(sign_in)
    stop.set()
    watching.join()
    share = 100 * count / SECONDS / bare
    report.rate(
        f"sign-ins, {AT_ONCE} at once ({share:.0f} % of bare)", count, SECONDS, "goal: 90 %"
    )
    report.times("  a user list meanwhile", others, "goal: p99 under 100 ms")


def _read_lists(suite: Apart, token: str, taken: list[float], stop: threading.Event) -> None:
    connection = Connection(suite.url("accounts"), token)
    while not stop.wait(0.02):
        with stopwatch(taken):
            connection.request("GET", "/v1/users")


def _verification(report: Report, token: str, suite: Apart) -> None:
    (document,) = suite.database("accounts")["keys"].find({})
    keys = [OKPKey.import_key(key["public"]).as_dict() for key in document["keys"]]
    ring = KeyRing(lambda: keys)
    began = time.perf_counter()
    for _ in range(2000):
        verify(token, ring)
    report.rate("access tokens verified, one thread", 2000, time.perf_counter() - began)


def _for_a_while(act: Callable[[], object]) -> int:
    """How often `AT_ONCE` threads do it in `SECONDS`."""
    deadline = time.perf_counter() + SECONDS

    def again_and_again(_: int) -> int:
        count = 0
        while time.perf_counter() < deadline:
            act()
            count += 1
        return count

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(again_and_again, range(AT_ONCE)))
