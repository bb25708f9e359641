"""In whose name a job acts: whoever started it, with no more than they had then and have now."""

from __future__ import annotations

import pytest

from staffroll import clock
from staffroll.errors import Forbidden
from staffroll.jobs import Job, StarterGone, acting
from staffroll.scope import Actor
from staffroll.standing import Standing

EDIT = "scheduling.employees:edit"
READ = "scheduling.employees:read"


def a_job(permissions: tuple[str, ...] | None, created_by: str = "somebody") -> Job:
    return Job("id", "acme", "kind", "running", created_by, clock.now(), permissions)


def a_standing(*permissions: str, is_admin: bool = False, is_active: bool = True) -> Standing:
    limits = {} if is_admin else {EDIT: frozenset({"north"})}
    return Standing(is_active, 1, is_admin, frozenset(permissions), limits)


def test_a_job_may_what_its_starter_could_then_and_can_now() -> None:
    actor = acting(a_job((EDIT, READ)), a_standing(EDIT, "people.profile:read"), EDIT)

    assert actor.id == "somebody"
    assert (actor.permissions, actor.is_admin) == (frozenset({EDIT}), False)
    assert actor.planning_units == frozenset({"north"})


def test_an_admin_s_job_is_an_admin_s() -> None:
    actor = acting(a_job(None), a_standing(is_admin=True), EDIT)

    assert (actor.is_admin, actor.planning_units) == (True, None)


def test_who_is_no_admin_any_more_may_only_what_their_roles_allow() -> None:
    actor = acting(a_job(None), a_standing(EDIT), EDIT)

    assert (actor.permissions, actor.is_admin) == (frozenset({EDIT}), False)


def test_who_became_an_admin_gets_no_more_than_was_asked_for() -> None:
    actor = acting(a_job((EDIT,)), a_standing(is_admin=True), EDIT)

    assert (actor.permissions, actor.is_admin) == (frozenset({EDIT}), False)


@pytest.mark.parametrize("standing", [a_standing(READ), a_standing()])
def test_what_is_not_allowed_any_more_is_not_done(standing: Standing) -> None:
    with pytest.raises(Forbidden):
        acting(a_job((EDIT,)), standing, EDIT)


def test_what_a_narrowed_token_did_not_allow_is_not_done() -> None:
    with pytest.raises(Forbidden):
        acting(a_job((READ,)), a_standing(is_admin=True), EDIT)


@pytest.mark.parametrize("standing", [None, a_standing(EDIT, is_active=False)])
def test_who_is_gone_does_nothing_any_more(standing: Standing | None) -> None:
    with pytest.raises(StarterGone):
        acting(a_job((EDIT,)), standing, EDIT)


def test_a_command_of_the_platform_team_needs_no_standing() -> None:
    assert acting(a_job(None, "system:platform"), None, EDIT) == Actor(
        "system:platform", is_admin=True
    )
