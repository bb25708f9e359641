"""Figures of a run: percentiles, and a table to print."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass
class Report:
    """What was measured, in the order measured; printed as it comes in."""

    lines: list[str] = field(default_factory=list)
    taken: list[tuple[str, Sequence[float]]] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def title(self, text: str) -> None:
        self._say(f"\n## {text}\n")

    def times(self, name: str, seconds: Sequence[float], goal: str = "") -> None:
        self.taken.append((name, seconds))
        milliseconds = [1000 * value for value in seconds]
        p50, p99 = percentile(milliseconds, 0.5), percentile(milliseconds, 0.99)
        self._say(f"{name:<58} p50 {p50:8.1f} ms   p99 {p99:8.1f} ms   {goal}")

    def rate(self, name: str, count: int, seconds: float, goal: str = "") -> None:
        self._say(f"{name:<58} {count / seconds:8.0f} /s   {goal}")

    def fact(self, text: str) -> None:
        self.facts.append(text)
        self._say(text)

    def _say(self, line: str) -> None:
        self.lines.append(line)
        print(line, flush=True)


@contextmanager
def stopwatch(into: list[float]) -> Iterator[None]:
    began = time.perf_counter()
    yield
    into.append(time.perf_counter() - began)


def repeated(count: int, act: Callable[[int], object]) -> list[float]:
    """Seconds of each of `count` calls."""
    taken: list[float] = []
    for number in range(count):
        with stopwatch(taken):
            act(number)
    return taken
