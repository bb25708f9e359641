from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from staffroll.cli.digests import CouldNotAsk, Difference, Digest, differences

ONE = "018f0000-0000-7000-8000-0000000000aa"
TWO = "018f0000-0000-7000-8000-0000000000ab"
TWIN = "018f0000-0000-7000-8000-0000000001aa"


class DigestServer:
    """Answers as the services do; knows `versions` by id."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        self.asked: list[str] = []
        self.status = 200
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.asked.append(self.path)
                body = json.dumps(owner.answer(urlsplit(self.path).path)).encode()
                self.send_response(owner.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, path: str) -> Mapping[str, object]:
        last = path.rsplit("/", 1)[1]
        if last != "digest":
            return {"items": {key: v for key, v in self.versions.items() if key[-2:] == last}}
        return {
            "buckets": {
                f"{number:02x}": {"count": len(inside), "hash": hashed(inside)}
                for number in range(256)
                if (inside := [i for i in self.versions.items() if i[0][-2:] == f"{number:02x}"])
            }
        }

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def hashed(items: list[tuple[str, int]]) -> str:
    return hashlib.sha256(repr(sorted(items)).encode()).hexdigest()


@pytest.fixture
def owner() -> Iterator[DigestServer]:
    server = DigestServer()
    yield server
    server.close()


@pytest.fixture
def follower() -> Iterator[DigestServer]:
    server = DigestServer()
    yield server
    server.close()


def compare(owner: DigestServer, follower: DigestServer) -> list[Difference]:
    return differences(
        Digest("accounts", owner.url, "accounts", "token"),
        Digest("people", f"{follower.url}/", "accounts", "token"),
    )


def test_who_knows_the_same_is_asked_only_once(owner: DigestServer, follower: DigestServer) -> None:
    owner.versions = {ONE: 3, TWO: 1}
    follower.versions = {ONE: 3, TWO: 1}

    found = compare(owner, follower)

    assert found == []
    assert owner.asked == follower.asked == ["/v1/digest?owner=accounts"]


def test_every_kind_of_difference_is_named(owner: DigestServer, follower: DigestServer) -> None:
    owner.versions = {ONE: 3, TWO: 1}
    follower.versions = {ONE: 2, TWIN: 5}

    found = compare(owner, follower)

    assert found == [
        Difference(ONE, at_owner=3, at_follower=2),
        Difference(TWIN, at_owner=None, at_follower=5),
        Difference(TWO, at_owner=1, at_follower=None),
    ]
    assert set(owner.asked[1:]) == {
        "/v1/digest/aa?owner=accounts",
        "/v1/digest/ab?owner=accounts",
    }


def test_an_absent_bucket_is_an_empty_one(owner: DigestServer, follower: DigestServer) -> None:
    owner.versions = {}
    follower.versions = {TWO: 1}

    found = compare(owner, follower)

    assert found == [Difference(TWO, at_owner=None, at_follower=1)]


@pytest.mark.parametrize("status", [401, 404, 500, 503])
def test_a_refusal_is_told_with_its_status(owner: DigestServer, status: int) -> None:
    owner.status = status

    with pytest.raises(CouldNotAsk, match=f"accounts answers {status} at http"):
        Digest("accounts", owner.url, "accounts", "token").buckets()


def test_a_service_that_is_down_is_told() -> None:
    with pytest.raises(CouldNotAsk, match="refused"):
        Digest("accounts", "http://127.0.0.1:1", "accounts", "token").buckets()


def test_an_answer_that_is_no_digest_is_told(owner: DigestServer) -> None:
    owner.answer = lambda path: {"message": "hello"}  # type: ignore[method-assign]

    with pytest.raises(CouldNotAsk, match="answers no digest"):
        Digest("accounts", owner.url, "accounts", "token").buckets()
