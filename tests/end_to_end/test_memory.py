"""The memory of a web worker does not depend on how many requests it has answered."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.apart import Apart, Client
from tests.support.waiting import eventually

REQUESTS = 100_000
WARM_UP = 20_000
_SAMPLES = 10
_CONNECTIONS = 4
_NEW_CONNECTION_EVERY = 100
_MAY_GROW_BYTES = 6 * 1024 * 1024
"""Some 60 bytes a request: less than the smallest thing that could be kept of each."""

Ask = tuple[str, str, dict[str, Any] | None]


def _asks(client: Client) -> list[Ask]:
    """What is cheap to answer and passes through everything: found, missing, refused."""
    user_id = client.get("accounts", "/v1/me").json()["id"]
    return [
        ("GET", f"/v1/users/{user_id}", None),
        ("GET", "/v1/users?limit=5&q=admin", None),
        ("GET", "/v1/users/01890000-0000-7000-8000-000000000000", None),
        ("PATCH", f"/v1/users/{user_id}", {"nonsense": 1}),
        ("GET", "/v1/nowhere", None),
        ("GET", "/readyz", None),
        ("GET", "/metrics", None),
    ]


def _send(client: Client, count: int) -> Counter[int]:
    """Answers by status."""
    asks = _asks(client)
    address = urlsplit(client.suite.url("accounts"))
    counts: Counter[int] = Counter()
    tokens = cycle([client.token, client.token, "not a token"])

    def ask() -> None:
        mine: Counter[int] = Counter()
        for number, (method, path, body) in enumerate(islice(cycle(asks), count // _CONNECTIONS)):
            if number % _NEW_CONNECTION_EVERY == 0:
                connection = http.client.HTTPConnection(
                    address.hostname or "", address.port, timeout=60
                )
            headers = {
                "Authorization": f"Bearer {next(tokens)}",
                "Content-Type": "application/merge-patch+json",
            }
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, headers)
            response = connection.getresponse()
            response.read()
            mine[response.status] += 1
            if number % _NEW_CONNECTION_EVERY == _NEW_CONNECTION_EVERY - 1:
                connection.close()
        counts.update(mine)

    threads = [threading.Thread(target=ask) for _ in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counts


def _worker(suite: Apart) -> int:
    """The one worker of the one web server."""
    server = suite.processes["accounts", "serve"][0].pid
    children = Path(f"/proc/{server}/task/{server}/children")
    (worker,) = eventually(lambda: children.read_text().split())
    return int(worker)


def _resident_bytes(pid: int) -> int:
    line = next(
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in line
    )
    return int(line.split()[1]) * 1024


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_web_workers_memory_is_flat_over_many_requests(mongodb_uri: str, tmp_path: Path) -> None:
    suite = Apart(mongodb_uri, "embedded:", tmp_path)
    try:
        suite.start("accounts", "serve")
        suite.start("accounts", "consume")
        suite.wait_until_ready("accounts")
        client = suite.tenant_in_accounts()
        worker = _worker(suite)
        _send(client, WARM_UP)

        samples: list[int] = []
        answered: Counter[int] = Counter()
        for _ in range(_SAMPLES):
            client = Client(suite, client.tenant_id, client.email)  # its token lasts ten minutes
            answered += _send(client, REQUESTS // _SAMPLES)
            samples.append(_resident_bytes(worker))

        grown = median(samples[-3:]) - median(samples[:3])
        assert _worker(suite) == worker
        assert grown < _MAY_GROW_BYTES, samples
        assert answered[200] > 0 < answered[404]
        assert not any(status >= 500 for status in answered), answered
    finally:
        suite.close()
