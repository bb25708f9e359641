"""F13: who floods waits for themselves, and not before the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from staffroll import fair_queue
from staffroll.fair_queue import FairQueue, TooManyAtOnce
from tests.support.waiting import eventually


class Requests:
    """Threads that enter a queue and stay in it until they are let go."""

    def __init__(self, queue: FairQueue) -> None:
        self._queue = queue
        self.worked_on: list[str] = []
        self.refused: list[str] = []
        self._threads: list[threading.Thread] = []

    def come(self, *tenants: str) -> None:
        for tenant in tenants:
            thread = threading.Thread(target=self._enter, args=(tenant,), daemon=True)
            self._threads.append(thread)
            thread.start()
            eventually(lambda: self._all_are_somewhere())

    def leave(self, tenant: str) -> None:
        self._queue.leave(tenant)

    def _enter(self, tenant: str) -> None:
        try:
            self._queue.enter(tenant)
        except TooManyAtOnce:
            self.refused.append(tenant)
        else:
            self.worked_on.append(tenant)

    def _all_are_somewhere(self) -> bool:
        waiting = sum(len(line) for line in self._queue._waiting.values())
        return waiting + len(self.worked_on) + len(self.refused) == len(self._threads)


@pytest.fixture
def start() -> Callable[..., Requests]:
    def begin(**limits: Any) -> Requests:
        whole = {"at_once": 3, "per_tenant": 2, "waiting": 4, "patience_seconds": 30.0}
        return Requests(FairQueue(**{**whole, **limits}))

    return begin


def test_f13_a_tenant_that_floods_leaves_room_for_another(start: Callable[..., Requests]) -> None:
    requests = start()

    requests.come("a", "a", "a", "a", "b")

    assert requests.worked_on == ["a", "a", "b"]


def test_f13_those_who_wait_have_their_turns_tenant_by_tenant(
    start: Callable[..., Requests],
) -> None:
    requests = start(at_once=1, per_tenant=1)
    requests.come("a", "a", "a", "a", "b", "c")

    for turn in range(5):
        requests.leave(requests.worked_on[turn])
        eventually(lambda turn=turn: len(requests.worked_on) == turn + 2)

    assert requests.worked_on == ["a", "a", "b", "c", "a", "a"]


def test_f13_more_than_may_wait_are_refused_at_once(start: Callable[..., Requests]) -> None:
    requests = start()

    requests.come(*["a"] * 7, "b")

    assert (requests.refused, requests.worked_on) == (["a"], ["a", "a", "b"])


def test_f13_who_waits_too_long_is_refused_and_takes_no_place() -> None:
    queue = FairQueue(1, 1, waiting=4, patience_seconds=0.01)
    queue.enter("a")

    with pytest.raises(TooManyAtOnce) as refused:
        queue.enter("a")

    assert refused.value.retry_after_seconds >= 1
    queue.leave("a")
    queue.enter("a")


def test_whoever_is_refused_leaves_nothing_behind() -> None:
    queue = FairQueue(1, 1, waiting=0)
    queue.enter("a")

    with pytest.raises(TooManyAtOnce):
        queue.enter("b")

    assert queue._waiting == {}
    queue.leave("a")
    assert queue._working == {}


def test_who_steps_aside_lets_others_in_and_goes_on_though_it_is_full() -> None:
    queue = FairQueue(1, 1, waiting=0)
    fair_queue.enter(queue, "a")

    with fair_queue.stepping_aside():
        queue.enter("b")

    with pytest.raises(TooManyAtOnce):
        queue.enter("c")
    queue.leave("b")
    with pytest.raises(TooManyAtOnce):
        queue.enter("c")
    fair_queue.leave()
    queue.enter("c")


def test_outside_of_a_queue_nobody_has_to_leave_or_step_aside() -> None:
    with fair_queue.stepping_aside():
        fair_queue.leave()


def test_many_threads_of_many_tenants_never_are_too_many_at_once() -> None:
    queue = FairQueue(4, 3, waiting=100)
    now = {"total": 0, "most": 0}
    lock = threading.Lock()

    def work(tenant: str) -> None:
        for _ in range(50):
            queue.enter(tenant)
            with lock:
                now["total"] += 1
                now["most"] = max(now["most"], now["total"])
            with lock:
                now["total"] -= 1
            queue.leave(tenant)

    threads = [threading.Thread(target=work, args=(name,)) for name in "aaaaaabbbbcc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert now["total"] == 0 < now["most"] <= 4
    assert (queue._working, queue._waiting) == ({}, {})
