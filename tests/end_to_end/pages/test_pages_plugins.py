"""Account › Plugins in a browser: a rule is switched on, changed, met and switched off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, AtHome, as_dark_phone, check_accessible

pytestmark = pytest.mark.long

LIST = "/account/plugins"
NEW_USER = "/account/users/new"
SHORT = "another horse, another battery"
RULE = "It has at least 40 characters."


def test_a_rule_for_passwords_is_switched_on_changed_met_and_switched_off(
    page: Page, home: AtHome
) -> None:
    home.sign_in(page, LIST)
    row = page.get_by_role("row").filter(has_text="Password strength")
    expect(row).to_contain_text("Password rules")
    expect(row).to_contain_text("switched off")
    check_accessible(page)
    row.get_by_role("link", name="Password strength").click()
    check_accessible(page)
    page.get_by_role("link", name="Switch on").click()
    length = page.get_by_label("Least length")
    expect(length).to_have_value("0")
    check_accessible(page)
    length.fill("500")
    page.get_by_label("Kinds of characters").fill("many")
    page.get_by_role("button", name="Switch on").click()
    told = page.get_by_role("alert")
    expect(told).to_contain_text("Least length: This must be between 0 and 128.")
    expect(told).to_contain_text("Kinds of characters: This is not a whole number.")
    expect(length).to_have_value("500")
    check_accessible(page)
    length.fill("20")
    page.get_by_label("Kinds of characters").fill("")
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("status")).to_contain_text("Password strength is switched on")
    expect(page.get_by_text("It has at least 20 characters.")).to_be_visible()
    check_accessible(page)

    page.get_by_role("link", name="Change settings").click()
    length.fill("40")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("The settings are saved")
    page.goto(f"{home.url}/account/me/password")
    expect(page.get_by_text(RULE)).to_be_visible()

    page.goto(f"{home.url}{NEW_USER}")
    expect(page.get_by_text(RULE)).to_be_visible()
    page.get_by_label("Last name").fill("Lovelace")
    page.get_by_label("First name").fill("Ada")
    page.get_by_label("E-mail address").fill("ada@acme.example")
    page.get_by_label("Set a password now").check()
    page.get_by_label("Password", exact=True).fill(SHORT)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("alert")).to_contain_text(f"Password: {RULE}")

    page.get_by_role("link", name="Plugins", exact=True).click()
    page.get_by_role("link", name="Password strength").click()
    page.get_by_role("link", name="Switch off").click()
    expect(page.get_by_text("2 rules for passwords do not apply any more:")).to_be_visible()
    off = page.get_by_role("button", name="Switch off")
    expect(off).to_be_disabled()
    check_accessible(page)
    page.get_by_label("I understand that Password strength does not apply any more.").check()
    off.click()
    expect(page.get_by_role("status")).to_have_text("Password strength is switched off.")
    page.goto(f"{home.url}{NEW_USER}")
    expect(page.get_by_text("in any script")).to_be_visible()
    expect(page.get_by_text(RULE)).to_have_count(0)


def test_settings_are_written_as_json_without_scripts_on_a_phone(
    plain_page: Page, home: AtHome
) -> None:
    plain_page.set_viewport_size(PHONE)
    home.sign_in(plain_page, f"{LIST}/role_separation/settings")
    plain_page.get_by_label("At most").fill('{"Planner": 1')
    plain_page.get_by_label("Second factor").fill("Planner")
    plain_page.get_by_role("button", name="Switch on").click()
    expect(plain_page.get_by_role("alert")).to_contain_text("At most: This is not JSON")
    expect(plain_page.get_by_label("At most")).to_have_value('{"Planner": 1')
    plain_page.get_by_label("At most").fill('{"Planner": 0}')
    plain_page.get_by_role("button", name="Switch on").click()
    expect(plain_page.get_by_role("alert")).to_contain_text("At most: Planner.value:")
    plain_page.get_by_label("At most").fill('{"Planner": 1}')
    plain_page.get_by_role("button", name="Switch on").click()
    expect(plain_page.get_by_role("status").first).to_contain_text("Role separation is switched on")
    plain_page.get_by_role("link", name="Switch off").click()
    plain_page.get_by_role("button", name="Switch off").click()
    expect(plain_page.get_by_text("Check this first.").first).to_be_visible()
    plain_page.get_by_label("I understand").check()
    plain_page.get_by_role("button", name="Switch off").click()
    expect(plain_page.get_by_role("status").first).to_have_text("Role separation is switched off.")


def test_the_pages_fit_a_phone_and_the_dark_and_go_by_keyboard(page: Page, home: AtHome) -> None:
    as_dark_phone(page)
    home.sign_in(page, LIST)
    expect(page.get_by_role("heading", name="Plugins")).to_be_visible()
    check_accessible(page)
    page.get_by_role("link", name="Export CSV custom").press("Enter")
    expect(page.get_by_role("heading", name="Export CSV custom")).to_be_visible()
    check_accessible(page)
    page.get_by_role("link", name="Switch on").press("Enter")
    expect(page.get_by_label("Separator")).to_be_visible()
    check_accessible(page)
    page.get_by_label("Separator").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Separator").locator("option:checked")).to_have_text("tab")
    page.get_by_label("Separator").press("Enter")
    page.get_by_role("button", name="Switch on").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Export CSV custom is switched on")
    check_accessible(page)
    page.get_by_role("link", name="Switch off").press("Enter")
    page.get_by_label("I understand").press("Space")
    check_accessible(page)
    page.get_by_role("button", name="Switch off").press("Enter")
    expect(page.get_by_role("status")).to_have_text("Export CSV custom is switched off.")
