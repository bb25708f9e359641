"""R81: availabilities, by weekday, with times."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll_scheduling.domain.availability import WEEKDAYS, Availability, available
from staffroll_scheduling.domain.errors import AvailabilitiesOverlap

WEEK = 7 * 24 * 60
MINUTES = st.integers(0, 24 * 4 - 1).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
ANY = st.builds(Availability, st.sampled_from(WEEKDAYS), MINUTES, MINUTES)


def a_time(weekday: str, starts: str, ends: str) -> Availability:
    return Availability(weekday, time.fromisoformat(starts), time.fromisoformat(ends))


@given(st.lists(ANY, max_size=5))
def test_r81_times_are_refused_exactly_where_two_share_a_minute_of_the_week(
    wished: list[Availability],
) -> None:
    minutes = [minute % WEEK for one in wished for minute in range(*one.minutes)]

    if len(minutes) == len(set(minutes)):
        assert set(available(wished)) == set(wished)
    else:
        with pytest.raises(AvailabilitiesOverlap):
            available(wished)


def test_r81_an_end_that_is_not_later_lies_on_the_next_day() -> None:
    night, all_day = a_time("sunday", "22:00", "06:00"), a_time("monday", "08:00", "08:00")

    assert night.minutes == (WEEK - 120, WEEK + 360)
    assert all_day.minutes == (8 * 60, 32 * 60)


def test_r81_over_sunday_midnight_meets_monday() -> None:
    night = a_time("sunday", "22:00", "06:00")

    assert available([night, a_time("monday", "06:00", "09:00")])
    with pytest.raises(AvailabilitiesOverlap):
        available([night, a_time("monday", "05:59", "09:00")])


def test_r81_they_are_kept_in_the_order_of_the_week() -> None:
    late, early = a_time("friday", "12:00", "13:00"), a_time("tuesday", "12:00", "13:00")

    assert available([late, early]) == (early, late)
