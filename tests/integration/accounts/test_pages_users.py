"""The pages of users, as a browser without scripts goes through them."""

from __future__ import annotations

from typing import Any

import pytest

from staffroll import clock
from staffroll_accounts.actions import plugins
from staffroll_accounts.domain.users import User
from staffroll_accounts.pages.elsewhere import PLACES, judge
from tests.support.accounts import PASSWORD, Accounts, Tenant
from tests.support.page_client import PageClient

EVIL = "<img src=x onerror=alert(1)>"
NEW = "another horse, another battery"


def entered(tenant: Tenant, email: str = "admin@x.example") -> PageClient:
    browser = PageClient(tenant.accounts.app)
    browser.go("/sign-in?next=/users")
    browser.send(tenant=tenant.id, email=email, password=PASSWORD)
    assert browser.path == "/users", browser.text
    return browser


@pytest.fixture
def admin(tenant: Tenant) -> PageClient:
    return entered(tenant)


def with_role(tenant: Tenant, *permissions: str) -> PageClient:
    """Somebody who may do no more than this."""
    made = tenant.create(password=PASSWORD, language="en")
    tenant.give(made["id"], permissions)
    return entered(tenant, made["email"])


def test_creating_says_all_that_is_wrong_at_once_and_keeps_what_was_typed(
    admin: PageClient,
) -> None:
    admin.go("/users/new")
    admin.send(last_name=EVIL, first_name="", email="no address", access="password")

    assert admin.page.status_code == 422
    assert EVIL not in admin.page.text
    for field in ("First name", "E-mail address", "Password"):
        assert f"{field} :" in admin.text
    assert 'value="no address"' in admin.page.text


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ({"access": "invite"}, "gets an invitation by mail"),
        ({"access": "password", "password": NEW}, "is created."),
    ],
)
def test_somebody_new_is_invited_or_has_a_password(
    admin: PageClient, tenant: Tenant, way: dict[str, str], said: str
) -> None:
    admin.go("/users/new")
    assert "characters, in any script" in admin.text
    admin.send(last_name=EVIL, first_name="Zoë", email="zoe@x.example", **way)

    assert said in admin.text
    assert EVIL not in admin.page.text
    user_id = admin.path.rpartition("/")[2]
    document = tenant.document(user_id)
    assert (document["security"]["password_hash"] is not None) == (way["access"] == "password")
    assert document["time_zone"] == "Europe/Berlin"


def test_r30_a_password_that_breaks_the_rules_is_refused_at_its_field(admin: PageClient) -> None:
    admin.go("/users/new")
    admin.send(
        last_name="A", first_name="B", email="b@x.example", access="password", password="short"
    )

    assert admin.page.status_code == 422
    assert "Password :" in admin.text


def test_editing_a_user_saves_roles_and_admin_access(admin: PageClient, tenant: Tenant) -> None:
    made = tenant.create()
    admin.go(f"/users/{made['id']}")
    role = tenant.role("Agent")

    admin.send(f"/users/{made['id']}", last_name="Renamed", roles=[role], is_admin="y")

    assert "Saved." in admin.text
    document = tenant.document(made["id"])
    assert (document["last_name"], document["roles"], document["is_admin"]) == (
        "Renamed",
        [role],
        True,
    )


def test_what_somebody_else_changed_meanwhile_is_shown_and_not_overwritten(
    admin: PageClient, tenant: Tenant
) -> None:
    made = tenant.create()
    path = f"/users/{made['id']}"
    admin.go(path)
    change = {"last_name": "Theirs"}
    changed = tenant.patch(f"/v1{path}", change, headers={"If-Match": '"1"'})
    assert changed.status_code == 200

    admin.send(path, last_name="Mine")
    assert admin.page.status_code == 422
    assert "By now it is: Theirs" in admin.text
    assert tenant.document(made["id"])["last_name"] == "Theirs"

    admin.send(path)
    assert "Saved." in admin.text
    assert tenant.document(made["id"])["last_name"] == "Mine"


