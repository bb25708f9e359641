"""R73: a role gives its permissions in the planning units that it reaches."""

from __future__ import annotations

from staffroll.standing import Grant, Standing, limits_of

READ, EDIT = "scheduling.employees:read", "scheduling.employees:edit"


def a_standing(*grants: Grant, is_admin: bool = False) -> Standing:
    permissions = frozenset[str]().union(*(grant.permissions for grant in grants))
    return Standing(True, 1, is_admin, permissions, limits_of(grants))


def a_grant(*permissions: str, units: set[str] | None = None) -> Grant:
    return Grant(frozenset(permissions), None if units is None else frozenset(units))


def test_r73_units_of_several_roles_add_up() -> None:
    standing = a_standing(a_grant(READ, units={"north"}), a_grant(READ, units={"south"}))

    assert standing.planning_units(READ) == frozenset({"north", "south"})


def test_r73_one_role_that_reaches_all_is_enough() -> None:
    standing = a_standing(a_grant(READ, units={"north"}), a_grant(READ))

    assert standing.planning_units(READ) is None


def test_r73_a_role_gives_everywhere_only_what_it_gives_at_all() -> None:
    standing = a_standing(a_grant(READ), a_grant(EDIT, units={"north"}), a_grant("other"))

    assert standing.planning_units(READ) is None
    assert standing.planning_units(EDIT) == frozenset({"north"})


def test_r73_a_role_may_reach_nothing() -> None:
    assert a_standing(a_grant(READ, units=set())).planning_units(READ) == frozenset()


def test_r73_what_nobody_gave_is_good_nowhere() -> None:
    standing = a_standing(a_grant(READ))

    assert standing.planning_units(EDIT) == frozenset()
    assert standing.planning_units(None) == frozenset()


def test_r73_admin_access_reaches_all() -> None:
    standing = a_standing(a_grant(READ, units={"north"}), is_admin=True)

    assert standing.planning_units(READ) is None
    assert standing.planning_units(None) is None
