"""The pages of security and of the organisation, as a browser without scripts goes through them."""

from __future__ import annotations

import pytest

from staffroll import clock
from staffroll_accounts.domain.tenants import Tenant as Settings
from tests.support.accounts import PASSWORD, Accounts, Tenant
from tests.support.page_client import PageClient
from tests.support.signed_in import entered, with_role

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def admin(tenant: Tenant) -> PageClient:
    return entered(tenant)


def settings(tenant: Tenant) -> Settings:
    found = tenant.accounts.scope(tenant.id).store.tenants.find()
    assert found is not None
    return found


def give_factor(tenant: Tenant, user_id: str) -> None:
    """As if they had set one up."""
    factor = {
        "sealed_seed": b"none",
        "enabled_at": clock.now(),
        "last_step": 0,
        "recovery_hashes": [],
    }
    tenant.accounts.runtime.tenant(tenant.id)["users"].update_one(
        {"_id": user_id}, {"$set": {"security.two_factor": factor}}
    )


def test_r41_the_spread_counts_active_users_and_leads_to_them(
    admin: PageClient, tenant: Tenant
) -> None:
    has_one, waits = tenant.create(last_name="Has"), tenant.create(last_name=EVIL)
    give_factor(tenant, has_one["id"])
    tenant.accounts.runtime.tenant(tenant.id)["users"].update_one(
        {"_id": waits["id"]}, {"$set": {"security.two_factor_enforced": True}}
    )

    admin.go("/security")

    assert "1 of 3 active users have a second factor" in admin.text
    for line in (
        "Have a second factor 1",
        "Must set one up at the next sign-in 1",
        "Have none 1",
    ):
        assert line in admin.text
    shown = {
        "on": has_one["email"],
        "enforced": waits["email"],
        "off": "admin@x.example",
    }
    for state, email in shown.items():
        admin.go(f"/security/users?state={state}")
        assert [known for known in shown.values() if known in admin.text] == [email]
        assert EVIL not in admin.page.text


def test_users_by_their_second_factor_are_paged_in_the_order_of_the_list(
    admin: PageClient, tenant: Tenant
) -> None:
    for name in ("Cä", "Zz", "Aa", "Bb"):
        tenant.create(last_name=name)

    admin.go("/security/users?limit=2")
    first = [name for name in ("Aa", "Admin", "Bb", "Cä", "Zz") if f">{name}, A" in admin.page.text]
    assert "1–2 of 5" in admin.text
    following = admin.page.text.partition('rel="next" href="')[2].partition('"')[0]
    admin.go(following.replace("&amp;", "&"))
    second = [
        name for name in ("Aa", "Admin", "Bb", "Cä", "Zz") if f">{name}, A" in admin.page.text
    ]

    assert (first, second) == (["Aa", "Admin"], ["Bb", "Cä"])
    assert "This cursor does not come from this list" in _text_of(admin, "?cursor=x")
    assert "Nobody stands here" in _text_of(admin, "?state=enforced")


def _text_of(browser: PageClient, query: str) -> str:
    browser.go(f"/security/users{query}")
    assert browser.page.status_code == 200
    return browser.text


def test_r41_enforcing_for_all_and_back_says_in_numbers_whom_it_reaches(
    admin: PageClient, tenant: Tenant
) -> None:
    give_factor(tenant, tenant.create()["id"])
    tenant.create()

    admin.go("/security/two-factor/enforce")
    assert "2 active users have no second factor." in admin.text
    admin.send()
    assert admin.page.status_code == 422
    assert not settings(tenant).enforce_two_factor
    admin.send(understood="y")
    assert admin.path == "/security"
    assert "all users need a second factor" in admin.text
    assert settings(tenant).enforce_two_factor
    assert "Must set one up at the next sign-in 2" in admin.text

    admin.go("/security/two-factor/release")
    assert "1 user has a second factor and may switch it off then." in admin.text
    assert "2 users have none and sign in with the password alone." in admin.text
    admin.send(understood="y")
    assert not settings(tenant).enforce_two_factor


def test_r30_the_password_length_keeps_to_its_range(admin: PageClient, tenant: Tenant) -> None:
    admin.go("/security")
    for wrong in ("7", "65", "many", ""):
        admin.send("/security/passwords", password_min_length=wrong)
        assert admin.page.status_code == 422, wrong
        assert f'value="{wrong}"' in admin.page.text
    assert settings(tenant).password_min_length == 12

    admin.send("/security/passwords", password_min_length="16")
    assert "Saved." in admin.text
    assert "16 to " in admin.text
    assert settings(tenant).password_min_length == 16


