"""R80: what an employee has out of the catalogues, and when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll.errors import NotFound, StaffrollError
from staffroll_scheduling.domain import assignments as rules
from staffroll_scheduling.domain.assignments import (
    ASSIGNMENTS_MAX,
    NOTHING_NEEDED,
    Assignment,
    Known,
    NeededSkill,
    assigned,
    changed,
    checked,
    current_units,
    next_unit_change,
    removed,
)
from staffroll_scheduling.domain.errors import (
    Overlap,
    PeriodEmpty,
    PriorityOneNeeded,
    SkillMissing,
    TooManyAssignments,
)

TODAY = date(2026, 11, 10)
WELDING_NEEDED = Known({"welding": (NeededSkill("torch", 2),)}, {"torch": "Torch"})


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def a_skill(start: int = 0, end: int | None = None, **changes: Any) -> Assignment:
    return _an("skill", "torch", start, end, **{"level": 1, **changes})


def a_unit(target: str, priority: int, start: int = 0, end: int | None = None) -> Assignment:
    return _an("planning_unit", target, start, end, priority=priority)


def an_activity(start: int = 0, end: int | None = None) -> Assignment:
    return _an("activity", "welding", start, end)


def _an(kind: Any, target: str, start: int, end: int | None, **changes: Any) -> Assignment:
    valid_to = None if end is None else day(end)
    id_ = f"{kind}-{target}-{start}-{end}"
    return Assignment(kind, target, day(start), valid_to, **{"id": id_, **changes})


def give(*wished: Assignment, known: Known = NOTHING_NEEDED) -> tuple[Assignment, ...]:
    found: tuple[Assignment, ...] = ()
    for one in wished:
        found = assigned(found, one, known, TODAY)
    return found


PERIODS = st.tuples(st.integers(-30, 30), st.none() | st.integers(-30, 30))


@given(st.lists(st.tuples(st.sampled_from(["torch", "crane"]), PERIODS), max_size=8))
def test_r80_whatever_is_asked_for_the_same_thing_is_never_given_twice_on_a_day(
    wishes: list[tuple[str, tuple[int, int | None]]],
) -> None:
    kept: tuple[Assignment, ...] = ()
    for nth, (target, (start, end)) in enumerate(wishes):
        try:
            new = _an("skill", target, start, end, level=1, id=str(nth))
            kept = assigned(kept, new, NOTHING_NEEDED, TODAY)
        except (Overlap, PeriodEmpty):
            continue

    for offset in range(-31, 32):
        having = [one.target_id for one in kept if one.is_valid_on(day(offset))]
        assert len(having) == len(set(having))


@given(PERIODS, PERIODS)
def test_r80_overlapping_is_having_a_day_in_common(
    one: tuple[int, int | None], other: tuple[int, int | None]
) -> None:
    first, second = a_skill(*one, id="1"), a_skill(*other, id="2")
    days = [day(offset) for offset in range(-31, 62)]

    in_common = any(first.is_valid_on(each) and second.is_valid_on(each) for each in days)
    if all(x.valid_to is None or x.valid_to > x.valid_from for x in (first, second)):
        assert first.overlaps(second) == second.overlaps(first) == in_common


def test_r80_the_same_thing_may_follow_on_the_day_on_which_it_ended() -> None:
    kept = give(a_skill(0, 5), a_skill(5))

    assert [one.valid_from for one in kept] == [day(0), day(5)]


def test_r80_a_refused_overlap_says_with_what() -> None:
    with pytest.raises(Overlap) as refused:
        give(a_skill(0, 5), a_skill(4))

    assert refused.value.data == {"valid_from": "2026-11-10", "valid_to": "2026-11-15"}


@pytest.mark.parametrize("end", [0, -1])
def test_r80_what_ends_before_it_begins_is_refused(end: int) -> None:
    with pytest.raises(PeriodEmpty):
        give(a_skill(0, end))


def test_r80_a_change_is_judged_as_a_new_one_is() -> None:
    kept = give(a_skill(0, 5), a_skill(10))

    with pytest.raises(Overlap):
        changed(kept, "skill", kept[0].id, {"valid_to": None}, NOTHING_NEEDED, TODAY)
    longer = changed(kept, "skill", kept[0].id, {"valid_to": day(10)}, NOTHING_NEEDED, TODAY)
    assert longer[0].valid_to == day(10)


def test_what_is_not_there_or_of_another_kind_is_not_found() -> None:
    kept = give(a_skill())

    with pytest.raises(NotFound):
        removed(kept, "contract", kept[0].id, NOTHING_NEEDED, TODAY)
    with pytest.raises(NotFound):
        changed(kept, "skill", "nothing", {}, NOTHING_NEEDED, TODAY)


def test_r80_an_employee_has_only_so_many_assignments() -> None:
    kept = tuple(a_skill(2 * nth, 2 * nth + 1) for nth in range(ASSIGNMENTS_MAX))

    with pytest.raises(TooManyAssignments):
        assigned(kept, an_activity(), NOTHING_NEEDED, TODAY)


@pytest.mark.parametrize(
    "skills",
    [
        (),
        (a_skill(0, None, level=1),),
        (a_skill(0, 9, level=2),),
        (a_skill(1, None, level=2),),
        (a_skill(0, 4, level=2), a_skill(5, None, level=2)),
        (a_skill(0, 5, level=2), a_skill(5, None, level=1)),
    ],
)
def test_r80_an_activity_is_refused_where_a_skill_is_missing_on_one_day(
    skills: tuple[Assignment, ...],
) -> None:
    with pytest.raises(SkillMissing) as refused:
        give(*skills, an_activity(0, 10), known=WELDING_NEEDED)

    assert refused.value.detail == "This needs, all the time: Torch (level 2 or higher)."


@pytest.mark.parametrize(
    "skills",
    [
        (a_skill(0, None, level=2),),
        (a_skill(-5, 10, level=3),),
        (a_skill(-5, 5, level=2), a_skill(5, 10, level=4)),
    ],
)
def test_r80_an_activity_is_given_where_the_skills_last_throughout(
    skills: tuple[Assignment, ...],
) -> None:
    assert len(give(*skills, an_activity(0, 10), known=WELDING_NEEDED)) == len(skills) + 1


def test_r80_days_that_are_over_are_not_judged() -> None:
    skill = a_skill(-3, None, level=2)

    assert give(skill, an_activity(-30), known=WELDING_NEEDED)


def test_r80_a_skill_stays_while_an_activity_needs_it() -> None:
    kept = give(a_skill(level=2), an_activity(), known=WELDING_NEEDED)

    skill = next(one for one in kept if one.kind == "skill")
    for changes in ({"level": 1}, {"valid_to": day(3)}, {"valid_from": day(1)}):
        with pytest.raises(SkillMissing):
            changed(kept, "skill", skill.id, changes, WELDING_NEEDED, TODAY)
    with pytest.raises(SkillMissing):
        removed(kept, "skill", skill.id, WELDING_NEEDED, TODAY)


def test_r80_what_was_missing_before_hinders_no_other_change() -> None:
    kept = give(a_skill(level=1), an_activity())

    higher = changed(
        kept, "activity", an_activity().id, {"valid_to": day(9)}, WELDING_NEEDED, TODAY
    )

    assert higher[0].level == 1 or higher[1].level == 1


def test_r80_the_first_planning_unit_has_priority_1() -> None:
    with pytest.raises(PriorityOneNeeded):
        give(a_unit("north", 2))
    assert current_units(give(a_unit("north", 1), a_unit("south", 2)), TODAY) == ["north", "south"]


UNITS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 3), PERIODS), min_size=1, max_size=6
)


@given(UNITS, st.lists(st.integers(0, 5), max_size=4))
def test_r80_on_no_day_from_today_on_is_somebody_in_units_without_priority_1(
    wishes: list[tuple[str, int, tuple[int, int | None]]], removals: list[int]
) -> None:
    kept: tuple[Assignment, ...] = ()
    for nth, (target, priority, (start, end)) in enumerate(wishes):
        new = _an("planning_unit", target, start, end, priority=priority, id=str(nth))
        kept = _or_as_before(kept, lambda new=new, kept=kept: _given(kept, new))
    for nth in removals:
        kept = _or_as_before(
            kept,
            lambda nth=nth, kept=kept: removed(
                kept, "planning_unit", str(nth), NOTHING_NEEDED, TODAY
            ),
        )

    for offset in range(32):
        priorities = [one.priority for one in kept if one.is_valid_on(day(offset))]
        assert not priorities or 1 in priorities


def _given(kept: tuple[Assignment, ...], new: Assignment) -> tuple[Assignment, ...]:
    return assigned(kept, new, NOTHING_NEEDED, TODAY)


def _or_as_before(kept: tuple[Assignment, ...], attempt: Any) -> tuple[Assignment, ...]:
    try:
        found: tuple[Assignment, ...] = attempt()
    except StaffrollError:
        return kept
    return found


def test_r80_the_first_priority_can_pass_from_one_unit_to_another() -> None:
    kept = give(a_unit("north", 1), a_unit("south", 2))

    both = changed(kept, "planning_unit", kept[1].id, {"priority": 1}, NOTHING_NEEDED, TODAY)
    north = next(one for one in both if one.target_id == "north")
    after = changed(both, "planning_unit", north.id, {"priority": 2}, NOTHING_NEEDED, TODAY)

    assert current_units(after, TODAY) == ["south", "north"]


def test_r54_the_next_day_on_which_the_current_units_are_others() -> None:
    kept = checked((), (a_unit("north", 1, -9, 3), a_unit("south", 1, 2)), NOTHING_NEEDED, TODAY)

    assert next_unit_change(kept, TODAY) == day(2)
    assert next_unit_change(kept, day(2)) == day(3)
    assert next_unit_change(kept, day(3)) is None
    assert [current_units(kept, day(n)) for n in (0, 2, 3)] == [
        ["north"],
        ["north", "south"],
        ["south"],
    ]


def test_an_assignment_is_found_by_kind_and_id() -> None:
    kept = give(a_skill())

    assert rules.found(kept, "skill", kept[0].id) is kept[0]
