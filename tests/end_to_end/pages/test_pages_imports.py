"""Account › Imports in a browser: a file is chosen, looked at, imported; its progress is watched."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import AtHome, as_dark_phone, check_accessible

pytestmark = pytest.mark.long

PAGE = "/account/imports"
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A file with names of its own for each test, an evil one and a formula among them."""
    file = tmp_path / "people.csv"
    name = tmp_path.name.replace("_", "-")
    file.write_text(
        "Last name;First name;Email\n"
        f"Byron;Ada;ada-{name}@x.example\n"
        f"{EVIL};Bo;bo-{name}@x.example\n"
        f"=1+1;Cy;cy-{name}@x.example\n"
    )
    return file


def test_a_file_is_looked_at_then_imported(page: Page, home: AtHome, people: Path) -> None:
    home.sign_in(page, "/account/users")
    page.get_by_role("link", name="Import", exact=True).click()
    check_accessible(page)
    bad = people.with_name("bad.csv")
    bad.write_text("Name,Salary\nByron,1\n")
    page.get_by_label("CSV file").set_input_files(bad)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("alert")).to_contain_text("Missing: Last name, First name, Email.")
    check_accessible(page)

    page.get_by_label("CSV file").set_input_files(people)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("heading", name="The first lines")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("cell", name=EVIL).first).to_be_visible()
    check_accessible(page)
    page.get_by_role("link", name="Show what is wrong").click()
    refused = page.get_by_role("row").filter(has_text="=1+1").last
    expect(refused).to_contain_text("Must not begin with = + - @")

    page.get_by_role("button", name="Create 2 users").click()
    expect(page.get_by_text("Done: 2 users are created.")).to_be_visible(timeout=30_000)
    check_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Refused lines as CSV").click()
    assert "formula_start" in download.value.path().read_text()
    page.get_by_role("link", name="Byron, Ada").click()
    expect(page.get_by_role("heading", name="Ada Byron")).to_be_visible()


def test_without_scripts_the_page_renews_itself(
    plain_page: Page, home: AtHome, people: Path
) -> None:
    home.sign_in(plain_page, PAGE)
    plain_page.get_by_label("CSV file").set_input_files(people)
    plain_page.get_by_label("Invite everybody").check()
    plain_page.get_by_role("button", name="Check the file").click()
    expect(plain_page.get_by_text("Each of them gets an invitation")).to_be_visible(timeout=30_000)
    plain_page.get_by_role("button", name="Forget the file").click()
    expect(plain_page.get_by_role("status").first).to_contain_text("Nobody was created.")
    plain_page.goto(f"{home.url}/account/users?q=admin")
    plain_page.get_by_role("group").filter(has_text="To the export page").locator("summary").click()
    plain_page.get_by_role("link", name="To the export page").click()
    expect(plain_page.get_by_text("admin", exact=True)).to_be_visible()


def test_the_pages_fit_a_phone_in_the_dark_and_are_used_by_keyboard(
    page: Page, home: AtHome, people: Path
) -> None:
    as_dark_phone(page)
    home.sign_in(page, PAGE)
    check_accessible(page)
    page.get_by_label("CSV file").set_input_files(people)
    page.get_by_label("CSV file").press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_label("Invite everybody")).to_be_checked()
    page.get_by_role("button", name="Check the file").press("Enter")
    expect(page.get_by_role("heading", name="The first lines")).to_be_visible(timeout=30_000)
    check_accessible(page)
    page.get_by_role("button", name="Create 2 users").press("Enter")
    expect(page.get_by_text("Done: 2 users are created.")).to_be_visible(timeout=30_000)
    check_accessible(page)


def test_a_file_is_dropped_and_one_that_is_too_large_is_told_so_before_it_is_sent(
    page: Page, home: AtHome
) -> None:
    home.sign_in(page, PAGE)
    drop = """(box, size) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(size)], "people.csv"));
      box.dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
      return box.querySelector("input").files.length;
    }"""
    box = page.locator("[data-drop]")

    assert box.evaluate(drop, 10) == 1
    assert box.evaluate(drop, 21 * 1024 * 1024) == 0
    expect(page.get_by_role("alert")).to_have_text("The file has more than 20 MiB.")
