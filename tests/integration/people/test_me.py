"""``/v1/me``: one's own profile, whatever one's roles are (R85)."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from staffroll.events import payload_of
from tests.integration.people.test_persons import KEPT, WHOLE
from tests.support.services import TenantHere, body_of, only

pytestmark = only("people")


def ask(tenant: TenantHere, method: str, as_: dict[str, str], **options: Any) -> TestResponse:
    headers = {**as_, **options.pop("headers", {})}
    return tenant.here.client.open("/v1/me", method=method, headers=headers, **options)


def test_r85_one_sees_all_of_one_s_own_profile(tenant: TenantHere) -> None:
    id_ = tenant.known(last_name="Own")
    tenant.change(id_, **WHOLE)

    response = ask(tenant, "GET", tenant.token(id_, permissions=[]))

    me = body_of(response)
    assert (response.status_code, me["id"], me["last_name"]) == (200, id_, "Own")
    assert {name: me[name] for name in KEPT} == KEPT


def test_r85_one_changes_one_s_own_contact_data(tenant: TenantHere) -> None:
    id_ = tenant.known()
    changes = {name: value for name, value in WHOLE.items() if name != "notes"}

    response = ask(tenant, "PATCH", tenant.token(id_, permissions=[]), json=changes)

    assert response.status_code == 200, response.text
    person = tenant.read(id_)
    assert all(person[name] == KEPT[name] for name in changes)
    event = tenant.said(id_, "person.updated", nth=1)
    assert payload_of(event).changed == sorted(changes)
    assert event.actor == id_


@pytest.mark.parametrize("field", ["notes", "last_name", "email", "is_admin", "roles", "id"])
def test_r85_notes_and_what_accounts_owns_are_not_one_s_own_to_change(
    tenant: TenantHere, field: str
) -> None:
    token = tenant.token(tenant.known(), permissions=[])

    response = ask(tenant, "PATCH", token, json={field: "x"})

    assert body_of(response)["errors"][field][0]["code"] == "unknown_field"


def test_r85_one_s_own_bad_contact_data_is_refused_too(tenant: TenantHere) -> None:
    token = tenant.token(tenant.known(), permissions=[])

    for bad in (
        {"private_phone": "1"},
        {"date_of_birth": "2990-01-01"},
        {"address": {"city": "B"}},
    ):
        assert ask(tenant, "PATCH", token, json=bad).status_code == 422
    assert ask(tenant, "PATCH", token, json={}).status_code == 422


def test_r15_a_lost_update_of_oneself_is_refused(tenant: TenantHere) -> None:
    token = tenant.token(tenant.known(), permissions=[])
    seen = ask(tenant, "GET", token).headers["ETag"]
    ask(tenant, "PATCH", token, json={"title": "Dr."})

    late = ask(tenant, "PATCH", token, json={"title": "Prof."}, headers={"If-Match": seen})

    assert (late.status_code, body_of(ask(tenant, "GET", token))["title"]) == (412, "Dr.")


def test_r1_one_is_oneself_in_one_s_own_tenant_only(tenant: TenantHere) -> None:
    other = tenant.here.new_tenant()

    response = ask(tenant, "GET", {**other.token(tenant.known())})

    assert response.status_code == 401


def test_whoever_is_nobody_here_has_no_profile(tenant: TenantHere) -> None:
    assert ask(tenant, "GET", {}).status_code == 401
    assert ask(tenant, "GET", tenant.token("system:platform")).status_code == 404
