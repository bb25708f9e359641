"""Account › Security, Organisation and Audit trail in a browser: what admins set, and what is noted."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import AtHome, as_dark_phone, check_accessible
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

SECURITY = "/account/security"
AUDIT = "/account/audit"
ORGANISATION = "/account/organisation"
FOUR_CHANGES = 4
"""Of settings: the length, enforced, released, the organisation."""


def test_security_and_organisation_are_set_and_the_trail_tells_of_it(
    page: Page, home: AtHome
) -> None:
    home.sign_in(page, SECURITY)
    expect(page.get_by_text("active users have a second factor")).to_be_visible()
    check_accessible(page)
    page.get_by_role("link", name="Have none").click()
    expect(page.get_by_role("link", name="Have none")).to_have_attribute("aria-current", "page")
    check_accessible(page)
    page.get_by_role("main").get_by_role("link", name="Security").click()

    length = page.get_by_label("Characters that a password must have")
    length.fill("4")
    length.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Characters that a password must have")
    check_accessible(page)
    length.fill("14")
    length.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    expect(page.get_by_text("14 to 256 characters")).to_be_visible()

    page.get_by_role("link", name="Enforce two-factor for all").click()
    enforce = page.get_by_role("button", name="Enforce for all")
    expect(enforce).to_be_disabled()
    check_accessible(page)
    page.get_by_label(re.compile(r"I understand that \d+ users must set up")).check()
    enforce.click()
    expect(page.get_by_text("enforced for all", exact=True)).to_be_visible()
    check_accessible(page)
    page.get_by_role("link", name="Do not enforce it for all any more").click()
    check_accessible(page)
    page.get_by_label("I understand that a password alone is enough").check()
    page.get_by_role("button", name="Do not enforce it any more").click()
    expect(page.get_by_role("link", name="Enforce two-factor for all")).to_be_visible()

    page.get_by_role("link", name="Organisation", exact=True).click()
    check_accessible(page)
    page.get_by_label("Name of the organisation").fill("Acme & <b>Sons</b>")
    page.get_by_label("French").check()
    page.get_by_label("Further languages").fill("pt-BR")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_have_text("Saved.")
    expect(page.get_by_role("banner")).to_contain_text("Acme & <b>Sons</b>")
    expect(page.get_by_label("Portuguese (Brazil)")).to_be_checked()

    rows = page.locator("tbody tr")

    def told() -> bool:
        page.goto(f"{home.url}{AUDIT}?what=tenant.updated&who={home.email}")
        return rows.count() >= FOUR_CHANGES

    eventually(told)
    expect(rows.first).to_contain_text("changed settings of the organisation.")
    expect(rows.filter(has_text="Two-factor for all").nth(1)).to_be_visible()
    page.locator("summary", has_text="Details").first.press("Enter")
    expect(page.get_by_text("tenant.updated").first).to_be_visible()
    check_accessible(page)
    page.get_by_label("Done by").fill("nobody at all")
    expect(page.get_by_text("Nobody fits")).to_be_visible()
    page.get_by_label("Done by").fill(home.email)
    expect(rows.nth(FOUR_CHANGES - 1)).to_be_visible()
    page.get_by_label("What", exact=True).select_option(label="All of it: Signing in and out")
    expect(page.locator("tbody tr").first).to_contain_text("signed in.")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    lines = download.value.path().read_text().splitlines()
    assert lines
    assert all('"action":"sign-in.' in line or '"action":"session' in line for line in lines)


def test_without_scripts_the_same_is_done(plain_page: Page, home: AtHome) -> None:
    home.sign_in(plain_page, f"{SECURITY}/two-factor/enforce")
    plain_page.get_by_role("button", name="Enforce for all").click()
    expect(plain_page.get_by_text("Check this first.").first).to_be_visible()
    plain_page.get_by_role("link", name="Cancel").click()
    plain_page.goto(f"{home.url}{AUDIT}")
    plain_page.get_by_label("What", exact=True).select_option(label="Signed in")
    plain_page.get_by_role("button", name="Filter").click()
    expect(plain_page).to_have_url(re.compile("what=sign-in.succeeded"))
    expect(plain_page.locator("tbody tr").first).to_contain_text("signed in.")
    plain_page.get_by_label("From day").fill("2001-01-01")
    plain_page.get_by_label("To day").fill("2001-01-02")
    plain_page.get_by_role("button", name="Filter").click()
    expect(plain_page.get_by_text("Nothing fits")).to_be_visible()
    plain_page.get_by_role("link", name="Remove all filters").click()
    expect(plain_page.locator("tbody tr").first).to_be_visible()


def test_the_pages_fit_a_phone_and_are_accessible_in_the_dark(page: Page, home: AtHome) -> None:
    as_dark_phone(page)
    home.sign_in(page, SECURITY)
    for path in (
        SECURITY,
        f"{SECURITY}/users?state=off",
        f"{SECURITY}/two-factor/enforce",
        f"{SECURITY}/two-factor/release",
        ORGANISATION,
        AUDIT,
        f"{AUDIT}?what=mail.given-up",
    ):
        page.goto(f"{home.url}{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        check_accessible(page)
