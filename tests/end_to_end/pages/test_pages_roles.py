"""Account › Roles in a browser: created, given, changed, reset and deleted."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import AtHome, as_dark_phone, check_accessible

pytestmark = pytest.mark.long

LIST = "/account/roles"


def test_a_role_is_created_given_changed_and_deleted(page: Page, home: AtHome) -> None:
    home.sign_in(page, LIST)
    expect(page.get_by_role("heading", name="Roles", exact=True)).to_be_visible()
    check_accessible(page)
    page.get_by_role("link", name="Create role").click()
    check_accessible(page)
    page.get_by_label("Name").fill("Night shift")
    page.get_by_label("Category", exact=True).select_option("Planner")
    delete_users = page.get_by_label("Delete users for ever.")
    expect(delete_users).to_be_hidden()
    page.get_by_label("What I choose now").check()
    delete_users.check()
    check_accessible(page)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("status").first).to_contain_text("Night shift is created.")
    expect(delete_users).to_be_checked()
    check_accessible(page)

    page.get_by_label("Name").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Name")
    check_accessible(page)
    page.get_by_label("Name").fill("Nights")
    delete_users.uncheck()
    page.get_by_label("Only employees of certain planning units").check()
    check_accessible(page)
    page.get_by_label("Everybody, in whatever planning unit").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_have_text("Saved.")

    page.get_by_role("link", name="Users", exact=True).click()
    page.locator("tbody th a").first.click()
    page.get_by_label("Nights").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_have_text("Saved.")
    page.get_by_role("link", name="Look at the role Nights").click()
    expect(page.get_by_text("1 billed user")).to_be_visible()
    page.get_by_role("link", name="All roles").click()
    page.get_by_role("link", name="1 user has the role Nights").click()
    expect(page.get_by_text("1–1 of 1")).to_be_visible()

    page.goto(f"{home.url}{LIST}")
    page.get_by_role("link", name="Nights", exact=True).click()
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_text("1 user has this role:")).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_be_disabled()
    check_accessible(page)
    page.get_by_label("The other role").select_option("Trainer")
    page.get_by_label("I understand that the role Nights is deleted").check()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status").first).to_contain_text("1 user has Trainer instead")
    expect(page.get_by_role("link", name="Nights", exact=True)).to_have_count(0)


def test_without_scripts_a_default_role_is_changed_and_reset(
    plain_page: Page, home: AtHome
) -> None:
    home.sign_in(plain_page, LIST)
    plain_page.get_by_role("link", name="Finance", exact=True).click()
    plain_page.get_by_label("Name").fill("Money")
    plain_page.get_by_label("See people's profiles.").check()
    plain_page.get_by_role("button", name="Save").click()
    plain_page.get_by_role("link", name="Reset").click()
    expect(plain_page.get_by_text("It is called Finance again.")).to_be_visible()
    plain_page.get_by_role("button", name="Reset").click()
    expect(plain_page.get_by_text("Check this first.").first).to_be_visible()
    plain_page.get_by_label("I understand").check()
    plain_page.get_by_role("button", name="Reset").click()
    expect(plain_page.get_by_role("status").first).to_have_text("The role is as it came.")
    expect(plain_page.get_by_role("heading", name="Finance")).to_be_visible()


def test_the_pages_fit_a_phone_and_the_keyboard_and_are_accessible_in_the_dark(
    page: Page, home: AtHome
) -> None:
    as_dark_phone(page)
    home.sign_in(page, LIST)
    check_accessible(page)
    page.get_by_role("link", name="Create role").press("Enter")
    page.get_by_label("Name").press("N")
    page.get_by_label("What is usual").press("ArrowDown")
    page.get_by_label("See the user list and its users.").press("Space")
    check_accessible(page)
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_label("See the user list and its users.")).to_be_checked()
    check_accessible(page)
    page.get_by_role("link", name="Delete").press("Enter")
    expect(page.get_by_text("Nobody has this role")).to_be_visible()
    check_accessible(page)
    page.get_by_label("I understand").press("Space")
    page.get_by_role("button", name="Delete").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("N is deleted.")
