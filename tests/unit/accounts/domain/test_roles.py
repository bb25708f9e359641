"""R70-R72: roles, and giving no more than one has."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll.events import payload_of
from staffroll.giving import RoleNotYours
from staffroll.permissions import CATALOGUE, CATEGORIES, NAMES, defaults
from staffroll.scope import Actor
from staffroll_accounts.domain.roles import (
    DEFAULTS,
    OTHER,
    NewRole,
    RoleDecision,
    check_no_escalation,
    create,
    default_role,
    delete,
    edit,
    grown,
    permissions_of,
    reset,
    told,
)
from tests.unit.accounts.builders import AGENT, PLANNER, a_cause, a_role

READ, EDIT = "accounts.users:read", "accounts.users:edit"


def test_r70_every_category_but_other_has_a_default_role() -> None:
    assert set(DEFAULTS) == {
        "agent", "planner", "supervisor_basic", "supervisor_advanced", "trainer", "finance",
    }  # fmt: skip
    assert OTHER not in DEFAULTS


@pytest.mark.parametrize("category", DEFAULTS)
def test_r71_a_default_role_has_well_formed_permissions_in_order(category: str) -> None:
    role = default_role(category, AGENT)

    assert role.is_default
    assert list(role.permissions) == sorted(set(role.permissions))
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+:(read|edit|delete)", p) for p in role.permissions)


def test_r71_default_roles_have_names_and_abbreviations_of_their_own() -> None:
    roles = [default_role(category, AGENT) for category in DEFAULTS]

    assert len({role.name for role in roles}) == len(roles)
    assert len({role.abbreviation for role in roles}) == len(roles)


def test_r71_permissions_of_several_roles_add_up() -> None:
    assert permissions_of([a_role(READ), a_role(READ, EDIT), a_role()]) == {READ, EDIT}
    assert permissions_of([]) == frozenset()


def test_r72_one_gives_what_one_has() -> None:
    actor = Actor("u", frozenset({READ, EDIT}))

    check_no_escalation(actor, [a_role(READ)], admin_changes=False)
    check_no_escalation(actor, [], admin_changes=False)


def test_r72_nobody_gives_a_permission_they_lack() -> None:
    actor = Actor("u", frozenset({READ}))

    with pytest.raises(RoleNotYours):
        check_no_escalation(actor, [a_role(READ), a_role(EDIT)], admin_changes=False)


def test_r72_nobody_widens_a_role_beyond_their_own_planning_units() -> None:
    allowed = "scheduling.employees:read"
    planner = Actor("u", frozenset({allowed}), limits={allowed: frozenset({"north", "east"})})
    role = replace(a_role(allowed), planning_units=("north",))

    wider = edit(role, {"planning_units": ["north", "east"]}, planner, a_cause())
    assert wider.role.planning_units == ("east", "north")
    for beyond in (None, ["north", "south"]):
        with pytest.raises(RoleNotYours) as refused:
            edit(role, {"planning_units": beyond}, planner, a_cause())
        assert set(refused.value.errors) == {"planning_units"}
    with pytest.raises(RoleNotYours):
        edit(a_role(), {"permissions": [allowed]}, planner, a_cause())
    assert edit(role, {"name": "Northern planner"}, planner, a_cause()).role.planning_units


def test_r16_only_an_admin_grants_or_revokes_admin_access() -> None:
    with pytest.raises(RoleNotYours):
        check_no_escalation(Actor("u", frozenset({READ, EDIT})), [], admin_changes=True)

    check_no_escalation(Actor("u", is_admin=True), [a_role(EDIT)], admin_changes=True)


def test_a_role_is_told_whole() -> None:
    event = told(default_role("planner", AGENT), a_cause())

    assert (event.type, event.subject, event.sequence) == ("role.updated", AGENT, 1)
    assert payload_of(event).permissions == list(default_role("planner", AGENT).permissions)


def a_new_role(**changes: Any) -> NewRole:
    known: dict[str, Any] = {"name": "Night shift", "category": OTHER}
    return NewRole(**{**known, **changes})


ADMIN = Actor("admin", is_admin=True)


@pytest.mark.parametrize("category", CATEGORIES)
def test_r70_a_new_role_starts_with_its_categorys_defaults(category: str) -> None:
    role = create(a_new_role(category=category), AGENT, ADMIN, a_cause()).role

    assert role.permissions == defaults(category)


def test_r71_what_was_asked_for_counts_more_than_the_category() -> None:
    role = create(a_new_role(category="planner", permissions=()), AGENT, ADMIN, a_cause()).role

    assert role.permissions == ()


@given(
    mine=st.sets(st.sampled_from(sorted(NAMES))),
    wanted=st.sets(st.sampled_from(sorted(NAMES))),
    had=st.sets(st.sampled_from(sorted(NAMES))),
)
def test_r72_editing_adds_only_what_the_editor_has(
    mine: set[str], wanted: set[str], had: set[str]
) -> None:
    role = a_role(*sorted(had))
    editor = Actor("u", frozenset(mine))

    try:
        edited = edit(role, {"permissions": wanted}, editor, a_cause()).role
    except RoleNotYours:
        assert not wanted - had <= mine
    else:
        assert wanted - had <= mine
        assert set(edited.permissions) == wanted


def test_r71_a_change_of_nothing_tells_nothing() -> None:
    role = a_role(READ)

    decision = edit(role, {"permissions": [READ], "name": role.name}, ADMIN, a_cause())

    assert decision == RoleDecision(role)


def test_r71_a_permission_that_the_product_dropped_does_not_stand_in_the_way() -> None:
    role = a_role("accounts.old:read")

    edited = edit(role, {"description": "d"}, ADMIN, a_cause()).role

    assert edited.permissions == ("accounts.old:read",)


def test_r70_resetting_gives_back_what_the_category_came_with() -> None:
    role = default_role("planner", PLANNER)
    changed = edit(role, {"name": "Boss", "permissions": []}, ADMIN, a_cause()).role

    fresh = reset(changed, ADMIN, a_cause()).role

    assert replace(fresh, version=role.version) == role


def test_r71_a_tombstone_tells_nothing_but_that_it_is_gone() -> None:
    decision = delete(a_role(READ), a_cause())

    state = payload_of(decision.events[0])
    assert (decision.events[0].type, state.is_deleted) == ("role.deleted", True)
    assert (state.name, state.permissions) == ("", [])


def test_r70_other_gains_nothing_when_the_product_does() -> None:
    old = replace(a_role(), edition=0)
    decision = grown(old, a_cause())

    assert decision is not None
    assert (decision.role.permissions, decision.events) == ((), ())
    assert grown(decision.role, a_cause()) is None


def test_r71_every_permission_is_well_formed_described_and_stands_once() -> None:
    assert len(NAMES) == len(CATALOGUE)
    for permission in CATALOGUE:
        assert re.fullmatch(r"[a-z]+\.[a-z]+:(read|edit|delete)", permission.name)
        assert permission.description.endswith(".")
        assert OTHER not in permission.categories
