"""One sign-in for services that stand apart, each on an origin of its own."""

from __future__ import annotations

import re
import secrets

import pytest
from playwright.sync_api import Page, expect

from tests.support.apart import PASSWORD, Apart, Client


@pytest.fixture(scope="module")
def admin(apart: Apart) -> Client:
    return apart.tenant()


def enter(page: Page, admin: Client) -> None:
    page.get_by_label("Organisation").fill(admin.tenant_id)
    page.get_by_label("E-mail address").fill(admin.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def keep_only(page: Page, *names: str) -> None:
    """As if all other cookies had expired."""
    kept = [one for one in page.context.cookies() if one.get("name") in names]
    page.context.clear_cookies()
    page.context.add_cookies(kept)  # type: ignore[arg-type]


def fill_in_an_employee(page: Page, apart: Apart) -> str:
    page.goto(f"{apart.url('scheduling')}/employees/new")
    name = f"Kept{secrets.token_hex(3)}"
    page.locator("[name=last_name]").fill(name)
    page.locator("[name=email]").fill(f"{name}@x.example")
    return name


def test_signing_in_once_lets_into_every_service_and_signing_out_out_of_all(
    page: Page, apart: Apart, admin: Client
) -> None:
    page.goto(f"{apart.url('export')}/?status=unbilled")
    enter(page, admin)
    expect(page).to_have_url(f"{apart.url('export')}/?status=unbilled")

    page.goto(f"{apart.url('scheduling')}/employees")
    expect(page.get_by_role("heading", name="Employees")).to_be_visible()
    page.locator("details.who summary").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    page.goto(f"{apart.url('export')}/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_form_with_an_expired_token_is_sent_on_by_accounts_unnoticed(
    page: Page, apart: Apart, admin: Client
) -> None:
    page.goto(f"{apart.url('scheduling')}/employees/new")
    enter(page, admin)
    name = fill_in_an_employee(page, apart)
    keep_only(page, "staffroll-refresh", "staffroll-csrf")

    page.get_by_role("button", name="Create").click()

    expect(page.get_by_role("heading", name=re.compile(name))).to_be_visible()


def test_what_was_typed_before_the_session_ended_goes_on_after_signing_in_again(
    page: Page, apart: Apart, admin: Client
) -> None:
    page.goto(f"{apart.url('scheduling')}/employees/new")
    enter(page, admin)
    name = fill_in_an_employee(page, apart)
    keep_only(page, "staffroll-csrf")

    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("what you typed is kept")).to_be_visible()
    enter(page, admin)

    expect(page.get_by_role("heading", name=re.compile(name))).to_be_visible()