def test_r16_the_last_admin_keeps_admin_access(admin: PageClient, tenant: Tenant) -> None:
    path = f"/users/{tenant.admin_id}"
    admin.go(path)
    typed: dict[str, Any] = dict(admin._form(path)[1])
    typed.pop("is_admin")
    admin.post(path, **typed)

    assert admin.page.status_code == 422
    assert "Grant admin access :" in admin.text


def test_security_of_a_user(admin: PageClient, tenant: Tenant, accounts: Accounts) -> None:
    made = tenant.create(password=PASSWORD, language="en")
    path = f"/users/{made['id']}"
    accounts.runtime.tenant(tenant.id)["users"].update_one(
        {"_id": made["id"]}, {"$set": {"security.locked_at": clock.now()}}
    )

    admin.go(path)
    admin.send(f"{path}/unlock")
    assert "is unlocked" in admin.text
    assert tenant.document(made["id"])["security"]["locked_at"] is None

    entered_user = entered_at_me(tenant, made["email"])
    admin.go(path)
    assert "signed in" in admin.text
    admin.send(f"{path}/two-factor")
    assert "It is enforced" in admin.text or "To be set up at the next sign-in" in admin.text

    admin.go(f"{path}/sessions/end")
    assert "on 1 device" in admin.text
    admin.send(understood="y")
    assert "signed out everywhere" in admin.text
    entered_user.go("/me")
    assert entered_user.path.startswith("/sign-in")

    admin.go(f"{path}/password")
    assert "not notified" in admin.text
    admin.send(password="short")
    assert admin.page.status_code == 422
    admin.send(password=NEW)
    assert "new password is set" in admin.text
    assert tenant.document(made["id"])["security"]["must_change_password"] is True


@pytest.mark.parametrize(
    ("permissions", "shown"),
    [
        ((), set()),
        (("accounts.users:edit",), {"Password", "Sign out everywhere"}),
        (("accounts.security:read",), {"Password", "Two-factor authentication"}),
        (("accounts.security:edit",), {"Two-factor authentication"}),
        (("accounts.audit:read",), {"Recent sign-ins", "10.1.2.3"}),
    ],
)
def test_of_another_users_security_everybody_sees_what_the_api_tells_them(
    tenant: Tenant, permissions: tuple[str, ...], shown: set[str]
) -> None:
    made = signed_in_from_afar(tenant)
    reader = with_role(tenant, "accounts.users:read", *permissions)

    reader.go(f"/users/{made['id']}")

    assert reader.page.status_code == 200
    assert said_of_security(reader) == shown


def test_everybody_sees_all_of_their_own_security(tenant: Tenant) -> None:
    made = signed_in_from_afar(tenant)
    tenant.give(made["id"], ["accounts.users:read"])
    reader = entered(tenant, made["email"])

    reader.go(f"/users/{made['id']}")

    assert said_of_security(reader) == {
        "Password", "Two-factor authentication", "Recent sign-ins", "10.1.2.3"
    }  # fmt: skip


def signed_in_from_afar(tenant: Tenant) -> dict[str, Any]:
    made = tenant.create(password=PASSWORD, language="en")
    entered_at_me(tenant, made["email"])
    tenant.accounts.runtime.tenant(tenant.id)["sessions"].update_many(
        {"user_id": made["id"]}, {"$set": {"address": "10.1.2.3"}}
    )
    return made


def said_of_security(browser: PageClient) -> set[str]:
    words = ("Password", "Two-factor authentication", "Recent sign-ins", "Sign out everywhere")
    return {word for word in (*words, "10.1.2.3") if word in browser.text}


def entered_at_me(tenant: Tenant, email: str) -> PageClient:
    browser = PageClient(tenant.accounts.app)
    browser.go("/sign-in?next=/me")
    browser.send(tenant=tenant.id, email=email, password=PASSWORD)
    assert browser.path == "/me"
    return browser


