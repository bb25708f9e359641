"""R70-R72: roles, and giving no more than one has."""

from __future__ import annotations

import re

import pytest

from staffroll.events import payload_of
from staffroll.giving import RoleNotYours
from staffroll.scope import Actor
from staffroll_accounts.domain.roles import (
    DEFAULTS,
    OTHER,
    check_no_escalation,
    default_role,
    permissions_of,
    told,
)
from tests.unit.accounts.builders import AGENT, a_cause, a_role

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


def test_r16_only_an_admin_grants_or_revokes_admin_access() -> None:
    with pytest.raises(RoleNotYours):
        check_no_escalation(Actor("u", frozenset({READ, EDIT})), [], admin_changes=True)

    check_no_escalation(Actor("u", is_admin=True), [a_role(EDIT)], admin_changes=True)


def test_a_role_is_told_whole() -> None:
    event = told(default_role("planner", AGENT), a_cause())

    assert (event.type, event.subject, event.sequence) == ("role.updated", AGENT, 1)
    assert payload_of(event).permissions == list(default_role("planner", AGENT).permissions)
