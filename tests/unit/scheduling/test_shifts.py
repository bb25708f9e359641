from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staffroll.errors import Invalid, NotFound, StaffrollError, Stale
from staffroll.events import Cause
from staffroll_scheduling.domain import shifts as rules
from staffroll_scheduling.domain import turning
from staffroll_scheduling.domain.assignments import Assignment, NeededSkill
from staffroll_scheduling.domain.errors import OutsideMembership, ShiftOverlaps, WeekFull
from staffroll_scheduling.domain.membership import Membership
from staffroll_scheduling.domain.shifts import (
    MOST_IN_A_WEEK,
    is_dropped,
    is_outside,
    kept_after_drop,
    needed_weeks,
    recount_at,
    recounted,
    time_problems,
)
from staffroll_scheduling.domain.shown import Around, shown
from staffroll_scheduling.domain.weeks import Shift, week_of, weeks_between
from tests.unit.scheduling.shifts import HOUR, NOW, Kept, a_shift, an_employee

MONDAY = datetime(2026, 11, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
# In it lie week borders, and in Berlin the day on which clocks go back.
BEGIN = datetime(2026, 10, 22, tzinfo=UTC)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    "start, end, field, code",
    [
        ("08:00:00", "08:00:00", "end", "end_not_after_start"),
        ("08:00:00", "07:00:00", "end", "end_not_after_start"),
        ("08:00:30", "09:00:00", "start", "not_a_whole_minute"),
        ("08:00:00", "09:00:00.001", "end", "not_a_whole_minute"),
    ],
)
def test_r81_the_times_of_a_shift_are_whole_minutes_in_order(
    start: str, end: str, field: str, code: str
) -> None:
    found = time_problems(moment(f"2026-11-30T{start}Z"), moment(f"2026-11-30T{end}Z"))

    assert [(name, each[0].code) for name, each in found.items()] == [(field, code)]


def test_r81_a_shift_lasts_at_most_24_hours_also_when_clocks_go_back() -> None:
    noon_to_noon = moment("2026-10-24T12:00+02:00"), moment("2026-10-25T12:00+01:00")
    a_day = moment("2026-10-24T12:00+02:00"), moment("2026-10-25T11:00+01:00")

    assert time_problems(*noon_to_noon)["end"][0].code == "longer_than_a_day"
    assert time_problems(*a_day) == {}


@pytest.mark.parametrize(
    "start, hours, is_free",
    [
        ("2026-11-30T00:00Z", 8, True),  # ends when the other begins
        ("2026-11-30T16:00Z", 1, True),  # begins when the other ends
        ("2026-11-30T07:00Z", 1.1, False),
        ("2026-11-30T15:59Z", 1, False),
        ("2026-11-30T10:00Z", 1, False),  # inside
        ("2026-11-30T07:00Z", 12, False),  # around
        ("2026-11-29T10:00Z", 23, False),  # from the week before
    ],
)
def test_r81_shifts_of_one_employee_never_overlap(start: str, hours: float, is_free: bool) -> None:
    kept = Kept()
    other = kept.create(a_shift("2026-11-30T08:00Z"))

    if is_free:
        kept.create(a_shift(start, hours))
    else:
        with pytest.raises(ShiftOverlaps) as refused:
            kept.create(a_shift(start, hours))

        assert refused.value.data == {"other": other.id}
        assert kept.shifts == [other]


def test_r81_a_shift_may_lie_over_the_end_of_a_week_and_of_a_year() -> None:
    kept = Kept()
    over_newyear = kept.create(a_shift("2027-01-03T20:00Z", 10))

    with pytest.raises(ShiftOverlaps):
        kept.create(a_shift("2027-01-04T05:59Z"))
    later = kept.create(a_shift("2027-01-04T06:00Z"))

    assert [week_of(one.start) for one in kept.shifts] == ["2026-W53", "2027-W01"]
    assert kept.shifts == [over_newyear, later]


