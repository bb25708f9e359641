"""Employees, staff membership, mass updates and billing in a browser, as people use them."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import AtHome, as_dark_phone, check_accessible

pytestmark = pytest.mark.long


@pytest.fixture
def signed_in(page: Page, home: AtHome) -> Page:
    home.sign_in(page, "/wfm/employees")
    expect(page.get_by_role("heading", name="Employees")).to_be_visible()
    return page


def day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def plan_shifts(page: Page, home: AtHome, employee_id: str, days: range) -> None:
    """A shift on each of these days from now."""
    typed = {"tenant": home.tenant, "email": home.email, "password": home.password}
    token = page.request.post(f"{home.url}/account/v1/sign-in", data=typed).json()["access_token"]
    for number in days:
        answer = page.request.post(
            f"{home.url}/wfm/v1/shifts",
            headers={"Authorization": f"Bearer {token}"},
            data={
                "employee_id": employee_id,
                "start": f"{day(number)}T09:00:00Z",
                "end": f"{day(number)}T17:00:00Z",
            },
        )
        assert answer.status == 201, answer.text()


def test_create_let_leave_reactivate_and_delete(signed_in: Page, home: AtHome) -> None:
    page = signed_in
    check_accessible(page)
    page.get_by_role("link", name="Create employee").click()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("alert")).to_contain_text("E-mail address: Please fill this in.")
    check_accessible(page)
    page.get_by_label("Last name").fill("Zimmer")
    page.get_by_label("First name").fill("Zoë")
    page.get_by_label("E-mail address").fill(home.email)
    page.get_by_label("Join date").fill(day(0))
    page.get_by_label("Time zone").select_option("UTC")
    page.get_by_role("button", name="Create").click()

    expect(page.get_by_text("The user account was refused")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("has this e-mail address already")
    check_accessible(page)
    page.get_by_label("E-mail address").fill("zoe.zimmer@acme.example")
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("status")).to_have_text("Zoë Zimmer is created.")
    plan_shifts(page, home, page.url.rpartition("/")[2], range(1, 6))

    page.get_by_label("Leave date").fill(day(3))
    page.get_by_role("button", name="Set leave date").click()
    expect(page.get_by_text("3 shifts begin on the leave date or later.")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Yes, delete 3 shifts").click()
    expect(page.get_by_role("button", name="Move leave date")).to_be_visible()
    page.get_by_role("button", name="Take the leave date back").click()
    expect(page.get_by_role("status")).to_have_text("The leave date is taken back.")
    page.get_by_label("Leave date").fill(day(0))
    page.get_by_role("button", name="Set leave date").click()
    page.get_by_role("button", name="No, keep them").click()
    expect(page.get_by_role("status")).to_contain_text("The staff membership has ended.")
    check_accessible(page)
    page.get_by_role("button", name="Reactivate").click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()

    page.get_by_role("link", name="Delete").click()
    window = page.get_by_role("dialog", name="Delete Zoë Zimmer?")
    expect(window.get_by_text("2 current or future shifts")).to_be_visible()
    check_accessible(page)
    window.get_by_role("link", name="Staff Membership").click()
    expect(window).to_be_hidden()
    expect(page).to_have_url(re.compile("#membership$"))
    page.get_by_role("link", name="Delete").focus()
    page.keyboard.press("Enter")
    button = window.get_by_role("button", name="Delete")
    expect(button).to_be_disabled()
    window.get_by_label(
        "I understand that the user record and all scheduling data for Zoë Zimmer will be deleted."
    ).focus()
    page.keyboard.press("Space")
    expect(button).to_be_enabled()
    button.click()
    expect(page.get_by_role("status").first).to_have_text("Zoë Zimmer is deleted.")
    page.get_by_role("searchbox").press_sequentially("zimmer zoe")
    expect(page.get_by_role("heading", name="Nobody fits")).to_be_visible()


def test_several_employees_are_changed_at_once(signed_in: Page) -> None:
    page = signed_in
    names = page.locator("tbody th")
    chosen = [names.nth(row).inner_text() for row in (3, 4)]
    for name in chosen:
        page.get_by_label(f"Choose {name}").check()
    page.get_by_role("button", name="Change the chosen ones").click()
    expect(page.get_by_text("For 2 employees:")).to_be_visible()
    expect(page.get_by_label("Leave date", exact=True)).to_be_hidden()
    page.get_by_label("Set a leave date").check()
    page.get_by_label("Leave date", exact=True).fill(day(40))
    check_accessible(page)
    page.get_by_role("button", name="Change 2 employees").click()
    expect(page.get_by_text("None of them has a shift on that day or later.")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Set leave date").click()

    expect(page.get_by_text("Done: 2 employees are changed.")).to_be_visible(timeout=15_000)
    check_accessible(page)
    page.get_by_role("link", name="All employees").click()
    expect(page.get_by_role("row").filter(has_text=chosen[0])).to_contain_text("until")


def test_billing_is_shown_and_downloaded(signed_in: Page, tmp_path: Path) -> None:
    page = signed_in
    page.get_by_role("link", name="Billing").click()
    expect(page.get_by_text("Day of the peak:")).to_be_visible()
    page.get_by_text("The numbers").click()
    expect(page.get_by_role("columnheader", name="Active users")).to_be_visible()
    check_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    download.value.save_as(tmp_path / "billing.csv")
    with (tmp_path / "billing.csv").open(newline="") as file:
        assert len(list(csv.reader(file))) > 200


def test_the_main_path_works_without_scripts_on_a_narrow_dark_screen(
    plain_page: Page, home: AtHome
) -> None:
    as_dark_phone(plain_page)
    home.sign_in(plain_page, "/wfm/employees")
    plain_page.get_by_role("searchbox").fill("müller")
    plain_page.get_by_role("button", name="Search").click()
    plain_page.locator("tbody th a").first.click()
    plain_page.get_by_label("Personnel number").fill("P 1000")
    plain_page.get_by_role("button", name="Save").click()
    expect(plain_page.get_by_role("status")).to_have_text("Saved.")
    plain_page.get_by_label("Leave date").fill(day(30))
    plain_page.get_by_role("button", name="Set leave date").click()
    expect(plain_page.get_by_role("button", name="Move leave date")).to_be_visible()
    plain_page.get_by_role("link", name="Delete").click()
    plain_page.get_by_role("button", name="Delete").click()
    expect(plain_page.get_by_text("Check this box, if you are sure.").first).to_be_visible()
    plain_page.get_by_role("link", name="Cancel").click()
    expect(plain_page.get_by_role("dialog")).to_be_hidden()


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 1280)])
def test_every_page_is_accessible(browser: Browser, home: AtHome, scheme: str, width: int) -> None:
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 800},
    )
    page = context.new_page()
    home.sign_in(page, "/wfm/employees?q=admin")
    check_accessible(page)
    page.locator("tbody th a").first.click()
    check_accessible(page)
    for path in (
        "employees?q=nobody-at-all",
        "employees?window=units",
        "employees/new",
        "employees/mass-updates/new",
        "employees/mass-updates/new?q=anna",
        "billing?limit=5",
    ):
        page.goto(f"{home.url}/wfm/{path}")
        check_accessible(page)
    context.close()
