"""Signing in, one's own account and the user list, in a browser, as people use them."""

from __future__ import annotations

import email
import re
from email.policy import default
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import PHONE, AtHome, check_accessible
from tests.support.waiting import eventually

NEW = "another horse, another battery"


@pytest.fixture
def signed_in(page: Page, home: AtHome) -> Page:
    home.sign_in(page)
    expect(page.get_by_role("heading", name="Users")).to_be_visible()
    return page


def test_sign_in_find_somebody_sign_out(page: Page, home: AtHome) -> None:
    page.goto(f"{home.url}/account/users")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    home.fill_in(page, home.email, "wrong password")
    expect(page.get_by_role("alert")).to_have_text(
        "Organisation, e-mail and password do not go together."
    )
    check_accessible(page)
    home.fill_in(page, home.email, home.password)

    expect(page.get_by_role("link", name=re.compile("^Billed users 201$"))).to_be_visible()
    page.get_by_role("searchbox").press_sequentially("mueller, garcía")
    expect(page).to_have_url(re.compile(r"\?q=mueller"))
    rows = page.locator("tbody tr")
    expect(rows.filter(has_text="Müller")).not_to_have_count(0)
    expect(rows.filter(has_text="García")).not_to_have_count(0)
    expect(
        rows.filter(has_not_text=re.compile("M(ü|u|ue)ller|García", re.IGNORECASE))
    ).to_have_count(0)
    page.reload()
    expect(rows.filter(has_text="Müller")).not_to_have_count(0)
    with page.expect_download() as started:
        page.get_by_role("link", name="Export to CSV").click()
    lines = started.value.path().read_text().splitlines()
    assert lines[0] == "Last name,First name,Email"
    assert len(lines) == 1 + rows.count()

    page.get_by_text("Alex Admin").first.click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_users_are_filtered_by_roles_in_a_window_by_keyboard_alone(signed_in: Page) -> None:
    page = signed_in
    page.get_by_role("link", name="User roles").focus()
    page.keyboard.press("Enter")
    window = page.get_by_role("dialog", name="User roles")
    expect(window).to_be_visible()
    check_accessible(page)
    window.get_by_label("Planner").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"\?role="))
    planners = page.locator("tbody tr").filter(has_text="Planner")
    expect(planners).not_to_have_count(0)
    expect(page.locator("tbody tr").filter(has_not_text="Planner")).to_have_count(0)
    page.get_by_role("link", name="User roles").click()
    page.keyboard.press("Escape")
    expect(window).to_be_hidden()


def test_everything_works_without_scripts_on_a_narrow_screen(
    plain_page: Page, home: AtHome
) -> None:
    plain_page.set_viewport_size(PHONE)
    home.sign_in(plain_page, "/account/users")

    plain_page.get_by_role("searchbox").fill("mueller")
    plain_page.get_by_role("button", name="Search").click()
    expect(plain_page.locator("tbody tr").filter(has_text="Müller")).not_to_have_count(0)
    plain_page.get_by_role("link", name="User roles").click()
    plain_page.get_by_label("Agent").check()
    plain_page.get_by_role("button", name="Show", exact=True).click()
    expect(plain_page).to_have_url(re.compile(r"q=mueller&role="))
    expect(plain_page.get_by_text("With at least one of these roles:")).to_be_visible()
    plain_page.locator("details.who summary").click()
    plain_page.get_by_role("button", name="Sign out").click()
    expect(plain_page.get_by_role("status")).to_have_text("You are signed out.")


def test_every_page_is_accessible_light_and_dark_on_a_narrow_screen(
    browser: Browser, home: AtHome
) -> None:
    # Colours on their way from one theme to the other are neither.
    context = browser.new_context(viewport=PHONE, reduced_motion="reduce")
    page = context.new_page()

    def check() -> None:
        check_accessible(page)
        page.emulate_media(color_scheme="dark")
        check_accessible(page, only=["color-contrast"])
        page.emulate_media(color_scheme="light")

    for path in ("sign-in", "forgotten-password", "forgotten-password/asked", "set-password"):
        page.goto(f"{home.url}/account/{path}")
        check()
    home.sign_in(page)
    for path in (
        "users?limit=5",
        "users?q=nobody-at-all",
        "users?limit=5&window=roles",
        "users?status=unbilled",
        "me",
        "me/security",
        "me/sessions",
        "me/tokens",
        "me/tokens/new",
        "me/password",
        "me/two-factor",
        "nothing",
    ):
        page.goto(f"{home.url}/account/{path}")
        check()
    page.locator("details.who summary").click()
    expect(page.get_by_role("link", name="My account")).to_be_visible()
    check()
    context.close()


@pytest.mark.long
def test_a_forgotten_password_is_set_by_the_mailed_link(page: Page, home: AtHome) -> None:
    somebody = "anna.mueller@acme.example"
    page.goto(f"{home.url}/account/sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("Organisation").fill(home.tenant)
    page.get_by_label("E-mail address").fill(somebody)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()

    link = eventually(lambda: _link_to(home.mail, somebody), timeout=20)
    assert link
    page.goto(link)
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("alert")).to_contain_text("At least 12 characters.")
    check_accessible(page)
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("status")).to_contain_text("Your new password is set.")
    page.get_by_label("E-mail address").fill(somebody)
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="Mein Konto")).to_be_visible()


@pytest.mark.long
def test_a_second_factor_is_set_up_and_asked_for(
    page: Page, browser: Browser, home: AtHome
) -> None:
    home.sign_in(page, "/account/me/two-factor")
    page.get_by_label("Your password").fill(home.password)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    check_accessible(page)
    seed = page.locator("input[name=secret]").get_attribute("value")
    assert seed
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(seed).now())
    page.get_by_role("button", name="Switch on").click()
    codes = page.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    expect(codes).to_have_count(10)
    check_accessible(page)
    spare = codes.first.inner_text()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("10 recovery codes are left.")).to_be_visible()
    check_accessible(page)

    elsewhere = browser.new_context().new_page()
    home.sign_in(elsewhere, "/account/me/security")
    check_accessible(elsewhere)
    elsewhere.get_by_label("Code", exact=True).fill(spare)
    elsewhere.get_by_role("button", name="Sign in").click()
    expect(elsewhere.get_by_text("9 recovery codes are left.")).to_be_visible()
    elsewhere.get_by_role("link", name="Switch off").click()
    elsewhere.get_by_label("Your password").fill(home.password)
    elsewhere.get_by_role("button", name="Switch off").click()
    expect(elsewhere.get_by_role("status")).to_have_text("Two-factor authentication is off.")
    elsewhere.context.close()


def test_the_reader_chooses_the_language_and_the_zone(signed_in: Page, home: AtHome) -> None:
    page = signed_in
    page.goto(f"{home.url}/account/me")
    page.get_by_label("Language").select_option("de")
    page.get_by_label("Time zone").select_option("Asia/Kathmandu")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("status")).to_have_text("Gespeichert.")
    page.get_by_role("link", name="Geräte").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("time").first).to_contain_text("UTC+0545")
    page.get_by_role("link", name="Profil").click()
    page.get_by_label("Sprache").select_option("en")
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")


def _link_to(mail: Path, recipient: str) -> str | None:
    for file in sorted(mail.glob("**/*.eml"), reverse=True):
        message = email.message_from_bytes(file.read_bytes(), policy=default)
        if recipient in str(message["To"]):
            text = message.get_body(["plain"])
            assert text
            found = re.search(r"http\S+set-password\S+", text.get_content())
            if found:
                return found[0]
    return None
