"""The judge of the storm: what it allows, and what it finds."""

from __future__ import annotations

import pytest

from tests.storm.model import (
    LONGEST_HELD_SECONDS,
    LONGEST_LAG_SECONDS,
    Human,
    Model,
    Outcome,
    Register,
    Shift,
    Write,
)
from tests.storm.schedule import schedule


def a_register(*writes: tuple[object, float, float, Outcome], asks: bool = False) -> Register:
    """Of values that were tried from one second to another."""
    register = Register()
    for value, began, ended, outcome in writes:
        one = Write(value, began, asks=asks)
        one.settle(outcome, ended)
        register.writes.append(one)
    return register


def test_what_an_acknowledged_write_followed_is_lost() -> None:
    register = a_register(("old", 0, 1, "done"), ("new", 2, 3, "done"))

    assert not register.allows("old")
    assert register.allows("new")


def test_of_two_acknowledged_at_once_either_may_stand() -> None:
    register = a_register(("one", 0, 2, "done"), ("two", 1, 3, "done"))

    assert register.allows("one")
    assert register.allows("two")


def test_what_was_refused_may_not_stand() -> None:
    assert not a_register(("old", 0, 1, "done"), ("no", 2, 3, "refused")).allows("no")


def test_of_a_cut_connection_both_outcomes_are_allowed_until_no_process_can_hold_it() -> None:
    soon = a_register(("cut", 0, 1, "unknown"), ("sure", 2, 3, "done"))
    late = LONGEST_HELD_SECONDS + 2
    later = a_register(("cut", 0, 1, "unknown"), ("sure", late, late + 1, "done"))

    assert soon.allows("cut")
    assert soon.allows("sure")
    assert not later.allows("cut")


def test_a_wish_to_accounts_may_be_granted_whenever() -> None:
    register = a_register(("wished", 0, 1, "accepted"), asks=True)
    register.writes += a_register(("sure", 500, 501, "done")).writes

    assert register.allows("wished")


@pytest.mark.parametrize(
    "since, until, held", [(0, 0.5, False), (1.5, 1.6, True), (2.5, 2.6, True), (4, 5, False)]
)
def test_an_address_is_held_from_the_write_until_another_is_acknowledged(
    since: float, until: float, held: bool
) -> None:
    register = a_register(("box", 1, 2, "done"), ("else", 2.2, 3, "done"))

    assert register.held("box", since, until) is held


def test_nobody_is_said_to_hold_an_address_whose_creation_was_refused() -> None:
    model, human = Model(), Human(1, 0, "Nr1", "people")
    human.fields["email"] = a_register(("box", 1, 2, "done"))
    human.existence = a_register(("there", 1, 2, "refused"))
    model.add(human)

    assert not model.may_hold("box", 0, Human(2, 0, "Nr2", "people"), 3, 4)


def test_a_seed_makes_the_same_storm_again() -> None:
    assert schedule(7, 2_000) == schedule(7, 2_000)
    assert schedule(7, 2_000).operations != schedule(8, 2_000).operations
    assert schedule(7, 2_000).failures != schedule(8, 2_000).failures


def test_a_reason_may_be_forgotten_for_a_later_wish_in_the_same_place_alone() -> None:
    human = Human(1, 0, "Nr1", "accounts")
    here = Write("x", 1, place="people", asks=True, outcome="accepted")
    elsewhere = Write("y", 1, place="scheduling", asks=True, outcome="accepted")
    later = Write("z", 9, place="people", asks=True, outcome="accepted")
    human.register("email").writes += [here, elsewhere, later]

    human.was_answered("people", 5)

    assert [here.is_overtaken, elsewhere.is_overtaken, later.is_overtaken] == [True, False, False]


@pytest.mark.parametrize("ended, is_excused", [(1, False), (3, True)])
def test_a_shift_may_be_deleted_with_the_end_of_a_membership_that_was_asked_for_before_it(
    ended: float, is_excused: bool
) -> None:
    human = Human(7, 0, "Nr7", "scheduling")
    shift = Shift(8, day=a_register(("monday", 2, 4, "done")))
    human.cleared = a_register(("yes", 0, ended, "done"))

    assert bool(human.removals_of(shift)) == is_excused


@pytest.mark.parametrize("is_admin", [True, False])
def test_a_wish_for_an_address_that_nobody_has_may_be_refused_of_an_admin_alone(
    is_admin: bool,
) -> None:
    model, human = Model(), Human(7, 0, "Nr7", "accounts")
    model.add(human)
    human.fields["is_admin"] = a_register((False, 0, 1, "done"), (is_admin, 2, 3, "done"))

    assert model.may_refuse_address("new@x", 0, human, 4, 5) == is_admin


@pytest.mark.parametrize(
    "place, later, is_news",
    [("accounts", 5, True), ("people", 5, False), ("accounts", LONGEST_LAG_SECONDS + 5, False)],
)
def test_a_wish_may_be_refused_for_what_was_written_elsewhere_lately(
    place: str, later: float, is_news: bool
) -> None:
    register = a_register(("old", 0, 1, "done"))
    register.writes[0].place = place
    wish = Write("new", later, place="people", asks=True)
    register.writes.append(wish)

    assert register.may_be_news(wish) == is_news
