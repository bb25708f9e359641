"""Tenants."""

from __future__ import annotations

import pytest

from staffroll.events import payload_of
from staffroll_accounts.domain.errors import TenantIdInvalid
from staffroll_accounts.domain.tenants import create, told
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
