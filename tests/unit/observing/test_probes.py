"""The small server of processes that serve nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from staffroll.observing.probes import ProbeServer


@pytest.fixture
def seen() -> dict[str, object]:
    return {"ready": True, "checks": {}}


@pytest.fixture
def url(seen: dict[str, object]) -> Iterator[str]:
    pages = {"/metrics": lambda: (b"a_metric 1\n", "text/plain; version=0.0.4")}
    server = ProbeServer(0, lambda: seen, "127.0.0.1", pages)
    yield f"http://127.0.0.1:{server.port}"
    server.close()


def test_who_is_not_ready_is_alive_all_the_same(url: str, seen: dict[str, object]) -> None:
    assert requests.get(f"{url}/readyz", timeout=5).status_code == 200

    seen["ready"] = False

    assert requests.get(f"{url}/readyz", timeout=5).status_code == 503
    assert requests.get(f"{url}/readyz", timeout=5).json() == seen
    assert requests.get(f"{url}/healthz", timeout=5).status_code == 200


def test_further_pages_stand_beside_and_nothing_else_does(url: str) -> None:
    metrics = requests.get(f"{url}/metrics?name=any", timeout=5)

    assert (metrics.status_code, metrics.text) == (200, "a_metric 1\n")
    assert metrics.headers["Content-Type"] == "text/plain; version=0.0.4"
    assert requests.get(f"{url}/v1/users", timeout=5).status_code == 404
    assert requests.post(f"{url}/metrics", timeout=5).status_code == 501
