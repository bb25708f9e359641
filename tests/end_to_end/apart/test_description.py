"""The product's description, step by step, by the labels it names: in a browser, with every
service on its own, RabbitMQ between them, and mail over SMTP."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.apart import PASSWORD, Apart, Client
from tests.support.smtp import text_of
from tests.support.waiting import eventually

NEW_PASSWORD = "another horse, another battery"


@pytest.fixture(scope="module")
def admin(apart: Apart) -> Client:
    return apart.tenant()


@dataclass
class Desk:
    """Somebody at a browser of their own, who goes by what is written on the pages."""

    suite: Apart
    page: Page
    has_scripts: bool
    tenant: str = field(repr=False)

    def sign_in(self, email: str, password: str) -> None:
        self.page.goto(f"{self.suite.url('accounts')}/sign-in")
        self.page.get_by_label("Organisation").fill(self.tenant)
        self.page.get_by_label("E-mail address").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def sign_out(self) -> None:
        self.page.locator("details.who summary").click()
        self.page.get_by_role("button", name="Sign out").click()
        expect(self.page.get_by_role("status")).to_have_text("You are signed out.")

    def go_to(self, area: str, entry: str = "") -> None:
        """By the bar: such as Account › Users."""
        if area not in self.page.get_by_role("navigation", name="Areas").inner_text():
            self.page.goto(f"{self.suite.url('accounts')}/users")
        areas = self.page.get_by_role("navigation", name="Areas")
        areas.get_by_role("link", name=area, exact=True).click()
        if entry:
            entries = self.page.get_by_role("navigation", name=area)
            entries.get_by_role("link", name=entry, exact=True).click()

    def find(self, name: str) -> Locator:
        """The rows of the list shown that fit the search; looked at anew until there is one."""
        self.page.get_by_role("searchbox").fill(name)
        if self.has_scripts:
            expect(self.page).to_have_url(re.compile(rf"q={name}"))
        else:
            self.page.get_by_role("button", name="Search").click()
        rows = self.page.locator("tbody tr").filter(has_text=name)

        def is_there() -> bool:
            if rows.count() == 0:
                self.page.reload()
            return rows.count() > 0

        eventually(is_there, timeout=20)
        return rows

    def open(self, name: str) -> None:
        self.find(name).first.get_by_role("link").first.click()
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(name)

    def is_told(self, text: str) -> None:
        expect(self.page.get_by_role("status").first).to_contain_text(text)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def fill(self, **fields: str) -> None:
        for name, text in fields.items():
            label = name.replace("_", " ").capitalize().replace("E mail", "E-mail")
            self.page.get_by_label(label).fill(text)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(True, id="with scripts"),
        pytest.param(False, id="without scripts", marks=pytest.mark.long),
    ],
)
def desk(
    request: pytest.FixtureRequest, browser: Browser, apart: Apart, admin: Client
) -> Iterator[Desk]:
    """The admin's, signed in; whatever its pages complain about fails the tests."""
    context = browser.new_context(java_script_enabled=request.param)
    complaints: list[str] = []
    context.on("weberror", lambda told: complaints.append(str(told.error)))
    context.on("console", lambda told: told.type == "error" and complaints.append(told.text))
    desk = Desk(apart, context.new_page(), request.param, admin.tenant_id)
    desk.sign_in(admin.email, PASSWORD)
    expect(desk.page.get_by_role("heading", name="Users")).to_be_visible()
    yield desk
    context.close()
    assert [text for text in complaints if "status of 422" not in text] == []


@pytest.fixture
def name() -> str:
    """A last name that nobody else has."""
    return f"Lovelace{secrets.token_hex(3)}"