def test_r60_deleting_asks_for_the_box_says_what_goes_and_ends_at_the_receipt(
    admin: PageClient, tenant: Tenant
) -> None:
    made = tenant.create(first_name="Jo", last_name="Gone")
    path = f"/users/{made['id']}"
    admin.go(f"{path}?window=delete")
    statement = (
        "I understand that the user record and all scheduling data for Jo Gone will be deleted."
    )
    assert statement in admin.text
    assert "Staff Membership" in admin.text
    assert "0 access tokens" in admin.text

    admin.send(f"{path}/delete")
    assert admin.page.status_code == 422
    assert tenant.document(made["id"])["status"] == "active"
    admin.send(f"{path}/delete", understood="y")

    assert admin.path == f"/erasures/{made['id']}"
    assert "Jo Gone is deleted." in admin.text
    assert "of 4 places have erased all" in admin.text
    assert tenant.document(made["id"])["status"] == "deleted"
    admin.go("/erasures")
    assert made["id"] in admin.text
    assert admin.go("/erasures?cursor=nonsense").status_code == 200


def test_r73_forms_about_a_user_are_for_who_may_read_them(tenant: Tenant) -> None:
    made = tenant.create(last_name="Unseen")
    browser = with_role(
        tenant, "accounts.users:edit", "accounts.users:delete", "accounts.security:edit"
    )

    for form in ("delete", "password", "two-factor/reset", "sessions/end"):
        assert browser.go(f"/users/{made['id']}/{form}").status_code == 403, form
        assert "Unseen" not in browser.text, form


def test_who_may_only_read_sees_no_buttons_and_the_routes_refuse(tenant: Tenant) -> None:
    made = tenant.create()
    path = f"/users/{made['id']}"
    reader = with_role(tenant, "accounts.users:read")

    reader.go(path)
    assert reader.page.status_code == 200
    for word in ("Save", "Delete", "Set new password", "Enforce two-factor", "Create user"):
        assert word not in reader.text
    for route in ("/users/new", f"{path}/password", f"{path}/delete", f"/erasures/{made['id']}"):
        assert reader.go(route).status_code == 403, route
    reader.go("/me")
    token = reader._form("")[1]["csrf_token"]
    assert reader.post(path, csrf_token=token, last_name="Not").status_code == 403
    assert reader.post(f"{path}/unlock", csrf_token=token).status_code == 403


def test_forms_of_somebody_else_change_nothing(admin: PageClient, tenant: Tenant) -> None:
    made = tenant.create()
    path = f"/users/{made['id']}"
    before = tenant.document(made["id"])

    for route, typed in (
        (path, {"last_name": "Evil"}),
        (f"{path}/two-factor", {"enforced": "yes"}),
        (f"{path}/delete", {"understood": "y"}),
        (f"{path}/password", {"password": NEW}),
    ):
        admin.post(route, **typed)

    assert tenant.document(made["id"]) == before


@pytest.mark.parametrize(
    ("told", "sync"),
    [
        (None, "unknown"),
        ({}, "on_the_way"),
        ({"change": {"state": "pending", "code": None, "detail": None}}, "on_the_way"),
        ({"change": {"state": "rejected", "code": "email_taken", "detail": "x"}}, "refused"),
        ({}, "in_step"),
    ],
)
def test_r8_whether_another_place_is_in_step(
    accounts: Accounts, told: dict[str, Any] | None, sync: str
) -> None:
    user = User(
        "u", 1, "active", "A", "B", "a@x.example", "de", "UTC", clock.now(), "accounts"
    )  # fmt: skip
    same = {
        "first_name": "A", "last_name": "B", "email": "a@x.example", "language": "de",
        "time_zone": "UTC", "is_admin": False, "roles": [], "user_status": "active",
    }  # fmt: skip
    answer = same if sync == "in_step" else told if not told else {**same, **told}

    with accounts.app.test_request_context():
        found = judge(PLACES[0], user, answer)

    assert found.sync == sync
    assert bool(found.why) == (sync == "refused")


def test_the_list_offers_the_tenants_formats_for_the_same_rows(
    admin: PageClient, tenant: Tenant
) -> None:
    assert "To the export page" in admin.text
    assert "format=" not in admin.page.text
    plugins.switch_on("export_jsonl", {}, tenant.accounts.scope(tenant.id), expected=None)

    admin.go("/users?status=unbilled&q=mül&from=51")

    same = "status=unbilled&amp;q=m%C3%BCl"
    assert f'/users/download?{same}&amp;format=jsonl" download' in admin.page.text
    assert f'/users/download?{same}" download' in admin.page.text
    assert "format=" not in with_role(tenant, "accounts.users:read").page.text