def test_r81_a_moved_shift_leaves_its_week() -> None:
    kept = Kept()
    shift = kept.create(a_shift("2026-11-30T08:00Z"))

    moved = kept.move(shift, shift.start - timedelta(days=7), shift.end - timedelta(days=7))
    with pytest.raises(ShiftOverlaps):
        kept.create(a_shift(moved.start))
    kept.create(a_shift("2026-11-30T08:00Z"))

    assert kept.shifts[0] == moved
    assert len(kept.shifts) == 2


def test_r81_a_shift_may_be_moved_to_where_it_lies_in_part() -> None:
    kept = Kept()
    shift = kept.create(a_shift("2026-11-30T08:00Z"))

    moved = kept.move(shift, shift.start + HOUR, shift.end + HOUR)

    assert kept.shifts == [moved]
    assert moved.version == shift.version + 1


@pytest.mark.parametrize(
    "start, outside",
    [
        ("2026-11-30T22:59Z", True),
        ("2026-11-30T23:00Z", False),  # midnight in Berlin
        ("2026-12-09T22:59Z", False),  # ends on the leave date
        ("2026-12-09T23:00Z", True),
        ("2026-12-19T23:00Z", False),  # joined again
    ],
)
def test_r81_no_new_shift_starts_outside_membership_in_the_persons_zone(
    start: str, outside: bool
) -> None:
    first = Membership(date(2026, 12, 1), date(2026, 12, 10))
    record = an_employee(first, Membership(date(2026, 12, 20)))
    kept = Kept(record)

    assert is_outside(record, moment(start)) is outside
    if outside:
        with pytest.raises(OutsideMembership):
            kept.create(a_shift(start))
    else:
        kept.create(a_shift(start))


def test_r51_a_kept_shift_outside_membership_can_be_noted_on_and_deleted_but_not_moved() -> None:
    kept = Kept()
    shift = kept.create(a_shift("2026-12-20T08:00Z"))
    left = replace(kept.record.own, memberships=(Membership(date(2020, 1, 1), date(2026, 12, 1)),))
    kept.record = replace(kept.record, own=left)
    weeks = kept.read([week_of(shift.start)])

    noted = rules.edit(kept.record, weeks, shift.id, {"note": "Hand over"}, NOW)
    with pytest.raises(OutsideMembership):
        kept.move(shift, shift.start + HOUR, shift.end + HOUR)
    kept.delete(shift)

    assert (noted.shift.note, noted.changed) == ("Hand over", ("note",))
    assert kept.shifts == []


def test_r15_an_edit_of_an_older_version_is_refused_and_one_of_nothing_changes_nothing() -> None:
    kept = Kept()
    shift = kept.create(a_shift(MONDAY))
    weeks = kept.read([week_of(MONDAY)])

    same = rules.edit(kept.record, weeks, shift.id, {"start": MONDAY}, NOW, shift.version)

    assert same.own == kept.record.own
    with pytest.raises(Stale):
        rules.edit(kept.record, weeks, shift.id, {"note": "x"}, NOW, shift.version - 1)
    with pytest.raises(NotFound):
        rules.delete(kept.record, {}, shift.id, NOW)


def test_r81_a_week_of_an_employee_holds_so_many_shifts_and_no_more() -> None:
    kept = Kept()
    for nth in range(MOST_IN_A_WEEK):
        kept.create(Shift(f"s{nth}", MONDAY + nth * MINUTE, MONDAY + (nth + 1) * MINUTE))

    with pytest.raises(WeekFull):
        kept.create(a_shift(MONDAY + timedelta(days=3)))
    kept.create(a_shift(MONDAY + timedelta(days=7)))


