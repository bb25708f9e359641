"""Pictures of every page, in both languages, light and dark, on desktop and phone.

`python -m tests.screenshots FOLDER` takes them all from a suite of its own; with `--docs`, the few
that the documentation shows go to docs/images.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.browser import QUICK, chromium
from tests.support.suite import RunningSuite

PAGES: Final = {
    "users": "/account/users",
    "users-roles": "/account/users?window=roles",
    "user": "/account/users/{human}",
    "user-delete": "/account/users/{human}?window=delete",
    "user-new": "/account/users/new",
    "user-password": "/account/users/{human}/password",
    "roles": "/account/roles",
    "role-new": "/account/roles/new",
    "security": "/account/security",
    "organisation": "/account/organisation",
    "plugins": "/account/plugins",
    "plugin": "/account/plugins/password_strength",
    "audit": "/account/audit",
    "imports": "/account/imports",
    "me": "/account/me",
    "me-security": "/account/me/security",
    "me-sessions": "/account/me/sessions",
    "me-tokens": "/account/me/tokens",
    "employees": "/wfm/employees",
    "employee": "/wfm/employees/{human}",
    "catalogues": "/wfm/catalogues",
    "billing": "/wfm/billing",
    "people": "/people/people",
    "person": "/people/people/{human}",
    "export": "/export/",
}
IN_DOCS: Final = ("users", "user", "employee", "audit")
WIDTHS: Final = {"desktop": 1280, "phone": 360}

Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class Reader:
    """Who looks, and at what."""

    suite: RunningSuite
    language: str
    scheme: Scheme
    width: int


@contextmanager
def _signed_in(browser: Browser, reader: Reader) -> Iterator[Page]:
    context = browser.new_context(
        color_scheme=reader.scheme,
        viewport={"width": reader.width, "height": 800},
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(reader.suite.url("account/sign-in"))
    page.locator("[name=tenant]").fill(reader.suite.labelled("Tenant"))
    page.locator("[name=email]").fill(reader.suite.labelled("E-mail"))
    page.locator("[name=password]").fill(reader.suite.labelled("Password"))
    page.locator("main form button.btn-primary").first.click()
    page.locator("details.who").wait_for()
    page.goto(reader.suite.url("account/me"))
    page.locator("[name=language]").select_option(reader.language)
    page.locator("main form button.btn-primary").first.click()
    page.get_by_role("status").wait_for()
    yield page
    context.close()


def _human(page: Page, suite: RunningSuite) -> str:
    page.goto(suite.url("account/users?q=garcía"))
    return str(page.locator("tbody th a").first.get_attribute("href")).rpartition("/")[2]


def take_all(browser: Browser, suite: RunningSuite, folder: Path) -> None:
    """Every page into `folder`, named after page, width, language and scheme."""
    schemes: tuple[Scheme, ...] = ("light", "dark")
    for language in ("en", "de"):
        for scheme in schemes:
            for form, width in WIDTHS.items():
                with _signed_in(browser, Reader(suite, language, scheme, width)) as page:
                    human = _human(page, suite)
                    for name, path in PAGES.items():
                        page.goto(suite.url(path.format(human=human).lstrip("/")))
                        file = folder / f"{name}-{form}-{language}-{scheme}.png"
                        page.screenshot(path=file, full_page=True)


def take_for_docs(browser: Browser, suite: RunningSuite, folder: Path) -> None:
    """What the documentation shows, as much as fits a window."""
    with _signed_in(browser, Reader(suite, "en", "light", 1200)) as page:
        human = _human(page, suite)
        for name in IN_DOCS:
            page.goto(suite.url(PAGES[name].format(human=human).lstrip("/")))
            page.screenshot(path=folder / f"{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("build/screenshots"))
    parser.add_argument("--docs", action="store_true", help="only those in docs/images")
    asked = parser.parse_args()
    folder = Path("docs/images") if asked.docs else asked.folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        suite = RunningSuite(Path(data) / "data", "--port", "0", environ=QUICK)
        browser = chromium(playwright)
        try:
            suite.wait_until_ready()
            (take_for_docs if asked.docs else take_all)(browser, suite, folder)
        finally:
            browser.close()
            suite.end()


if __name__ == "__main__":
    main()
