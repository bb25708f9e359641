from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staffroll.followed import Followed
from staffroll.records import Record
from staffroll.user_copy import UserCopy
from staffroll_scheduling.domain.billing import Counted, Line, Month, Statement, counted, statement
from staffroll_scheduling.domain.employees import RULES, Employee, Employment
from staffroll_scheduling.domain.membership import Membership, day_in, start_of
from staffroll_scheduling.domain.stays import Stay, left_over, stays

ZONE = "Europe/Berlin"
NOVEMBER = Month(2026, 11)
OVER = datetime(2026, 12, 5, tzinfo=UTC)
LONG_AGO = date(2026, 1, 1)


def person(*dates: tuple[date, date | None], zone: str = ZONE, id_: str = "a") -> Counted:
    memberships = [Membership(join_date, leave_date) for join_date, leave_date in dates]
    return Counted(id_, stays(memberships, zone))


def november(*people: Counted, now: datetime = OVER, zone: str = ZONE) -> Statement:
    return statement(people, NOVEMBER, zone, now)


def day(number: int) -> date:
    return date(2026, 11, number)


def test_r55_the_figure_is_the_highest_daily_number() -> None:
    found = november(
        person((LONG_AGO, None)),
        person((LONG_AGO, day(10))),
        person((day(10), day(21))),
        person((day(20), None)),
    )

    assert (found.figure, found.peak_day) == (3, day(20))
    assert dict(found.days) == {day(n): 3 if n == 20 else 2 for n in range(1, 31)}


def test_r55_of_several_days_the_first_is_the_peak_and_of_none_there_is_none() -> None:
    assert november(person((day(3), None))).peak_day == day(3)
    assert (november().figure, november().peak_day) == (0, None)


@pytest.mark.parametrize(
    "dates, line",
    [
        ([(LONG_AGO, None)], Line("a", "active", 30)),
        ([(LONG_AGO, date(2026, 12, 1))], Line("a", "active", 30)),
        ([(day(1), None)], Line("a", "joined", 30, joined_on=day(1))),
        ([(day(11), None)], Line("a", "joined", 20, joined_on=day(11))),
        ([(LONG_AGO, day(16))], Line("a", "left", 15, left_on=day(16))),
        ([(day(2), day(3))], Line("a", "left", 1, day(2), day(3))),
        ([(LONG_AGO, day(6)), (day(26), None)], Line("a", "rejoined", 10)),
        ([(LONG_AGO, date(2026, 9, 1)), (day(26), None)], Line("a", "rejoined", 5, day(26))),
        ([(LONG_AGO, date(2026, 9, 1)), (date(2026, 10, 1), None)], Line("a", "active", 30)),
        ([(LONG_AGO, day(6)), (day(26), day(28))], Line("a", "left", 7, left_on=day(28))),
    ],
)
def test_r55_each_one_counts_for_a_reason(
    dates: list[tuple[date, date | None]], line: Line
) -> None:
    assert november(person(*dates)).lines == (line,)


@pytest.mark.parametrize(
    "dates",
    [
        [(LONG_AGO, day(1))],
        [(date(2026, 12, 1), None)],
        [(day(5), day(5))],
        [],
    ],
)
def test_r55_who_is_not_active_in_the_month_is_not_in_the_list(
    dates: list[tuple[date, date | None]],
) -> None:
    found = november(person(*dates))

    assert (found.figure, found.lines) == (0, ())


def test_r55_a_leaver_is_unbilled_from_the_following_month_on() -> None:
    leaver = person((LONG_AGO, day(2)))

    assert november(leaver).figure == 1
    assert statement([leaver], Month(2026, 12), ZONE, OVER).figure == 0


@pytest.mark.parametrize(
    "zone, first, last",
    [
        ("Pacific/Kiritimati", day(9), day(19)),
        ("Pacific/Pago_Pago", day(10), day(20)),
        ("Asia/Kathmandu", day(9), day(19)),
        (ZONE, day(10), day(19)),
    ],
)
def test_r55_a_membership_elsewhere_counts_on_every_day_of_the_tenant_that_it_touches(
    zone: str, first: date, last: date
) -> None:
    found = november(person((day(10), day(20)), zone=zone))

    assert [one for one, count in found.days if count] == [
        first + timedelta(days=n) for n in range((last - first).days + 1)
    ]


def test_r55_only_days_that_have_begun_are_counted() -> None:
    midnight = datetime(2026, 11, 10, 23, tzinfo=UTC)
    moment = timedelta(microseconds=1)
    people = [person((LONG_AGO, None)), person((day(11), None))]

    before, after = november(*people, now=midnight - moment), november(*people, now=midnight)

    assert (len(before.counts), before.figure) == (10, 1)
    assert (len(after.counts), after.figure, after.peak_day) == (11, 2, day(11))
    assert november(*people, now=datetime(2026, 10, 30, tzinfo=UTC)).counts == ()


def test_r55_a_leave_date_that_has_not_come_is_no_reason_yet() -> None:
    leaving = person((LONG_AGO, day(20)))

    found = november(leaving, now=datetime(2026, 11, 15, tzinfo=UTC))

    assert found.lines == (Line("a", "active", 15),)


