"""Editing in scheduling or people: own fields here, the user's by a wish to accounts (R15)."""

import pytest

from staffroll.events import payload_of
from tests.support.services import TenantHere, a_user, grant, refuse

OWN = {"scheduling": {"personnel_number": "A 7"}, "people": {"middle_name": "Lee"}}
TOLD = {"scheduling": "employee.updated", "people": "person.updated"}


@pytest.fixture
def own(tenant: TenantHere) -> dict[str, str]:
    """A change of what the place owns itself."""
    return OWN[tenant.here.service.name]


def test_r15_own_fields_change_here_at_once_and_are_told(
    tenant: TenantHere, own: dict[str, str]
) -> None:
    id_ = tenant.known()

    response = tenant.change(id_, **own)

    assert (response.status_code, own.items() <= response.json.items()) == (200, True)
    kind = TOLD[tenant.here.service.name]
    nth = 1 if kind == "person.updated" else 0
    event = tenant.said(id_, kind, nth=nth)
    assert (event.sequence, payload_of(event).changed) == (2, list(own))
    assert event.actor == tenant.admin


def test_r15_the_users_fields_are_wished_of_accounts(tenant: TenantHere) -> None:
    id_ = tenant.known(last_name="Berg")
    tenant.hear("user.updated", id_, 4, a_user(last_name="Berg"))

    response = tenant.change(id_, last_name="Tal")

    assert (response.status_code, response.json["last_name"]) == (202, "Berg")
    change = response.json["change"]
    assert (change["state"], change["fields"]) == ("pending", {"last_name": "Tal"})
    asked = payload_of(tenant.said(id_, "user.change-requested"))
    assert (asked.attempt, asked.base_version, asked.fields) == (1, 4, {"last_name": "Tal"})


def test_r15_who_may_not_edit_users_gives_nobody_another_address(tenant: TenantHere) -> None:
    id_, other = tenant.known(email="old@example.org"), tenant.known()
    edit = f"{tenant.permission}:edit"
    token = tenant.token(tenant.known(), permissions=[edit])
    trusted = tenant.token(tenant.known(), permissions=[edit, "accounts.users:edit"])

    refused = tenant.request("PATCH", f"/{id_}", as_=token, json={"email": "new@example.org"})
    unmoved = tenant.request(
        "PATCH", f"/{id_}", as_=token, json={"email": "old@example.org", "last_name": "Tal"}
    )
    moved = tenant.request("PATCH", f"/{other}", as_=trusted, json={"email": "new@example.org"})

    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
    assert "accounts.users:edit" in refused.json["detail"]
    assert (unmoved.status_code, moved.status_code) == (202, 202)


def test_r15_own_and_foreign_fields_go_together(tenant: TenantHere, own: dict[str, str]) -> None:
    id_ = tenant.known()

    response = tenant.change(id_, last_name="Tal", **own)

    assert (response.status_code, own.items() <= response.json.items()) == (202, True)
    assert tenant.stored(id_)["revision"] == 2


def test_a_granted_change_arrives_with_whoever_waits(tenant: TenantHere) -> None:
    id_ = tenant.known()
    tenant.here.accounts = grant

    response = tenant.change(id_, wait=10, last_name="Tal")

    assert (response.status_code, response.json["last_name"]) == (200, "Tal")
    assert response.json["change"] is None


def test_a_refused_change_is_told_and_shown_until_it_is_replaced(tenant: TenantHere) -> None:
    id_ = tenant.known()
    tenant.here.accounts = refuse

    response = tenant.change(id_, wait=10, email="taken@example.org")

    assert (response.status_code, response.json["code"]) == (409, "email_taken")
    assert response.json["errors"]["email"][0]["code"] == "email_taken"
    assert tenant.read(id_)["change"]["state"] == "rejected"
    tenant.here.accounts = grant
    assert tenant.change(id_, wait=10, email="free@example.org").json["change"] is None


def test_a_refused_change_is_let_go_by_asking_for_what_is_there(tenant: TenantHere) -> None:
    id_ = tenant.known(last_name="Berg")
    tenant.change(id_, last_name="Tal")
    tenant.here.handle(refuse(tenant.said(id_, "user.change-requested")))

    response = tenant.change(id_, last_name="Berg")

    assert (response.status_code, response.json["change"]) == (200, None)


def test_r15_what_somebody_else_changed_meanwhile_is_412(tenant: TenantHere) -> None:
    id_ = tenant.known()
    tenant.here.accounts = lambda wish: refuse(wish, "changed_meanwhile", "last_name")

    response = tenant.change(id_, wait=10, last_name="Tal")

    assert (response.status_code, response.json["code"]) == (412, "changed_meanwhile")


def test_r15_a_lost_update_is_refused(tenant: TenantHere, own: dict[str, str]) -> None:
    id_ = tenant.known()
    seen = tenant.request("GET", f"/{id_}").headers["ETag"]
    tenant.hear("user.updated", id_, 2, a_user(last_name="Tal"))

    stale = tenant.request("PATCH", f"/{id_}", json=own, headers={"If-Match": seen})
    newest = tenant.request("GET", f"/{id_}").headers["ETag"]
    fresh = tenant.request("PATCH", f"/{id_}", json=own, headers={"If-Match": newest})

    assert (stale.status_code, fresh.status_code) == (412, 200)


def test_one_change_at_a_time(tenant: TenantHere) -> None:
    id_ = tenant.known()
    tenant.change(id_, last_name="Tal")

    response = tenant.change(id_, last_name="Au")

    assert (response.status_code, response.json["code"]) == (409, "change_under_way")


def test_a_change_of_nothing_says_nothing(tenant: TenantHere) -> None:
    id_ = tenant.known(last_name="Berg")

    response = tenant.change(id_, last_name="Berg")

    assert response.status_code == 200
    assert tenant.stored(id_)["revision"] == 1


def test_a_change_without_fields_or_with_unknown_ones_is_422(tenant: TenantHere) -> None:
    id_ = tenant.known()

    assert tenant.change(id_).status_code == 422
    assert tenant.change(id_, roles=[]).json["errors"]["roles"][0]["code"] == "unknown_field"


def test_who_may_only_read_may_not_edit(tenant: TenantHere, own: dict[str, str]) -> None:
    id_ = tenant.known()
    reader = tenant.token(id_, permissions=[f"{tenant.permission}:read"])

    assert tenant.request("GET", f"/{id_}", as_=reader).status_code == 200
    assert tenant.request("PATCH", f"/{id_}", as_=reader, json=own).status_code == 403
