from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staffroll_scheduling.domain.membership import (
    FIRST_DAY,
    LAST_DAY,
    Membership,
    day_in,
    has_come,
    start_of,
)

JOIN, LEAVE = date(2026, 3, 1), date(2026, 3, 10)


@pytest.mark.parametrize(
    "day, runs",
    [
        (date(2026, 2, 28), False),
        (JOIN, True),
        (date(2026, 3, 9), True),
        (LEAVE, False),
    ],
)
def test_r50_a_membership_runs_from_the_join_date_up_to_the_leave_date(
    day: date, runs: bool
) -> None:
    assert Membership(JOIN, LEAVE).runs_on(day) is runs


def test_r50_without_a_leave_date_it_runs_on() -> None:
    assert Membership(JOIN).runs_on(date(2090, 1, 1))


def test_r53_a_membership_that_ends_when_it_begins_never_runs() -> None:
    assert not Membership(JOIN, JOIN).runs_on(JOIN)


@pytest.mark.parametrize(
    "zone, day",
    [
        ("Pacific/Kiritimati", 2),
        ("Pacific/Pago_Pago", 1),
        ("Asia/Kathmandu", 1),
        ("Mars/Olympus", 1),
        ("", 1),
    ],
)
def test_r50_days_are_reckoned_in_the_persons_zone_and_unknown_ones_in_utc(
    zone: str, day: int
) -> None:
    assert day_in(zone, datetime(2026, 3, 1, 11, 30, tzinfo=UTC)) == date(2026, 3, day)


@pytest.mark.parametrize(
    "zone, day, moment",
    [
        ("Europe/Berlin", "2026-11-30", "2026-11-29T23:00Z"),
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00Z"),  # clocks go forward at two
        ("Europe/Berlin", "2026-03-30", "2026-03-29T22:00Z"),
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00Z"),  # and back at three
        ("Europe/Berlin", "2026-10-26", "2026-10-25T23:00Z"),
        ("Pacific/Kiritimati", "2026-11-30", "2026-11-29T10:00Z"),
        ("Pacific/Pago_Pago", "2026-11-30", "2026-11-30T11:00Z"),
        ("Asia/Kathmandu", "2026-11-30", "2026-11-29T18:15Z"),
        ("Asia/Kathmandu", "2028-02-29", "2028-02-28T18:15Z"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00Z"),  # midnight does not exist
        ("Asia/Beirut", "2024-03-31", "2024-03-30T22:00Z"),  # nor here
        ("America/Havana", "2024-11-03", "2024-11-03T04:00Z"),  # midnight comes twice
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30Z"),  # from 23:30 to 00:30
        ("America/St_Johns", "2006-10-29", "2006-10-29T02:30Z"),  # back over midnight at 00:01
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00Z"),  # a day that was skipped
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00Z"),
        ("Mars/Olympus", "2026-11-30", "2026-11-30T00:00Z"),
        ("", "2026-11-30", "2026-11-30T00:00Z"),
    ],
)
def test_r54_a_day_begins_with_its_first_moment_in_the_zone(
    zone: str, day: str, moment: str
) -> None:
    begins, before = start_of(date.fromisoformat(day), zone), timedelta(microseconds=1)

    assert begins == datetime.fromisoformat(moment)
    assert has_come(date.fromisoformat(day), zone, begins)
    assert not has_come(date.fromisoformat(day), zone, begins - before)


@settings(deadline=None)
@given(
    zone=st.sampled_from(sorted(available_timezones())),
    day=st.dates(min_value=date(1990, 1, 1), max_value=date(2045, 1, 1)),
)
def test_r54_no_zone_and_no_day_is_reckoned_too_early_or_too_late(zone: str, day: date) -> None:
    begins = start_of(day, zone)

    assert day_in(zone, begins) >= day
    assert day_in(zone, begins - timedelta(microseconds=1)) < day


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"])
@pytest.mark.parametrize("day", [FIRST_DAY, LAST_DAY])
def test_the_first_and_the_last_day_can_be_reckoned_with(zone: str, day: date) -> None:
    assert abs(start_of(day, zone).date() - day) <= timedelta(days=1)
