import pytest

from staffroll.giving import RoleNotYours, RoleUnknown, check_gives_no_more
from staffroll.scope import Actor
from staffroll.standing import Grant

EMPLOYEES = "scheduling.employees:read"
NORTH, SOUTH = frozenset({"north"}), frozenset({"north", "south"})

KNOWN = {
    "weak": Grant(frozenset({"a.b:read"})),
    "strong": Grant(frozenset({"a.b:read", "a.b:edit"})),
}
READER = Actor("me", frozenset({"a.b:read", "c.d:read"}))


def test_r72_what_one_may_oneself_can_be_given() -> None:
    check_gives_no_more(READER, ["weak"], KNOWN)


def test_r72_more_than_one_may_oneself_can_not() -> None:
    with pytest.raises(RoleNotYours):
        check_gives_no_more(READER, ["weak", "strong"], KNOWN)


def test_r72_what_cannot_be_told_is_not_given() -> None:
    with pytest.raises(RoleUnknown):
        check_gives_no_more(READER, ["new"], KNOWN)


def test_r16_an_admin_gives_everything() -> None:
    check_gives_no_more(Actor("me", is_admin=True), ["strong", "new"], KNOWN)


@pytest.mark.parametrize("given", [frozenset(), NORTH])
def test_r72_what_is_limited_to_planning_units_can_be_given_within_them(
    given: frozenset[str],
) -> None:
    planner = Actor("me", frozenset({EMPLOYEES}), limits={EMPLOYEES: NORTH})

    check_gives_no_more(planner, ["role"], {"role": Grant(frozenset({EMPLOYEES}), given)})


@pytest.mark.parametrize("given", [None, SOUTH])
def test_r72_and_not_beyond_them(given: frozenset[str] | None) -> None:
    planner = Actor("me", frozenset({EMPLOYEES}), limits={EMPLOYEES: NORTH})

    with pytest.raises(RoleNotYours):
        check_gives_no_more(planner, ["role"], {"role": Grant(frozenset({EMPLOYEES}), given)})


def test_r72_who_reaches_everywhere_gives_it_anywhere() -> None:
    check_gives_no_more(
        Actor("me", frozenset({EMPLOYEES})), ["role"], {"role": Grant(frozenset({EMPLOYEES}), None)}
    )


def test_r73_planning_units_mean_nothing_outside_scheduling() -> None:
    reader = Actor("me", frozenset({"accounts.users:read"}), limits={"accounts.users:read": NORTH})

    check_gives_no_more(reader, ["role"], {"role": Grant(frozenset({"accounts.users:read"}), None)})