def make_user(admin: Client, name: str, **body: Any) -> dict[str, Any]:
    """A user with a password, known everywhere."""
    filled = {
        "last_name": name,
        "first_name": "Ada",
        "email": f"{name.lower()}@example.org",
        "password": PASSWORD,
        **body,
    }
    response = admin.create("accounts", filled)
    assert response.status_code == 201, response.text
    user: dict[str, Any] = response.json()
    for service in ("scheduling", "people"):
        eventually(lambda service=service: admin.sees(service, user["id"]), timeout=20)
    return user


def at_another_desk(browser: Browser, desk: Desk) -> Desk:
    context = browser.new_context(java_script_enabled=desk.has_scripts)
    return Desk(desk.suite, context.new_page(), desk.has_scripts, desk.tenant)


def day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


PLACES = {
    "Create user": ("Account", "Users"),
    "Create employee": ("WFM", "Employees"),
    "Create person": ("People", ""),
}


@pytest.mark.parametrize("button", PLACES)
def test_who_is_created_in_one_place_appears_in_the_two_others(
    desk: Desk, name: str, button: str
) -> None:
    desk.go_to(*PLACES[button])
    desk.page.get_by_role("link", name=button).click()
    desk.fill(last_name=name, first_name="Ada", e_mail_address=f"{name.lower()}@example.org")
    desk.press("Create")
    desk.is_told(f"Ada {name} is created")

    for place in PLACES.values():
        desk.go_to(*place)
        expect(desk.find(name)).to_have_count(1)


def test_a_users_email_address_is_changed(desk: Desk, admin: Client, name: str) -> None:
    user = make_user(admin, name)

    desk.go_to("Account", "Users")
    desk.open(name)
    desk.page.get_by_label("E-mail address").fill(f"new-{name.lower()}@example.org")
    desk.page.get_by_label("Time zone").select_option("Asia/Kathmandu")
    desk.press("Save")

    desk.is_told("Saved.")
    for service in ("scheduling", "people"):
        eventually(
            lambda service=service: (
                (admin.sees(service, user["id"]) or {}).get("email")
                == f"new-{name.lower()}@example.org"
            )
        )


def test_admin_access_is_granted(desk: Desk, admin: Client, name: str) -> None:
    make_user(admin, name)

    desk.go_to("Account", "Users")
    desk.open(name)
    section = desk.page.locator(
        "section", has=desk.page.get_by_role("heading", name="Admin access")
    )
    section.get_by_label("Grant admin access").check()
    desk.press("Save")

    desk.is_told("Saved.")
    desk.go_to("Account", "Users")
    expect(desk.find(name).get_by_title("Admin")).to_be_visible()


def test_who_is_locked_is_unlocked_given_a_new_password_and_signs_in_with_it(
    desk: Desk, browser: Browser, admin: Client, name: str
) -> None:
    user = make_user(admin, name)
    theirs = at_another_desk(browser, desk)
    for _ in range(3):
        theirs.sign_in(user["email"], "a wrong password")
        expect(theirs.page.get_by_role("alert")).to_be_visible()
    theirs.sign_in(user["email"], PASSWORD)
    expect(theirs.page.get_by_role("alert")).to_be_visible()

    desk.go_to("Account", "Users")
    row = desk.find(name)
    expect(row.get_by_title("Locked")).to_be_visible()
    row.get_by_role("link").first.click()
    security = desk.page.locator("section", has_text="Security").last
    security.get_by_role("button", name="Unlock user").click()
    expect(desk.page.get_by_role("button", name="Unlock user")).to_have_count(0)
    desk.page.get_by_role("link", name="Set new password").click()
    desk.page.get_by_label("New password").fill(NEW_PASSWORD)
    must_change = desk.page.get_by_role("checkbox")
    if must_change.is_checked():
        must_change.uncheck()
    desk.press("Save")
    desk.is_told("The new password is set.")

    theirs.sign_in(user["email"], NEW_PASSWORD)
    expect(theirs.page.get_by_role("heading", name="My account")).to_be_visible()
    theirs.page.context.close()


