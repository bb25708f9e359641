"""R64: what a service that was put back asks of the others."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from staffroll.cli import siblings
from staffroll.cli.digests import CouldNotAsk
from staffroll.cli.siblings import HttpSiblings
from staffroll.cli.tenants import NoTenant
from staffroll.mongo.digests import bucket_of, digest
from staffroll.restoring import Known

ONE = "018f0000-0000-7000-8000-0000000000aa"
TWO = "018f0000-0000-7000-8000-0000000000ab"
SAME = "018f0000-0000-7000-8000-0000000000ac"
GONE = "018f0000-0000-7000-8000-0000000000ad"

PERSON = {
    "id": ONE,
    "state": "confirmed",
    "first_name": "Dulcinea",
    "last_name": "Toboso",
    "email": "d@x.example",
    "language": "es",
    "time_zone": "Europe/Madrid",
    "roles": ["r"],
    "is_admin": True,
    "user_status": "deactivated",
}


class Sibling:
    """Answers as a service does."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        self.tombstones: dict[str, Any] = {"tenant_status": "active", "users": []}
        self.shown: dict[str, dict[str, Any]] = {}
        self.refusals = 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, answer = owner.answer(urlsplit(self.path).path)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        if self.refusals:
            self.refusals -= 1
            return 401, {}
        last = path.rsplit("/", 1)[1]
        if path == "/v1/digest":
            return 200, {"buckets": digest(self.versions.items())}
        if path == "/v1/digest/tombstones":
            return 200, self.tombstones
        if path.startswith("/v1/digest/"):
            return 200, {"items": {k: v for k, v in self.versions.items() if bucket_of(k) == last}}
        return (200, self.shown[last]) if last in self.shown else (404, {})

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Sibling]]:
    monkeypatch.setattr(siblings, "_PAUSE_SECONDS", 0.01)
    found = {name: Sibling() for name in ("scheduling", "people", "export")}
    for name, one in found.items():
        monkeypatch.setenv(f"STAFFROLL_URL_{name.upper()}", one.url)
    yield found
    for one in found.values():
        one.close()


def asking() -> HttpSiblings:
    return HttpSiblings("accounts", lambda tenant_id: f"token of {tenant_id}")


def test_the_highest_version_and_every_tombstone_counts(others: dict[str, Sibling]) -> None:
    others["scheduling"].versions = {SAME: 2, ONE: 7}
    others["people"].versions = {SAME: 2, ONE: 6, TWO: 1}
    others["export"].versions = {SAME: 2}
    others["export"].tombstones["users"] = [GONE]

    known = asking().known("acme", {SAME: 2, ONE: 5})

    assert known == Known({ONE: 7, TWO: 1}, frozenset({GONE}), "active")


@pytest.mark.parametrize(
    "told, status",
    [
        (("active", "suspended", None), "suspended"),
        (("active", "suspended", "deleted"), "deleted"),
        ((None, None, None), None),
    ],
)
def test_the_worst_that_was_heard_of_the_tenant_counts(
    others: dict[str, Sibling], told: tuple[str | None, ...], status: str | None
) -> None:
    for one, said in zip(others.values(), told, strict=True):
        one.tombstones["tenant_status"] = said

    assert asking().known("acme", {}).tenant_status == status


def test_whoever_has_seen_most_shows_the_copy(others: dict[str, Sibling]) -> None:
    others["scheduling"].versions, others["people"].versions = {ONE: 6}, {ONE: 7}
    others["scheduling"].shown[ONE] = PERSON | {"first_name": "Aldonza"}
    others["people"].shown[ONE] = PERSON
    others["scheduling"].shown[TWO] = PERSON | {"id": TWO, "state": "pending"}
    asked = asking()
    asked.known("acme", {})

    copy = asked.copy("acme", ONE)

    assert copy
    assert (copy.first_name, copy.status, copy.roles) == ("Dulcinea", "deactivated", ("r",))
    assert asked.copy("acme", TWO) is None
    assert asked.copy("acme", GONE) is None


def test_who_does_not_know_the_new_key_yet_is_asked_again(others: dict[str, Sibling]) -> None:
    others["scheduling"].refusals = 3
    others["people"].versions = {ONE: 1}

    assert asking().known("acme", {}).versions == {ONE: 1}


def test_who_does_not_answer_at_all_is_named(
    others: dict[str, Sibling], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(siblings, "_PATIENCE_SECONDS", 0.05)
    others["people"].refusals = 1_000

    with pytest.raises(CouldNotAsk, match="people answers 401"):
        asking().known("acme", {})


def test_of_what_nobody_follows_nobody_is_asked(others: dict[str, Sibling]) -> None:
    def no_token(tenant_id: str) -> str:
        raise AssertionError(tenant_id)

    assert HttpSiblings("people", no_token).known("acme", {ONE: 1}) == Known()


def test_of_a_tenant_that_accounts_has_lost_nobody_is_asked() -> None:
    def no_tenant(tenant_id: str) -> str:
        raise NoTenant(tenant_id)

    assert HttpSiblings("scheduling", no_tenant).known("acme", {ONE: 1}) == Known()
