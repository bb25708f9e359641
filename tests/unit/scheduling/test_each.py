"""Chores go on with the others where one fails."""

from __future__ import annotations

import pytest
from pymongo.errors import AutoReconnect

from staffroll_scheduling.actions.each import for_each


def test_one_that_fails_does_not_stop_the_others() -> None:
    seen = []

    def do(one: int) -> bool:
        seen.append(one)
        return 6 % one == 0

    done = for_each([1, 0, 4, 3], do, "turn_failed")

    assert (seen, done) == ([1, 0, 4, 3], 2)


def test_a_database_that_is_away_stops_all() -> None:
    seen = []

    def do(one: int) -> None:
        seen.append(one)
        raise AutoReconnect

    with pytest.raises(AutoReconnect):
        for_each([1, 2], do, "turn_failed")

    assert seen == [1]
