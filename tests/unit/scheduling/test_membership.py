from datetime import UTC, date, datetime

import pytest

from staffroll_scheduling.domain.membership import Membership, day_in

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
