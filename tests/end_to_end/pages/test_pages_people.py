"""People, as people use it in a browser: create a person, profile and photo, delete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, AtHome, as_dark_phone, check_accessible
from tests.unit.people.pictures import a_picture

pytestmark = pytest.mark.long

LIST = "/people/people"


def test_a_person_is_created_described_and_pictured(
    page: Page, home: AtHome, tmp_path: Path
) -> None:
    photo = tmp_path / "ada.png"
    photo.write_bytes(a_picture("PNG", (400, 300)))
    home.sign_in(page)
    page.get_by_role("link", name="People", exact=True).click()
    expect(page.get_by_role("heading", name="People")).to_be_visible()
    check_accessible(page)
    page.get_by_role("searchbox").press_sequentially("mueller, garcía")
    expect(page).to_have_url(re.compile(r"\?q=mueller"))
    rows = page.locator("tbody tr")
    expect(rows.filter(has_text="García")).not_to_have_count(0)
    expect(rows.filter(has_text="Admin, Alex")).to_have_count(0)

    page.get_by_role("link", name="Create person").click()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("alert")).to_contain_text("Last name: Please fill this in.")
    check_accessible(page)
    page.get_by_label("Last name").fill("Lovelace")
    page.get_by_label("First name").fill("Ada")
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("status")).to_have_text("Ada Lovelace is created.")
    expect(page.get_by_text("in step")).to_be_visible()

    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Last name").fill("King")
    page.get_by_label("Date of birth").fill("1990-04-30")
    page.get_by_label("Country").select_option(label="United Kingdom")
    page.get_by_label("City").fill("London")
    page.get_by_label("Private phone").fill("12")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Private phone: This is not a phone number")
    check_accessible(page)
    page.get_by_label("Private phone").fill("+44 20 7946 0958")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Ada King")).to_be_visible()
    expect(page.get_by_text("+44 20 7946 0958")).to_be_visible()

    page.get_by_role("link", name="Add a photo").click()
    check_accessible(page)
    page.get_by_label("Photo").set_input_files(photo)
    page.get_by_role("button", name="Save").click()
    picture = page.get_by_role("img", name="Photo of Ada King")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") == 400
    check_accessible(page)
    page.get_by_role("link", name="Employee", exact=True).click()
    expect(page.get_by_role("heading", name="Ada King")).to_be_visible()


def test_who_is_refused_is_discarded_and_who_goes_is_deleted_without_scripts_on_a_phone(
    plain_page: Page, home: AtHome
) -> None:
    plain_page.set_viewport_size(PHONE)
    home.sign_in(plain_page, f"{LIST}/new")
    plain_page.get_by_label("Last name").fill("Twice")
    plain_page.get_by_label("E-mail address").fill(home.email)
    plain_page.get_by_role("button", name="Create").click()
    expect(plain_page.get_by_role("alert")).to_contain_text("has this e-mail address already")
    plain_page.get_by_role("button", name="Discard").click()
    expect(plain_page.get_by_role("status").first).to_have_text("Twice is discarded.")

    plain_page.get_by_role("searchbox").fill("garcía")
    plain_page.get_by_role("button", name="Search").click()
    leaving = plain_page.locator("tbody tr a").first
    last_name, first_name = leaving.inner_text().split(", ")
    name = f"{first_name} {last_name}"
    leaving.click()
    plain_page.get_by_role("link", name="Delete").click()
    window = plain_page.get_by_role("dialog", name=f"Delete {name}?")
    expect(window).to_be_visible()
    window.get_by_role("button", name="Delete").click()
    expect(window.get_by_text("Check this box, if you are sure.", exact=True)).to_be_visible()
    window.get_by_label(
        f"I understand that the user record and all scheduling data for {name} will be deleted."
    ).check()
    window.get_by_role("button", name="Delete").click()
    expect(plain_page.get_by_role("status").first).to_have_text(re.compile("is (being )?deleted"))


def test_the_pages_fit_a_phone_and_are_accessible_in_the_dark(page: Page, home: AtHome) -> None:
    as_dark_phone(page)
    home.sign_in(page, LIST)
    expect(page.get_by_role("heading", name="People")).to_be_visible()
    check_accessible(page)
    page.locator("tbody tr a").first.press("Enter")
    page.get_by_role("link", name="Delete").press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    check_accessible(page)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Edit").press("Enter")
    expect(page.get_by_label("Notes")).to_be_visible()
    check_accessible(page)
