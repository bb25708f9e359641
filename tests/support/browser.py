"""The system's Chromium, driven as a person would; nothing is fetched from outside."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.support.waiting import eventually

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=30_000)

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
"""Tags of axe's rules."""

QUICK = {
    "STAFFROLL_ARGON2_TIME_COST": "1",
    "STAFFROLL_ARGON2_MEMORY_KIB": "8",
    "STAFFROLL_TRIES_PER_ADDRESS": "0",
    "STAFFROLL_TRIES_PER_ACCOUNT": "0",
}
"""Settings of a suite whose tests sign in again and again."""


def chromium(playwright: Playwright) -> Browser:
    """The system's, started."""
    program = shutil.which("chromium")
    assert program, "Chromium is missing: apt-get install chromium"
    return playwright.chromium.launch(executable_path=program, args=FLAGS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = chromium(playwright)
        try:
            yield running
        finally:
            running.close()


def _is_asked_for(complaint: str) -> bool:
    return re.search(r"responded with a status of (401|403|404|422) ", complaint) is not None


PHONE: Final[ViewportSize] = {"width": 360, "height": 740}
"""As narrow as what must fit."""


def as_dark_phone(page: Page) -> None:
    """Show the page on a narrow screen, to somebody who likes it dark."""
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")


@contextmanager
def _uncomplaining(context: BrowserContext) -> Iterator[Page]:
    """A fresh page; whatever it complains about on its console fails the test, but for answers
    that a test asks for: 401, 403, 404, and 422, with which a page says what is wrong in a form.
    """
    complaints: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console",
        lambda message: (
            complaints.append(message.text)
            if message.type == "error" and not _is_asked_for(message.text)
            else None
        ),
    )
    yield opened
    context.close()
    assert complaints == []


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page that may not complain."""
    with _uncomplaining(browser.new_context()) as opened:
        yield opened


@pytest.fixture
def plain_page(browser: Browser) -> Iterator[Page]:
    """The same in a browser that runs no scripts."""
    with _uncomplaining(browser.new_context(java_script_enabled=False)) as opened:
        yield opened


@dataclass(frozen=True)
class AtHome:
    """The suite that a module of page tests runs on, and its demo tenant's admin.

    Attributes:
        url: Without a slash at the end.
        mail: The folder that mail is written to.
    """

    url: str
    tenant: str
    email: str
    password: str = field(repr=False)
    mail: Path

    def sign_in(self, page: Page, path: str = "/account/") -> None:
        """Sign in as the admin, wherever that leads."""
        page.goto(f"{self.url}{path}")
        self.fill_in(page, self.email, self.password)

    def wait_until_in_step(self) -> None:
        """Until every place knows the same humans."""
        typed = {"tenant": self.tenant, "email": self.email, "password": self.password}
        signed_in = requests.post(f"{self.url}/account/v1/sign-in", json=typed, timeout=40)
        header = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}

        def digest(mount: str) -> object:
            digests = f"{self.url}/{mount}/v1/digest?owner=accounts"
            return requests.get(digests, headers=header, timeout=40).json()["buckets"]

        eventually(lambda: digest("account") == digest("wfm") == digest("people"), timeout=30)

    def fill_in(self, page: Page, email: str, password: str) -> None:
        """Fill in the page that asks who signs in."""
        page.get_by_label("Organisation").fill(self.tenant)
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()


def check_accessible(page: Page, *, only: Sequence[str] = WCAG) -> None:
    """Fails with what axe finds against WCAG 2.2 A and AA, and with what is wider than the page.

    Args:
        only: Tags or names of axe's rules, for a page that was looked at in another theme.
    """
    page.wait_for_load_state()
    # Telling of what is well takes as long as looking.
    found = Axe().run(page, options={"runOnly": list(only), "resultTypes": ["violations"]})
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1], f"{page.url} is {widths[0]} px wide, the window {widths[1]}"