def test_the_password_length_asks_who_one_is_and_then_saves_what_was_typed(
    admin: PageClient, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.go("/security")
    monkeypatch.setattr("staffroll.scope.FRESH_FOR", -1 * clock.now().resolution)
    admin.send("/security/passwords", password_min_length="20")
    assert admin.path.startswith("/step-up")
    assert settings(tenant).password_min_length == 12
    monkeypatch.undo()

    admin.send(password=PASSWORD)
    admin.send()

    assert settings(tenant).password_min_length == 20


def test_the_organisation_is_changed(admin: PageClient, tenant: Tenant) -> None:
    admin.go("/organisation")
    for field, wrong in (
        ("Name of the organisation", {"name": ""}),
        ("Offered languages", {"further": "nonsense!"}),
    ):
        admin.send(languages=["en"], **wrong)
        assert admin.page.status_code == 422
        assert f"{field} :" in admin.text
        admin.go("/organisation")

    admin.send(
        name=EVIL,
        language="de",
        languages=["en", "de", "fr"],
        further="pt-br, zh-Hant",
        time_zone="Asia/Tokyo",
    )
    assert "Saved." in admin.text
    assert EVIL not in admin.page.text
    found = settings(tenant)
    assert found.name == EVIL
    assert found.languages == ("de", "en", "fr", "pt-BR", "zh-Hant")
    assert found.time_zone == "Asia/Tokyo"


def test_saving_the_organisation_untouched_changes_nothing(
    admin: PageClient, tenant: Tenant
) -> None:
    changed = tenant.patch("/v1/tenant", {"languages": ["uk", "en", "de"]})
    assert changed.status_code == 200
    before = settings(tenant)

    admin.go("/organisation")
    admin.send(languages=["en", "de", "uk"])

    assert "Saved." in admin.text
    assert settings(tenant) == before


def test_what_another_admin_changed_meanwhile_is_shown_and_not_overwritten(
    admin: PageClient, tenant: Tenant
) -> None:
    admin.go("/organisation")
    version = settings(tenant).version
    theirs = {"name": "Theirs", "time_zone": "Asia/Tokyo"}
    changed = tenant.patch("/v1/tenant", theirs, headers={"If-Match": f'"{version}"'})
    assert changed.status_code == 200

    admin.send(name="Mine", languages=["en", "de"])
    assert admin.page.status_code == 422
    assert "By now it is: Theirs" in admin.text
    assert settings(tenant).name == "Theirs"

    admin.send(name="Mine", languages=["en", "de"])
    assert "Saved." in admin.text
    assert settings(tenant).name == "Mine"


def test_what_another_admin_changed_elsewhere_does_not_disturb(
    admin: PageClient, tenant: Tenant
) -> None:
    admin.go("/organisation")
    version = settings(tenant).version
    theirs = {"time_zone": "Asia/Tokyo"}
    changed = tenant.patch("/v1/tenant", theirs, headers={"If-Match": f'"{version}"'})
    assert changed.status_code == 200

    admin.send(name="Mine", languages=["en", "de"])

    assert "Saved." in admin.text
    assert (settings(tenant).name, settings(tenant).time_zone) == ("Mine", "Asia/Tokyo")


CHANGING = {
    "/security/passwords": {"password_min_length": "20"},
    "/security/two-factor/enforce": {"understood": "y"},
    "/organisation": {"name": "Changed", "time_zone": "UTC", "language": "en"},
}


def test_only_who_may_sees_and_changes_security_and_organisation(
    tenant: Tenant, accounts: Accounts
) -> None:
    reader = with_role(tenant, "accounts.security:read", "accounts.tenant:read")
    before = settings(tenant)

    reader.go("/organisation")
    assert before.name in reader.text
    assert 'name="time_zone"' not in reader.page.text
    reader.go("/security")
    assert "/security/two-factor/enforce" not in reader.page.text
    assert "/security/users" not in reader.page.text
    assert 'href="/audit' not in reader.page.text
    assert reader.go("/security/users").status_code == 403
    token = reader.go("/me").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    for path, typed in CHANGING.items():
        assert reader.post(path, csrf_token=token, **typed).status_code == 403, path
    assert settings(tenant) == before

    nobody = with_role(tenant)
    for path in ("/security", "/security/users", "/security/two-factor/enforce", "/organisation"):
        assert nobody.go(path).status_code == 403, path
    nobody.go("/me")
    assert "/security" not in nobody.page.text.partition("<main")[0]
    assert "/organisation" not in nobody.page.text.partition("<main")[0]


@pytest.mark.parametrize("path", CHANGING)
def test_nothing_is_changed_by_a_form_of_somebody_else(
    admin: PageClient, tenant: Tenant, path: str
) -> None:
    before = settings(tenant)

    admin.post(path, **CHANGING[path])

    assert settings(tenant) == before
