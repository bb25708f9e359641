"""Catalogues, assignments and shifts in a browser, as people use them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, AtHome, check_accessible

pytestmark = pytest.mark.long


@pytest.fixture
def signed_in(page: Page, home: AtHome) -> Page:
    home.sign_in(page, "/wfm/employees")
    expect(page.get_by_role("heading", name="Employees")).to_be_visible()
    return page


def open_somebody(page: Page, home: AtHome) -> None:
    page.goto(f"{home.url}/wfm/employees")
    page.locator("td.name a, th.name a").first.click()
    expect(page.get_by_role("heading", name="Scheduling")).to_be_visible()


def test_give_a_unit_and_plan_a_shift(signed_in: Page, home: AtHome) -> None:
    page = signed_in
    page.get_by_role("link", name="Catalogues").click()
    page.get_by_role("navigation", name="Catalogues").get_by_text("Planning units").click()
    page.get_by_role("link", name="Create planning unit").first.click()
    check_accessible(page)
    page.get_by_label("Name").fill("North Sea")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("rowheader", name="North Sea")).to_be_visible()
    check_accessible(page)

    open_somebody(page, home)
    page.get_by_role("link", name="Planning units, contracts").click()
    check_accessible(page)
    page.get_by_role("link", name="Add planning unit").click()
    page.get_by_label("Planning unit").select_option("North Sea")
    page.get_by_label("Priority").fill("9")
    page.get_by_role("button", name="Add").click()
    check_accessible(page)
    page.get_by_label("Priority").fill("1")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("rowheader", name="North Sea")).to_be_visible()

    open_somebody(page, home)
    page.get_by_role("link", name="Shifts", exact=True).click()
    page.get_by_role("link", name="Next week").click()
    page.set_viewport_size(PHONE)
    check_accessible(page)
    page.get_by_role("link", name="Create shift", exact=True).click()
    check_accessible(page)
    page.get_by_label("Begins").fill("07:00")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("status").first).to_contain_text("The shift is saved.")
    check_accessible(page)


def test_availability_without_scripts(plain_page: Page, home: AtHome) -> None:
    home.sign_in(plain_page, "/wfm/employees")
    open_somebody(plain_page, home)
    plain_page.get_by_role("link", name="Availability").click()
    plain_page.get_by_label("Monday").fill("8-12")
    plain_page.get_by_role("button", name="Save").click()
    expect(plain_page.get_by_role("alert")).to_contain_text("Write times such as")
    plain_page.get_by_label("Monday").fill("08:00-12:00")
    plain_page.get_by_role("button", name="Save").click()
    expect(plain_page.get_by_role("status").first).to_contain_text("Saved.")