def test_r55_a_day_that_the_tenants_zone_skipped_has_no_count() -> None:
    month = Month(2011, 12)

    found = statement([person((date(2011, 1, 1), None))], month, "Pacific/Apia", OVER)

    assert [one.day for one, count in found.days if not count] == [30]
    assert found.lines[0].days == 30


def test_r55_a_deleted_one_counts_until_the_deletion_without_a_name() -> None:
    deleted_at = datetime(2026, 11, 12, 9, tzinfo=UTC)
    user = UserCopy(time_zone=ZONE, status="active", first_name="Ada")
    own = Employment("A 1", (Membership(LONG_AGO, date(2026, 2, 1)), Membership(date(2026, 3, 1))))
    record: Employee = Record(Followed(id="a", state="confirmed", user=user), own)

    buried = RULES.buried(record, deleted_at)
    tombstone = Record(Followed(id="a", state="deleted", user=UserCopy()), buried)

    assert buried == Employment(counted=(Stay(datetime(2026, 2, 28, 23, tzinfo=UTC), deleted_at),))
    assert november(counted(tombstone)).lines == (
        Line(None, "deleted", 12, left_on=day(12), place=("", "a")),
    )


def test_r6_who_was_never_confirmed_leaves_nothing_behind() -> None:
    own = Employment("A 1", (Membership(LONG_AGO),))
    record: Employee = Record(Followed(id="a", state="pending", user=UserCopy()), own)

    assert RULES.buried(record, OVER) == RULES.buried(None, OVER) == Employment()


def test_r16_the_last_admin_counts_as_long_as_they_are_kept() -> None:
    user = UserCopy(time_zone=ZONE, status="active", is_admin=True)
    left = Membership(LONG_AGO, day(10), OVER, OVER)
    record: Employee = Record(
        Followed(id="a", state="confirmed", user=user), Employment("A 1", (left,))
    )
    gone = replace(record, followed=replace(record.followed, user=UserCopy(time_zone=ZONE)))

    assert november(counted(record)).lines == (
        Line("a", "kept_as_last_admin", 30, place=("", "a")),
    )
    assert november(counted(gone)).lines == (
        Line("a", "left", 9, left_on=day(10), place=("", "a")),
    )


def test_r54_a_fact_that_was_said_counts_in_whatever_zone() -> None:
    started, ended = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 19, 10, tzinfo=UTC)
    membership = Membership(day(2), day(20), started, ended)

    (stay,) = stays([membership], "Pacific/Pago_Pago")

    assert (stay.begins_at, stay.ends_at) == (started, ended)


def test_r55_of_a_deleted_one_nothing_is_kept_that_is_billed_already() -> None:
    now = datetime(2026, 11, 12, tzinfo=UTC)
    old = Stay(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))
    planned = Stay(datetime(2026, 12, 1, tzinfo=UTC))
    running = Stay(datetime(2026, 6, 1, tzinfo=UTC), None, date(2026, 6, 1))

    assert left_over([old, running, planned], now) == (Stay(running.begins_at, now),)


@pytest.mark.parametrize(
    "text, after, before", [("2026-12", "2027-01", "2026-11"), ("2026-01", "2026-02", "2025-12")]
)
def test_months_follow_each_other(text: str, after: str, before: str) -> None:
    month = Month.parse(text)

    assert (str(month), str(month.next), str(month.previous)) == (text, after, before)
    assert month.next.previous == month


def test_r55_a_leap_day_counts() -> None:
    leap = statement(
        [person((date(2028, 2, 29), date(2028, 3, 1)))],
        Month(2028, 2),
        ZONE,
        datetime(2028, 3, 2, tzinfo=UTC),
    )

    assert (leap.peak_day, leap.lines[0].days) == (date(2028, 2, 29), 1)


_zones = st.sampled_from(
    [ZONE, "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "America/New_York"]
)
_days = st.dates(min_value=date(2026, 9, 20), max_value=date(2026, 12, 10))


@st.composite
def _people(draw: Any) -> Counted:
    dates = sorted(draw(st.lists(_days, max_size=5)))
    pairs = list(zip(dates[::2], [*dates[1::2], None], strict=False))
    return person(*pairs, zone=draw(_zones))


@settings(deadline=None, max_examples=40)
@given(
    people=st.lists(_people(), max_size=6),
    month=st.sampled_from([Month(2026, 10), NOVEMBER]),
    zone=_zones,
    hours=st.integers(min_value=0, max_value=24 * 70),
)
def test_r55_the_figure_is_what_counting_every_quarter_of_an_hour_gives(
    people: list[Counted], month: Month, zone: str, hours: int
) -> None:
    now = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(hours=hours)

    found = statement(people, month, zone, now)

    active: dict[date, set[int]] = {}
    moment, quarter = start_of(month.first_day, zone), timedelta(minutes=15)
    while moment <= now and moment < start_of(month.next.first_day, zone):
        there = active.setdefault(day_in(zone, moment), set())
        there |= {
            number
            for number, one in enumerate(people)
            if any(
                stay.begins_at <= moment and (stay.ends_at is None or moment < stay.ends_at)
                for stay in one.stays
            )
        }
        moment += quarter
    assert dict(found.days) == {one: len(those) for one, those in active.items()}
    assert found.figure == max((len(those) for those in active.values()), default=0)
    listed = {number for those in active.values() for number in those}
    assert len(found.lines) == len(listed)
    assert sum(line.days for line in found.lines) == sum(map(len, active.values()))
