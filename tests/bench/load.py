"""Light HTTP clients: the load must not cost more than what it measures."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Connection:
    """One keep-alive connection to a service."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        payload = None if body is None else json.dumps(body)
        self._connection.request(method, path, payload, self._headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status >= 300:
            raise AssertionError(f"{response.status}: {content[:300]!r}")
        return json.loads(content)


class LeanConnection:
    """One keep-alive connection that posts JSON and reads no more than the status."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = f"{parts.hostname}:{parts.port}"
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, path: str, body: Mapping[str, Any], forwarded_for: str) -> int:
        """The status of the answer.

        Args:
            forwarded_for: The address from which it seems to come.
        """
        payload = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nX-Forwarded-For: {forwarded_for}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + payload)
        answer = b""
        while _HEAD_END not in answer:
            answer += self._received()
        top, _, content = answer.partition(_HEAD_END)
        missing = _length_in(top) - len(content)
        while missing > 0:
            missing -= len(self._received())
        return int(top.split(b" ", 2)[1])

    def close(self) -> None:
        self._socket.close()

    def _received(self) -> bytes:
        part = self._socket.recv(65_536)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part


def _length_in(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(_LENGTH):
            return int(line.removeprefix(_LENGTH))
    return 0


def for_a_while(seconds: float, threads: int, make: Callable[[], Callable[[], object]]) -> int:
    """How often several threads do it in so many seconds; `make` makes the act of one thread."""
    deadline = time.perf_counter() + seconds
    counts: list[int] = []

    def again_and_again(act: Callable[[], object]) -> None:
        count = 0
        while time.perf_counter() < deadline:
            act()
            count += 1
        counts.append(count)

    workers = [threading.Thread(target=again_and_again, args=(make(),)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if len(counts) < threads:
        raise AssertionError("a thread of the load has failed")
    return sum(counts)


def new_human() -> dict[str, Any]:
    unique = secrets.token_hex(6)
    return {"last_name": f"Last-{unique}", "first_name": "First", "email": f"{unique}@acme.example"}


def create_many(
    url: str, token: str, count: int, threads: int, *, per_second: float = 0
) -> tuple[float, list[float], list[str]]:
    """Create users from several connections, all at once or at a steady rate.

    Returns:
        Seconds in all, seconds of each request, ids.
    """
    taken: list[float] = []
    ids: list[str] = []
    numbers = iter(range(count))
    lock = threading.Lock()
    began = time.perf_counter()

    def work() -> None:
        connection = Connection(url, token)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            if per_second:
                pause = began + number / per_second - time.perf_counter()
                if pause > 0:
                    time.sleep(pause)
            started = time.perf_counter()
            created = connection.request("POST", "/v1/users", new_human())
            with lock:
                taken.append(time.perf_counter() - started)
                ids.append(created["id"])

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - began, taken, ids
