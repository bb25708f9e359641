"""Tenants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll.errors import Invalid, NotFound
from staffroll.events import payload_of
from staffroll_accounts.domain.errors import TenantIdInvalid
from staffroll_accounts.domain.tenants import (
    Tenant,
    TenantDecision,
    create,
    delete,
    edit,
    languages_problem,
    resume,
    suspend,
    tidy_languages,
    told,
)
from tests.unit.accounts.builders import a_cause


def test_a_new_tenant_is_active_and_told() -> None:
    tenant, event = create("acme", "Acme", ("de", "en"), "Europe/Berlin", a_cause())

    assert (tenant.status, tenant.version) == ("active", 1)
    assert (event.type, event.subject) == ("tenant.created", "acme")
    assert payload_of(event).languages == ["de", "en"]


def test_a_tenant_is_told_again_as_it_is() -> None:
    tenant, created = create("acme", "Acme", ("en",), "UTC", a_cause())

    again = told(tenant, "tenant.updated", a_cause())

    assert (again.type, again.data) == ("tenant.updated", created.data)


@pytest.mark.parametrize("id_", ["", "ab", "Acme", "-acme", "acme-", "ac me", "acme\n", "a" * 41])
def test_what_cannot_be_typed_at_sign_in_is_no_tenant_id(id_: str) -> None:
    with pytest.raises(TenantIdInvalid):
        create(id_, "Acme", ("en",), "UTC", a_cause())


def a_tenant(**changes: Any) -> Tenant:
    known: dict[str, Any] = {
        "id": "acme",
        "version": 3,
        "name": "Acme",
        "status": "active",
        "languages": ("en", "de"),
        "time_zone": "Europe/Berlin",
    }
    return Tenant(**{**known, **changes})


def test_an_edit_makes_one_more_version_and_names_what_changed() -> None:
    decision = edit(a_tenant(), {"name": "Acme", "time_zone": "Asia/Tokyo"}, a_cause())

    assert (decision.tenant.version, decision.tenant.time_zone) == (4, "Asia/Tokyo")
    assert [event.type for event in decision.events] == ["tenant.updated"]
    assert [entry.changed for entry in decision.audit] == [("time_zone",)]


def test_an_edit_of_nothing_tells_nothing() -> None:
    tenant = a_tenant()

    assert edit(tenant, {"languages": ["en", "DE"]}, a_cause()) == TenantDecision(tenant)


@given(st.lists(st.sampled_from(["de", "DE", "en-us", "zh-hant-tw", "sr_Latn", "nl"]), min_size=1))
def test_r5_languages_are_kept_once_in_their_standard_form(tags: list[str]) -> None:
    found = tidy_languages(tags)

    assert languages_problem(found) is None
    assert len(set(found)) == len(found)
    assert tidy_languages(found) == found


@pytest.mark.parametrize("tags", [[], ["xx-nope"], [""], ["de", "english"], ["en"] * 51])
def test_r5_what_is_no_language_is_not_offered(tags: list[str]) -> None:
    assert languages_problem(tags) is not None


@pytest.mark.parametrize("length", [-1, 0, 7, 65, 10**9])
def test_r30_the_password_length_has_limits(length: int) -> None:
    with pytest.raises(Invalid) as refused:
        edit(a_tenant(), {"password_min_length": length, "name": ""}, a_cause())

    assert set(refused.value.errors) == {"name", "password_min_length"}


def test_a_suspended_tenant_is_resumed_as_it_was() -> None:
    suspended = suspend(a_tenant(), a_cause())

    resumed = resume(suspended.tenant, a_cause())

    assert replace(resumed.tenant, version=3) == a_tenant()
    assert [one.events[0].type for one in (suspended, resumed)] == [
        "tenant.suspended",
        "tenant.updated",
    ]
    assert suspend(suspended.tenant, a_cause()) == TenantDecision(suspended.tenant)


def test_nothing_of_a_deleted_tenant_is_told_and_it_never_comes_back() -> None:
    decision = delete(a_tenant(), a_cause())

    state = payload_of(decision.events[0])
    assert (decision.events[0].type, state.status, state.name) == ("tenant.deleted", "deleted", "")
    for turn in (suspend, resume):
        with pytest.raises(NotFound):
            turn(decision.tenant, a_cause())
