"""What is scheduling's own: personnel numbers and membership (R7, R50)."""

from datetime import timedelta

import pytest

from staffroll import clock
from staffroll.events import payload_of
from staffroll.ids import new_id
from staffroll_scheduling.domain.employees import generated_number
from staffroll_scheduling.domain.membership import day_in
from tests.support.services import ServiceHere, TenantHere, a_user, grant, only

pytestmark = only("scheduling")
ZONE = "Pacific/Kiritimati"


@pytest.fixture
def tenant(follower_here: ServiceHere) -> TenantHere:
    return follower_here.new_tenant(time_zone=ZONE)


def test_r7_the_join_date_is_today_in_their_zone_or_else_in_the_tenants(
    tenant: TenantHere,
) -> None:
    theirs = tenant.create(time_zone="Pacific/Pago_Pago").json["join_date"]
    tenants = tenant.create().json["join_date"]

    now = clock.now()
    assert theirs == day_in("Pacific/Pago_Pago", now).isoformat()
    assert tenants == day_in(ZONE, now).isoformat()


def test_r7_a_future_join_date_asks_for_a_deactivated_user(tenant: TenantHere) -> None:
    tomorrow = day_in(ZONE, clock.now()) + timedelta(days=1)

    id_, wish = tenant.pending(join_date=tomorrow.isoformat())
    tenant.here.handle(grant(wish))

    assert payload_of(wish).active is False
    shown = tenant.read(id_)
    assert (shown["user_status"], shown["join_date"]) == ("deactivated", tomorrow.isoformat())
    told = payload_of(tenant.said(id_, "employee.created"))
    assert (told.status, told.join_date) == ("not_employed", tomorrow)


def test_r7_a_personnel_number_is_unique_in_the_tenant(tenant: TenantHere) -> None:
    tenant.create(personnel_number="A 1")
    other = tenant.known()

    created = tenant.create(personnel_number="A 1")
    changed = tenant.change(other, personnel_number="A 1")
    elsewhere = tenant.here.new_tenant().create(personnel_number="A 1")

    assert (created.status_code, created.json["code"]) == (409, "personnel_number_taken")
    assert (changed.status_code, changed.json["code"]) == (409, "personnel_number_taken")
    assert list(created.json["errors"]) == ["personnel_number"]
    assert elsewhere.status_code == 202


def test_r7_a_generated_number_that_is_taken_is_generated_anew(tenant: TenantHere) -> None:
    id_ = new_id()
    tenant.create(personnel_number=generated_number(id_, 0))

    tenant.hear("user.created", id_, 1, a_user())

    assert tenant.read(id_)["personnel_number"] == generated_number(id_, 1)


def test_r6_a_discarded_ones_personnel_number_is_free(tenant: TenantHere) -> None:
    id_, _ = tenant.rejected(personnel_number="A 2")
    tenant.request("DELETE", f"/{id_}")

    assert tenant.create(personnel_number="A 2").status_code == 202


def test_r63_a_deleted_ones_personnel_number_is_free(tenant: TenantHere) -> None:
    id_ = tenant.known()
    tenant.change(id_, personnel_number="A 3")
    tenant.hear("user.deleted", id_, 2, a_user(status="deleted"))

    assert tenant.create(personnel_number="A 3").status_code == 202


def test_r2_the_employee_of_a_new_user_joins_on_the_day_of_creation_in_their_zone(
    tenant: TenantHere,
) -> None:
    id_ = tenant.known(created_at="2026-03-01T11:30:00Z", time_zone=ZONE)

    assert tenant.read(id_)["join_date"] == "2026-03-02"
    told = payload_of(tenant.said(id_, "employee.created"))
    assert told.status == "employed"
    assert told.personnel_number == generated_number(id_, 0)


def test_bus_6_a_replayed_deactivated_user_has_no_running_membership(tenant: TenantHere) -> None:
    id_ = new_id()

    tenant.hear("user.updated", id_, 9, a_user(status="deactivated"), replay=True)

    assert tenant.read(id_)["join_date"] is None
    assert payload_of(tenant.said(id_, "employee.created")).status == "not_employed"


def test_a_membership_that_was_set_here_does_not_follow_the_user(tenant: TenantHere) -> None:
    id_, wish = tenant.pending(join_date="2026-02-01")
    tenant.here.handle(grant(wish))

    tenant.hear("user.deactivated", id_, 2, a_user(status="deactivated"))

    assert tenant.read(id_)["join_date"] == "2026-02-01"


def test_the_join_date_is_not_edited_here(tenant: TenantHere) -> None:
    response = tenant.change(tenant.known(), join_date="2026-02-01")

    assert response.json["errors"]["join_date"][0]["code"] == "unknown_field"


@pytest.mark.parametrize("number", ["", "=1", "1;=1", "x" * 51])
def test_a_personnel_number_has_a_form(tenant: TenantHere, number: str) -> None:
    assert tenant.create(personnel_number=number).status_code == 422
