"""Doing what is due when it is due, from several threads, whether or not others are late."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.load.acts import Acts, Answer, Caller
from tests.load.schedule import Due


@dataclass(frozen=True, slots=True)
class Done:
    """One request that was answered.

    Attributes:
        seconds: From the moment at which it was due, so that whoever waits for a late one counts.
        late_seconds: How much of these it waited for a free thread of ours.
        sent_at: By `time.perf_counter`.
    """

    kind: str
    seconds: float
    late_seconds: float
    sent_at: float
    answer: Answer


def at_its_pace(
    due: Iterable[Due], acts: Acts, connect: Callable[[], Caller], threads: int
) -> list[Done]:
    """All of it, in the order of the answers."""
    waiting = iter(due)
    by_kind = acts.by_kind()
    done: list[Done] = []
    lock = threading.Lock()
    began = time.perf_counter()

    def work() -> None:
        caller = connect()
        while True:
            with lock:
                one = next(waiting, None)
            if one is None:
                return
            time.sleep(max(0.0, began + one.at - time.perf_counter()))
            sent = time.perf_counter()
            answer = by_kind[one.kind](caller, one.draw)
            taken = time.perf_counter() - began - one.at
            done.append(Done(one.kind, taken, sent - began - one.at, sent, answer))

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return done
