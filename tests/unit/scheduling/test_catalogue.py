"""R80, R82: entries of catalogues, and what a mass update carries. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll.events import Cause
from staffroll_scheduling.domain import catalogue, mass_updates
from staffroll_scheduling.domain.catalogue import Skill, name_key
from staffroll_scheduling.domain.errors import LevelsStay
from staffroll_scheduling.domain.mass_updates import Giving, Leaving

CAUSE = Cause("scheduling", "acme", "somebody", datetime(2026, 11, 10, tzinfo=UTC))


def a_skill(*levels: str) -> Skill:
    return Skill(id="torch", name="Torch", levels=levels)


def test_r80_a_change_makes_a_version_and_is_noted_by_the_names_of_fields() -> None:
    decision = catalogue.edit("skill", a_skill(), {"name": "Flame", "levels": ()}, CAUSE)

    assert (decision.entry.name, decision.entry.version) == ("Flame", 2)
    assert [(one.action, one.changed) for one in decision.audit] == [("skill.updated", ("name",))]


def test_r80_what_changes_nothing_is_no_version() -> None:
    skill = a_skill("Basic")

    decision = catalogue.edit("skill", skill, {"name": "Torch", "levels": ("Basic",)}, CAUSE)

    assert decision.entry is skill
    assert decision.audit == ()


def test_r80_levels_are_renamed_and_added_not_taken_away() -> None:
    skill = a_skill("Basic", "Expert")

    more = catalogue.edit("skill", skill, {"levels": ("Low", "Middle", "High")}, CAUSE).entry

    assert isinstance(more, Skill)
    assert more.highest_level == 3
    with pytest.raises(LevelsStay):
        catalogue.edit("skill", skill, {"levels": ("Basic",)}, CAUSE)


def test_r80_a_skill_without_levels_has_one() -> None:
    assert a_skill().highest_level == 1


def test_r80_names_that_differ_in_case_or_unicode_form_alone_are_the_same() -> None:
    assert name_key("STRASSE Cafe\N{COMBINING ACUTE ACCENT}") == name_key("straße Café")


DAYS = st.dates(date(1970, 1, 1), date(2199, 12, 31))
CHANGES = st.builds(Leaving, DAYS, st.sampled_from(["delete", "keep"])) | st.builds(
    Giving,
    st.sampled_from(["contract", "skill", "planning_unit"]),
    st.fixed_dictionaries(
        {"target_id": st.text(min_size=1), "valid_from": DAYS},
        optional={"valid_to": st.none() | DAYS, "level": st.integers(1, 10)},
    ),
)


@given(CHANGES)
def test_r82_a_job_carries_a_change_as_it_was_asked_for(change: mass_updates.Change) -> None:
    assert mass_updates.from_json(mass_updates.to_json(change)) == change