def test_a_forgotten_password_is_set_anew_by_the_mailed_link(
    desk: Desk, browser: Browser, admin: Client, name: str
) -> None:
    user = make_user(admin, name)
    theirs = at_another_desk(browser, desk)
    page = theirs.page
    page.goto(f"{desk.suite.url('accounts')}/sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("Organisation").fill(desk.tenant)
    page.get_by_label("E-mail address").fill(user["email"])
    theirs.press("Send the link")

    message = eventually(lambda: desk.suite.mailbox.to(user["email"]), timeout=20)[-1]
    link = re.search(r"http\S+/set-password\?token=\S+", text_of(message))
    assert link
    page.goto(link[0])
    page.get_by_label("New password").fill(NEW_PASSWORD)
    theirs.press("Set password")
    theirs.is_told("Your new password is set.")
    theirs.sign_in(user["email"], NEW_PASSWORD)
    expect(page.get_by_role("heading", name="My account")).to_be_visible()
    page.goto(link[0])
    page.get_by_label("New password").fill(PASSWORD)
    theirs.press("Set password")
    expect(page.get_by_role("heading", name="My account")).to_have_count(0)
    expect(page.get_by_role("status")).to_have_count(0)
    page.context.close()


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ("Yes, delete 2 shifts", 0),
        pytest.param("No, keep them", 2, marks=pytest.mark.long),
    ],
)
def test_who_gets_a_leave_date_is_unbilled_and_can_be_reactivated(
    desk: Desk, browser: Browser, admin: Client, name: str, answer: str, left: int
) -> None:
    user = make_user(admin, name)
    for number in (1, 2):
        planned = {
            "employee_id": user["id"],
            "start": f"{day(number)}T09:00:00Z",
            "end": f"{day(number)}T17:00:00Z",
        }
        assert admin.post("scheduling", "/v1/shifts", json=planned).status_code == 201

    desk.go_to("Account", "Users")
    desk.open(name)
    desk.page.get_by_role("link", name="Delete").click()
    window = desk.page.get_by_role("dialog", name=f"Delete Ada {name}?")
    window.get_by_role("link", name="Staff Membership").click()
    desk.page.get_by_label("Leave date").fill(day(0))
    desk.press("Set leave date")
    expect(desk.page.get_by_text("2 shifts begin on the leave date or later.")).to_be_visible()
    desk.press(answer)
    desk.is_told("The staff membership has ended.")

    shifts = f"/v1/shifts?employee={user['id']}&from={day(-7)}T00:00:00Z&to={day(7)}T00:00:00Z"
    eventually(lambda: len(admin.get("scheduling", shifts).json()["items"]) == left)
    desk.go_to("Account", "Users")
    desk.page.get_by_role("link", name=re.compile("^Unbilled users")).click()
    expect(desk.find(name)).to_have_count(1)
    theirs = at_another_desk(browser, desk)
    theirs.sign_in(user["email"], PASSWORD)
    expect(theirs.page.get_by_role("alert")).to_be_visible()

    desk.go_to("WFM", "Employees")
    desk.open(name)
    desk.press("Reactivate")
    desk.go_to("Account", "Users")
    expect(desk.find(name)).to_have_count(1)
    theirs.sign_in(user["email"], PASSWORD)
    expect(theirs.page.get_by_role("heading", name="My account")).to_be_visible()
    theirs.page.context.close()


def test_who_is_deleted_is_gone_everywhere(desk: Desk, admin: Client, name: str) -> None:
    user = make_user(admin, name)

    desk.go_to("Account", "Users")
    desk.open(name)
    desk.page.get_by_role("link", name="Delete").click()
    window = desk.page.get_by_role("dialog", name=f"Delete Ada {name}?")
    button = window.get_by_role("button", name="Delete")
    if desk.has_scripts:
        expect(button).to_be_disabled()
    window.get_by_label(
        f"I understand that the user record and all scheduling data for Ada {name} will be deleted."
    ).check()
    button.click()

    desk.is_told(f"Ada {name} is deleted.")
    for service in ("accounts", "scheduling", "people"):
        eventually(lambda service=service: admin.sees(service, user["id"]) is None)


