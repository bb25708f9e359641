"""The day that is drawn: its rates, its order, and that it is the same each time."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.load.acts import Acts
from tests.load.schedule import DAY, Part, drawn

PARTS = (
    Part("morning", 0.25, {"sign in": 12.0, "list": 0.5}),
    Part("rest", 0.75, {"list": 2.0}),
)


def test_each_kind_comes_as_often_as_its_rate_says() -> None:
    counts = Counter(one.kind for one in drawn(PARTS, 80, seed=1))

    assert counts == {"sign in": 12 * 20, "list": 10 + 2 * 60}


def test_requests_are_due_in_order_and_within_their_part() -> None:
    due = list(drawn(PARTS, 80, seed=1))

    assert [one.at for one in due] == sorted(one.at for one in due)
    assert all(one.at < 20 for one in due if one.kind == "sign in")
    assert 70 < due[-1].at < 80


def test_a_seed_draws_the_same_day() -> None:
    first, again, other = (list(drawn(PARTS, 80, seed)) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_the_parts_of_the_day_are_a_whole_one() -> None:
    assert sum(part.share for part in DAY) == pytest.approx(1)


def test_all_that_happens_on_the_day_can_be_done() -> None:
    acts = Acts(None, None, ())  # type: ignore[arg-type]

    assert {kind for part in DAY for kind in part.per_second} == acts.by_kind().keys()
