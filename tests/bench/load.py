"""A light HTTP client: the load must not cost more than what it measures."""

from __future__ import annotations

import http.client
import json
import secrets
import threading
import time
from typing import Any
from urllib.parse import urlsplit


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