def test_the_list_is_exported_in_full_and_as_it_is_filtered(
    desk: Desk, admin: Client, name: str
) -> None:
    make_user(admin, name)
    make_user(admin, f"{name}-2", first_name="Bo")

    def download() -> bytes:
        with desk.page.expect_download() as started:
            desk.page.get_by_role("link", name="Export to CSV").click()
        return started.value.path().read_bytes()

    # Export follows by the bus, too.
    eventually(lambda: len(admin.csv(q=name)) == 3, timeout=20)
    desk.go_to("Account", "Users")
    assert download().decode().split("\r\n")[:-1] == admin.csv()
    expect(desk.find(name)).to_have_count(2)
    if desk.has_scripts:
        expect(desk.page.get_by_role("link", name="Export to CSV")).to_have_attribute(
            "href", re.compile(f"q={name}")
        )
    assert (
        download()
        == (
            "Last name,First name,Email\r\n"
            f"{name},Ada,{name.lower()}@example.org\r\n"
            f"{name}-2,Bo,{name.lower()}-2@example.org\r\n"
        ).encode()
    )


def test_two_factor_is_enforced_and_gone_through_with_an_app(
    desk: Desk, browser: Browser, admin: Client, name: str
) -> None:
    user = make_user(admin, name)
    desk.go_to("Account", "Users")
    desk.open(name)
    desk.press("Enforce two-factor")
    expect(desk.page.get_by_text("To be set up at the next sign-in.")).to_be_visible()

    theirs = at_another_desk(browser, desk)
    page = theirs.page
    theirs.sign_in(user["email"], PASSWORD)
    expect(page.get_by_text("Your organisation asks for a second factor.")).to_be_visible()
    if page.get_by_label("Your password").count():
        page.get_by_label("Your password").fill(PASSWORD)
        theirs.press("Continue")
    seed = page.locator("input[name=secret]").get_attribute("value")
    assert seed
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(seed).now())
    theirs.press("Switch on")
    spare = page.get_by_role("list", name="Recovery codes").get_by_role("listitem").first
    code = spare.inner_text()
    page.get_by_role("link", name="I have kept them").click()
    theirs.sign_out()

    theirs.sign_in(user["email"], PASSWORD)
    page.get_by_label("Code", exact=True).fill(code)
    theirs.press("Sign in")
    expect(page.get_by_role("heading", name="My account")).to_be_visible()
    page.context.close()


def test_a_plugin_that_is_switched_on_shows_its_rule_beside_the_password(
    desk: Desk, admin: Client, name: str
) -> None:
    make_user(admin, name)
    rule = "It has at least 40 characters."
    desk.go_to("Account", "Plugins")
    desk.page.get_by_role("link", name="Password strength").click()
    desk.page.get_by_role("link", name="Switch on").click()
    desk.page.get_by_label("Least length").fill("40")
    desk.press("Switch on")
    desk.is_told("Password strength is switched on")

    desk.go_to("Account", "Users")
    desk.open(name)
    desk.page.get_by_role("link", name="Set new password").click()
    expect(desk.page.get_by_text(rule)).to_be_visible()
    desk.page.get_by_label("New password").fill(NEW_PASSWORD)
    desk.press("Save")
    expect(desk.page.get_by_role("alert")).to_contain_text(rule)
    desk.page.get_by_label("New password").fill(f"{NEW_PASSWORD}, and one more")
    desk.press("Save")
    desk.is_told("The new password is set.")

    desk.go_to("Account", "Plugins")
    desk.page.get_by_role("link", name="Password strength").click()
    desk.page.get_by_role("link", name="Switch off").click()
    desk.page.get_by_role("checkbox").check()
    desk.press("Switch off")
    desk.is_told("Password strength is switched off.")
