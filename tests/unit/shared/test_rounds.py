"""Chores go on with the others where one fails, however few are found at once."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from pymongo.errors import AutoReconnect

from staffroll import rounds
from staffroll.rounds import Rounds


class Work:
    """Numbers that are due until they are done; at most two are found at once."""

    def __init__(self, *due: int, failing: Collection[int] = (), waiting: Collection[int] = ()):
        self.due, self.failing, self.waiting = list(due), failing, waiting
        self.tried: list[int] = []
        self.rounds = Rounds(self.find, str, self.do, "turn_failed")

    def find(self, without: Collection[str]) -> list[int]:
        return [one for one in self.due if str(one) not in without][:2]

    def do(self, one: int) -> bool:
        self.tried.append(one)
        if one in self.failing:
            raise KeyError
        if one in self.waiting:
            return False
        self.due.remove(one)
        return True


def test_those_that_fail_do_not_keep_the_others_from_their_turn() -> None:
    work = Work(1, 2, 3, 4, 5, failing=[1, 2], waiting=[3])

    done = [work.rounds.run() for _ in range(4)]

    assert (done, work.due) == ([0, 1, 1, 0], [1, 2, 3])
    assert work.tried[:5] == [1, 2, 3, 4, 5]


def test_what_failed_is_tried_again_after_growing_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "growing_pause", lambda times, _: float(times))
    work, now = Work(1, failing=[1]), 0.0
    monkeypatch.setattr(rounds.time, "monotonic", lambda: now)

    tried_at = []
    for _ in range(12):
        before = len(work.tried)
        work.rounds.run()
        tried_at += [now] * (len(work.tried) - before)
        now += 1.0

    assert tried_at == [0.0, 1.0, 3.0, 6.0, 10.0]


def test_what_was_done_by_others_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "growing_pause", lambda *_: 0.0)
    work = Work(1, failing=[1])
    work.rounds.run()
    work.due.clear()

    work.rounds.run()

    assert work.rounds._waiting == {}


def test_a_database_that_is_away_stops_all() -> None:
    tried = []

    def do(one: int) -> None:
        tried.append(one)
        raise AutoReconnect

    with pytest.raises(AutoReconnect):
        Rounds(lambda _: [1, 2], str, do, "turn_failed").run()

    assert tried == [1]
