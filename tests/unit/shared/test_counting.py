"""Counts of many: never too old, renewed before they are, and only while somebody asks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from pymongo.errors import AutoReconnect

from staffroll.mongo.counting import KEPT_SECONDS, KeptCounts
from staffroll.search import COUNTED


class Counting:
    """A clock that stands, something that is counted, and what is to be done meanwhile."""

    def __init__(self) -> None:
        self.now = 0.0
        self.total = COUNTED + 1
        self.times = 0
        self.seconds = 0.1
        self.meanwhile: list[Callable[[], None]] = []
        self.counts = KeptCounts(clock=lambda: self.now, begin=self.meanwhile.append)

    def exact(self) -> int:
        self.times += 1
        self.now += self.seconds
        return self.total

    def ask(self, key: str = "all") -> int:
        return self.counts.count(key, self.exact)


@pytest.fixture
def counting() -> Counting:
    return Counting()


def test_few_are_counted_each_time(counting: Counting) -> None:
    counting.total = COUNTED

    counting.ask()
    counting.total = 3

    assert counting.ask() == 3


def test_many_are_counted_again_once_the_count_is_too_old(counting: Counting) -> None:
    first = counting.ask()
    counting.total += 5
    counting.now = KEPT_SECONDS - 0.01
    kept = counting.ask()
    counting.now = KEPT_SECONDS

    assert (kept, counting.ask()) == (first, first + 5)


def test_what_takes_long_to_count_is_kept_longer(counting: Counting) -> None:
    counting.seconds = 3.0
    first = counting.ask()
    counting.total += 5
    counting.now = 29.9
    kept = counting.ask()
    counting.now = 30.0

    assert (kept, counting.ask()) == (first, first + 5)


def test_who_asks_for_what_will_soon_be_too_old_has_it_renewed_and_does_not_wait(
    counting: Counting,
) -> None:
    first = counting.ask()
    counting.total += 5
    counting.now = 3

    asked = [counting.ask(), counting.ask()]
    (renew,) = counting.meanwhile
    renew()
    counting.now = KEPT_SECONDS + 1

    assert asked == [first, first]
    assert (counting.ask(), counting.times) == (first + 5, 2)


def test_what_nobody_asks_for_again_is_never_counted_again(counting: Counting) -> None:
    counting.ask()
    counting.now = 2

    counting.ask()

    assert counting.meanwhile == []


def test_a_renewed_count_can_be_renewed_again(counting: Counting) -> None:
    counting.ask()
    for now in (3, 6, 9):
        counting.now = now
        counting.ask()
        counting.meanwhile.pop()()

    assert counting.times == 4


def test_only_some_are_renewed_at_once(counting: Counting) -> None:
    for key in "abc":
        counting.ask(key)
    counting.now = 4

    for key in "abc":
        counting.ask(key)

    assert len(counting.meanwhile) == 2


def test_what_cannot_be_renewed_is_counted_for_whoever_asks_next(counting: Counting) -> None:
    broken = [AutoReconnect()]

    def exact() -> int:
        if counting.times == 1 and broken:
            raise broken.pop()
        return counting.exact()

    counting.counts.count("all", exact)
    counting.now = 3
    counting.counts.known("all")
    counting.meanwhile.pop()()

    assert counting.counts.known("all") is None
    assert counting.counts.count("all", exact) == COUNTED + 1


def test_what_has_become_few_is_exact_again(counting: Counting) -> None:
    counting.ask()
    counting.total = 7
    counting.now = 3
    counting.ask()

    counting.meanwhile.pop()()

    assert counting.counts.known("all") is None


def test_of_many_who_ask_at_one_moment_one_counts() -> None:
    counts, began, goes_on = KeptCounts(), threading.Event(), threading.Event()
    times: list[int] = []

    def exact() -> int:
        times.append(1)
        began.set()
        goes_on.wait(10)
        return COUNTED + 1

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(counts.count, "all", exact) for _ in range(4)]
        began.wait(10)
        goes_on.set()

    assert [answer.result() for answer in answers] == [COUNTED + 1] * 4
    assert len(times) == 1