def test_r81_a_decided_change_that_is_applied_again_or_late_does_nothing() -> None:
    kept = Kept()
    first = kept.create(a_shift("2026-11-30T08:00Z"))
    kept.delete(first)
    second = kept.create(a_shift("2026-11-30T10:00Z"))

    kept.waiting.reverse()
    kept.apply()
    kept.apply()

    assert kept.shifts == [second]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "create", "move", "delete"]),
        st.integers(0, 9 * 24 * 2),  # half hours after the beginning
        st.integers(-1, 49),  # half hours of length
        st.integers(0, 30),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_r81_whatever_is_created_moved_and_deleted_nothing_ever_overlaps(
    steps: list[tuple[str, int, int, int]],
) -> None:
    leave = date(2026, 10, 29)
    kept = Kept(an_employee(Membership(date(2026, 10, 23), leave)))
    begin, end = moment("2026-10-22T22:00Z"), moment("2026-10-28T23:00Z")
    model: dict[str, tuple[datetime, datetime]] = {}

    for what, at, length, which in steps:
        start = BEGIN + at * HOUR / 2
        until = start + length * HOUR / 2
        known = sorted(kept.shifts, key=lambda one: one.id)
        chosen = known[which % len(known)] if known else None
        others = [times for id_, times in model.items() if chosen is None or id_ != chosen.id]
        if what == "create":
            others = list(model.values())
        fits = (
            timedelta(0) < until - start <= timedelta(days=1)
            and begin <= start < end
            and all(until <= a or b <= start for a, b in others)
        )
        try:
            if what == "create":
                made = kept.create(Shift(f"{len(kept.waiting):04}", start, until))
                model[made.id] = (start, until)
            elif chosen is not None and what == "move":
                is_moved = (start, until) != (chosen.start, chosen.end)
                kept.move(chosen, start, until)
                fits = fits or not is_moved
                model[chosen.id] = (start, until)
            elif chosen is not None:
                kept.delete(chosen)
                del model[chosen.id]
                fits = True
            else:
                continue
        except StaffrollError:
            assert not fits
        else:
            assert fits

    assert {one.id: (one.start, one.end) for one in kept.shifts} == model
    assert kept.record.own.future_shifts == sum(times[1] > NOW for times in model.values())


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-40, 40), st.integers(0, 40)), max_size=20))
def test_r60_future_shifts_are_those_that_are_not_over_when_they_were_counted(
    steps: list[tuple[int, int]],
) -> None:
    kept = Kept()
    now = NOW

    for at, forward in steps:
        now += forward * HOUR
        try:
            kept.create(a_shift(NOW + at * 10 * HOUR, 6), now)
        except ShiftOverlaps:
            kept.delete(next(s for s in kept.shifts if s.end > NOW + at * 10 * HOUR), now)
        counted_at = kept.record.own.counted_at
        ahead = sum(one.end > counted_at for one in kept.shifts) if counted_at else 0
        assert kept.record.own.future_shifts == ahead


def test_r60_future_shifts_are_counted_anew_when_the_day_ends_in_their_zone() -> None:
    counted = recounted(an_employee().own, 3, NOW)

    assert recount_at(an_employee()) is None
    assert recount_at(replace(an_employee(zone="Asia/Kathmandu"), own=counted)) == moment(
        "2026-11-25T18:15Z"
    )
    assert recounted(counted, 0, NOW).counted_at is None


def test_r60_an_employee_with_future_shifts_turns_when_the_day_ends() -> None:
    record = replace(an_employee(), own=recounted(an_employee().own, 3, NOW))
    tomorrow = moment("2026-11-25T23:00Z")
    cause = Cause("scheduling", "acme", "system:scheduling", tomorrow)

    same = turning.turn(record, cause, 3)
    fewer = turning.turn(record, cause, 2)

    assert turning.next_turn(record, NOW) == tomorrow
    assert not turning.is_recount_due(record, NOW)
    assert turning.is_recount_due(record, tomorrow)
    assert (same.events, turning.next_turn(same.record, tomorrow)) == (
        (),
        moment("2026-11-26T23:00Z"),
    )
    assert [event.data["future_shifts"] for event in fewer.events] == [2]


