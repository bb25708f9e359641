"""`Prefer: wait` must never take the last thread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from staffroll.following.actions import Actions


@dataclass(frozen=True)
class UnderWay:
    """An answer that accounts never gives."""

    is_under_way: bool = True


def test_when_most_threads_wait_already_the_answer_is_given_at_once() -> None:
    actions: Actions[Any] = Actions(None, timedelta(seconds=1))  # type: ignore[arg-type]
    while actions._waiting.acquire(blocking=False):
        pass
    answer: Any = UnderWay()
    nowhere: Any = None

    assert actions.wait(answer, nowhere, 3600) is answer
