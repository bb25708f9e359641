"""Lanes: bounded for each webhook, each tenant, and in all; none is ever lost."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from staffroll_accounts.webhooks.lanes import (
    LANES,
    LANES_OF_TENANT,
    LANES_OF_WEBHOOK,
    Lanes,
)
from tests.support.waiting import eventually

Webhook = tuple[str, str]


class Slow:
    """Sending that takes until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.under_way: Counter[Webhook] = Counter()
        self._lock = threading.Lock()

    def __call__(self, tenant_id: str, webhook_id: str) -> bool:
        with self._lock:
            self.under_way[tenant_id, webhook_id] += 1
        self.go.wait(10)
        return False

    def of_tenant(self, tenant_id: str) -> int:
        return sum(count for (tenant, _), count in self.under_way.items() if tenant == tenant_id)


def test_nobody_takes_all_lanes_however_much_is_due() -> None:
    slow = Slow()
    due = [("acme", f"w{number}") for number in range(10)]
    lanes = Lanes(lambda: list(due), slow)
    try:
        for _ in range(10):
            lanes.run()
        eventually(lambda: slow.of_tenant("acme") == LANES_OF_TENANT)
        due += [("beta", "x"), *((f"t{number}", "y") for number in range(20))]
        for _ in range(10):
            lanes.run()
        eventually(lambda: slow.under_way.total() == LANES)

        assert slow.of_tenant("acme") == LANES_OF_TENANT
        assert max(slow.under_way.values()) <= LANES_OF_WEBHOOK
    finally:
        slow.go.set()
    eventually(lanes.is_idle)


def test_a_webhook_is_served_until_nothing_is_due() -> None:
    left = list(range(5))
    served: list[int] = []

    def send_next(tenant_id: str, webhook_id: str) -> bool:
        if not left:
            return False
        served.append(left.pop())
        return True

    lanes = Lanes(lambda: [("acme", "w")], send_next)
    lanes.run()
    eventually(lanes.is_idle)

    assert len(served) == 5


def test_a_failure_costs_no_lane(capsys: pytest.CaptureFixture[str]) -> None:
    tried: list[Webhook] = []

    def fail(tenant_id: str, webhook_id: str) -> bool:
        tried.append((tenant_id, webhook_id))
        raise RuntimeError("of a bug")

    lanes = Lanes(lambda: [("acme", "w")], fail)
    for number in range(2 * LANES):
        lanes.run()
        eventually(lanes.is_idle)
        assert len(tried) == number + 1


def test_who_is_closing_begins_nothing() -> None:
    lanes = Lanes(lambda: [("acme", "w")], lambda tenant_id, webhook_id: True)
    lanes.run()

    lanes.close()

    assert lanes.is_idle()
    lanes.run()
    assert lanes.is_idle()