@pytest.mark.parametrize(
    "start, stays", [("2026-12-09T22:59Z", True), ("2026-12-09T23:00Z", False)]
)
def test_r51_shifts_go_that_start_on_the_leave_date_or_later_in_the_persons_zone(
    start: str, stays: bool
) -> None:
    record = an_employee(drop_shifts_from=date(2026, 12, 10))
    shift = a_shift(start, note="At the gate")

    assert is_dropped(record, shift) is not stays
    assert kept_after_drop(record, [shift]) == ((shift,) if stays else ())


def test_r61_of_the_deleted_past_shifts_stay_without_notes_and_running_ones_go() -> None:
    tombstone = replace(an_employee(state="deleted"), erasing_since=NOW)
    past = a_shift(NOW - 8 * HOUR, note="For Ada", once={"key": "x"})
    running = a_shift(NOW - HOUR)
    ahead = a_shift(NOW + HOUR)

    left = kept_after_drop(tombstone, [past, running, ahead])

    assert left == (replace(past, note="", once=None),)


def test_r61_the_deleted_are_shown_without_a_name() -> None:
    around = Around({}, {}, "Asia/Kathmandu")
    tombstone = an_employee(zone="", state="deleted")
    shift = a_shift("2026-11-30T20:00Z")

    gone = shown(shift, tombstone, around)

    assert (gone.employee_name, gone.time_zone, gone.day) == (
        "***",
        "Asia/Kathmandu",
        date(2026, 12, 1),
    )
    assert not gone.is_outside


def test_r81_a_shift_is_shown_in_the_zone_of_the_first_unit_or_else_in_theirs() -> None:
    around = Around({"u": "America/Lima"}, {})
    shift = a_shift("2026-12-01T02:00Z")

    theirs = shown(shift, an_employee(zone="Asia/Tokyo"), around)
    units = shown(shift, an_employee(zone="Asia/Tokyo", planning_units=("u",)), around)

    assert (theirs.time_zone, theirs.day) == ("Asia/Tokyo", date(2026, 12, 1))
    assert (units.time_zone, units.day) == ("America/Lima", date(2026, 11, 30))


@pytest.mark.parametrize(
    "level, until, lacks", [(2, None, False), (1, None, True), (2, date(2026, 11, 30), True)]
)
def test_r81_a_missing_skill_is_shown(level: int, until: date | None, lacks: bool) -> None:
    skill = Assignment("skill", "s", date(2026, 1, 1), until, level=level)
    around = Around({}, {"a": [NeededSkill("s", 2)]})
    shift = a_shift("2026-11-30T08:00Z", activity_id="a")

    assert shown(shift, an_employee(assignments=(skill,)), around).lacks_skill is lacks


@pytest.mark.parametrize(
    "start, end, weeks",
    [
        ("2026-11-30T00:00Z", "2026-11-30T08:00Z", ["2026-W49"]),
        ("2026-11-29T23:59Z", "2026-11-30T00:00Z", ["2026-W48"]),
        ("2026-11-29T23:59Z", "2026-11-30T00:01Z", ["2026-W48", "2026-W49"]),
        ("2027-01-03T12:00+14:00", "2027-01-04T12:00Z", ["2026-W53", "2027-W01"]),
    ],
)
def test_r81_weeks_are_iso_weeks_in_utc(start: str, end: str, weeks: list[str]) -> None:
    assert weeks_between(moment(start), moment(end)) == weeks


@settings(deadline=None)
@given(st.integers(0, 24 * 20), st.integers(1, 24), st.integers(0, 24 * 20), st.integers(1, 24))
def test_r81_whatever_overlaps_lies_in_the_needed_weeks(
    at: int, length: int, other_at: int, other_length: int
) -> None:
    one = a_shift(BEGIN + at * HOUR, length)
    other = a_shift(BEGIN + other_at * HOUR, other_length)

    if one.overlaps(other):
        assert week_of(other.start) in needed_weeks(one.start, one.end)


def test_r81_wrong_times_are_told_before_anything_else() -> None:
    with pytest.raises(Invalid):
        Kept(an_employee(Membership(date(2030, 1, 1)))).create(a_shift(MONDAY, 25))
