"""Account › Users in a browser: created, edited, secured and deleted, as the manual says."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import AtHome, as_dark_phone, check_accessible

pytestmark = pytest.mark.long

LIST = "/account/users"
PASSWORD = "another horse, another battery"


def test_a_user_is_created_edited_secured_and_deleted(page: Page, home: AtHome) -> None:
    home.sign_in(page, LIST)
    page.get_by_role("link", name="Create user").click()
    check_accessible(page)
    page.get_by_label("Last name").fill("Lovelace")
    page.get_by_label("First name").fill("Ada")
    page.get_by_label("E-mail address").fill("ada@acme.example")
    page.get_by_label("Set a password now").check()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("alert")).to_contain_text("Password")
    check_accessible(page)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Ada Lovelace")).to_be_visible()
    check_accessible(page)

    page.get_by_label("Grant admin access").check()
    page.get_by_label("Planner").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_have_text("Saved.")
    expect(page.get_by_label("Grant admin access")).to_be_checked()
    page.get_by_role("button", name="Enforce two-factor").click()
    expect(page.get_by_text("To be set up at the next sign-in.")).to_be_visible()
    page.get_by_role("link", name="Set new password").click()
    expect(page.get_by_text("They are not notified")).to_be_visible()
    check_accessible(page)
    page.get_by_label("New password").fill(f"{PASSWORD}, and one more")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("The new password is set.")

    page.get_by_role("link", name="Delete").click()
    window = page.get_by_role("dialog", name="Delete Ada Lovelace?")
    expect(window.get_by_role("button", name="Delete")).to_be_disabled()
    check_accessible(page)
    window.get_by_label(
        "I understand that the user record and all scheduling data for Ada Lovelace will be "
        "deleted."
    ).check()
    window.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status").first).to_have_text("Ada Lovelace is deleted.")
    check_accessible(page)
    expect(page.get_by_text("Nothing personal is left anywhere.")).to_be_visible(timeout=15_000)


def test_without_scripts_the_same_is_done_and_the_places_are_in_step(
    plain_page: Page, home: AtHome
) -> None:
    home.sign_in(plain_page, f"{LIST}?q=garcía")
    plain_page.locator("tbody th a").first.click()
    elsewhere = plain_page.locator("section", has_text="Elsewhere")
    expect(elsewhere.get_by_text("in step")).to_have_count(2)
    plain_page.get_by_label("First name").fill("Noscript")
    plain_page.get_by_role("button", name="Save").click()
    expect(plain_page.get_by_role("status").first).to_have_text("Saved.")
    name = plain_page.get_by_role("heading", level=1).inner_text()

    plain_page.get_by_role("link", name="Delete").click()
    window = plain_page.get_by_role("dialog", name=f"Delete {name}?")
    window.get_by_role("button", name="Delete").click()
    expect(window.get_by_text("Check this box, if you are sure.", exact=True)).to_be_visible()
    window.get_by_role("link", name="Staff Membership").click()
    expect(plain_page).to_have_url(re.compile(r"/wfm/employees/[0-9a-f-]+#membership$"))


def test_the_pages_fit_a_phone_and_are_accessible_in_the_dark(page: Page, home: AtHome) -> None:
    as_dark_phone(page)
    home.sign_in(page, LIST)
    page.locator("tbody th a").first.press("Enter")
    expect(page.get_by_role("heading", name="Security")).to_be_visible()
    check_accessible(page)
    page.get_by_role("link", name="Delete").press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    check_accessible(page)
