"""Signing in against bare Argon2 at the same parameters, and what others feel meanwhile."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from joserfc.jwk import OKPKey

from staffroll import clock
from staffroll.ids import new_id
from staffroll.local import Mongod
from staffroll.web.tokens import KeyRing, verify
from staffroll_accounts.domain.security import Security
from staffroll_accounts.domain.users import User
from staffroll_accounts.store.users import to_document
from tests.bench import refusals
from tests.bench.commands import counted
from tests.bench.cpu import Usage, used_by
from tests.bench.figures import Report, stopwatch
from tests.bench.load import Connection, LeanConnection, for_a_while
from tests.support.apart import PASSWORD, Apart, Client

HASHES_AT_ONCE = 2
CLIENTS = 6
"""Enough for the cores never to wait for a journal, and no more than may wait for a hash."""

ROUNDS = 5
ROUND_SECONDS = 3.0
USERS = 400
COUNTED = 40
TIME_COST, MEMORY_KIB = 2, 19_456


def measure(report: Report, mongod: Mongod, folder: Path) -> None:
    suite = Apart(mongod.uri, "embedded:", folder)
    suite.environ |= {
        "STAFFROLL_ARGON2_TIME_COST": str(TIME_COST),
        "STAFFROLL_ARGON2_MEMORY_KIB": str(MEMORY_KIB),
        "STAFFROLL_HASHES_AT_ONCE": str(HASHES_AT_ONCE),
        # The limits stand as they are set by default; the load comes from many addresses.
        "STAFFROLL_TRUSTED_PROXIES": "1",
    }
    try:
        suite.start("accounts", "serve")
        suite.start("accounts", "consume")
        suite.wait_until_ready("accounts")
        acme = suite.tenant_in_accounts()
        crowd = Crowd(suite, acme)
        report.title("Signing in")
        _against_bare(report, suite, mongod, crowd)
        _commands(report, suite, crowd)
        _others_meanwhile(report, suite, acme, crowd)
        _verification(report, acme.token, suite)
        refusals.measure(report, crowd)
    finally:
        suite.close()


class Crowd:
    """Many users of one tenant with one password, each signing in from an address of their own."""

    def __init__(self, suite: Apart, acme: Client) -> None:
        self._url = suite.url("accounts")
        self.tenant_id = acme.tenant_id
        hasher = PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=1)
        self.hashed = hasher.hash(PASSWORD)
        self.verify = hasher.verify
        self._users = suite.database("accounts")["users"]
        role = suite.database("accounts")["roles"].find_one({"tenant_id": acme.tenant_id})["_id"]
        self._role = role
        self._turns = itertools.cycle(self.add(USERS))
        self._addresses = itertools.count()

    def add(self, count: int, **security: Any) -> list[str]:
        """The e-mails of so many new users.

        Args:
            security: What differs from somebody who may sign in; ``status`` as well.
        """
        status = security.pop("status", "active")
        documents = [self._document(status, security) for _ in range(count)]
        self._users.insert_many(documents)
        return [document["email"] for document in documents]

    def connect(self) -> LeanConnection:
        return LeanConnection(self._url)

    def address(self) -> str:
        """One from which nobody has come for long."""
        number = next(self._addresses)
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    def sign_in(self, connection: LeanConnection, email: str, password: str = PASSWORD) -> int:
        body = {"tenant": self.tenant_id, "email": email, "password": password}
        return connection.post("/v1/sign-in", body, self.address())

    def signing_in(self) -> Callable[[], None]:
        """Sign in whose turn it is, on a connection of its own."""
        connection = self.connect()

        def act() -> None:
            status = self.sign_in(connection, next(self._turns))
            if status != 200:
                raise AssertionError(f"a sign-in was answered {status}")

        return act

    def _document(self, status: str, security: dict[str, Any]) -> dict[str, Any]:
        id_ = new_id()
        now = clock.now()
        user = User(
            id=id_,
            version=1,
            status=status,  # type: ignore[arg-type]
            first_name="First",
            last_name=f"Last-{id_[-6:]}",
            email=f"{id_}@acme.example",
            language="en",
            time_zone="Europe/Berlin",
            created_at=now,
            created_in="accounts",
            roles=(self._role,),
            security=Security(password_hash=self.hashed, password_changed_at=now, **security),
        )
        waiting: dict[str, Any] = {"outbox": [], "mails": [], "audit": []}
        stored = to_document(user) | waiting
        return {**stored, "tenant_id": self.tenant_id, "revision": 1}


def _against_bare(report: Report, suite: Apart, mongod: Mongod, crowd: Crowd) -> None:
    groups = {
        "web": suite.processes["accounts", "serve"][0].pid,
        "consumer": suite.processes["accounts", "consume"][0].pid,
        "mongod": mongod.pid or 0,
    }

    def bare() -> Callable[[], object]:
        return lambda: crowd.verify(crowd.hashed, PASSWORD)

    for_a_while(1.0, CLIENTS, crowd.signing_in)  # caches and connections warm up
    hashes = sign_ins = 0
    bare_cpu = client_cpu = 0.0
    served = Usage(dict.fromkeys(groups, 0.0))
    # In turns, so that whatever else runs on the machine slows both.
    for _ in range(ROUNDS):
        began = time.process_time()
        hashes += for_a_while(ROUND_SECONDS, HASHES_AT_ONCE, bare)
        bare_cpu += time.process_time() - began
        before, began = used_by(groups), time.process_time()
        sign_ins += for_a_while(ROUND_SECONDS, CLIENTS, crowd.signing_in)
        client_cpu += time.process_time() - began
        served += used_by(groups).since(before)
    seconds = ROUNDS * ROUND_SECONDS
    one_hash = bare_cpu / hashes
    used = {**served.seconds, "client": client_cpu}
    one_sign_in = sum(used.values()) / sign_ins
    report.rate(f"bare Argon2id, {HASHES_AT_ONCE} threads", hashes, seconds)
    report.rate(
        f"sign-ins, {CLIENTS} clients, {HASHES_AT_ONCE} hashing ({sign_ins / hashes:.0%} of bare)",
        sign_ins,
        seconds,
        "goal: 90 %",
    )
    each = ", ".join(f"{name} {1000 * cpu / sign_ins:.2f}" for name, cpu in used.items())
    report.fact(f"  CPU of a hash {1000 * one_hash:.2f} ms, of a sign-in {1000 * one_sign_in:.2f}")
    report.fact(f"    of which {each} ms")
    beside = f"{one_hash / one_sign_in:.0%}, without the client "
    beside += f"{one_hash / (one_sign_in - client_cpu / sign_ins):.0%}"
    report.fact(f"  share of the hash in the CPU of a sign-in: {beside}")
    report.fact(
        f"  CPU used meanwhile: {sum(used.values()) / seconds:.2f} of {os.cpu_count()} cores"
    )


def _commands(report: Report, suite: Apart, crowd: Crowd) -> None:
    act = crowd.signing_in()
    found: Counter[str] = Counter()
    with counted(suite.database("accounts"), "accounts-serve", found):
        for _ in range(COUNTED):
            act()
    report.fact("  asked of the database for one sign-in:")
    for name, count in sorted(found.items()):
        if count >= COUNTED / 4:
            report.fact(f"    {name:<40} {count / COUNTED:5.2f}")


def _others_meanwhile(report: Report, suite: Apart, acme: Client, crowd: Crowd) -> None:
    others: list[float] = []
    stop = threading.Event()
    watching = threading.Thread(target=_read_lists, args=(suite, acme.token, others, stop))
    watching.start()
    for_a_while(2 * ROUND_SECONDS, CLIENTS, crowd.signing_in)
    stop.set()
    watching.join()
    report.times("a user list while others sign in", others, "goal: p99 under 100 ms")


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
