"""What a browser shows: what runs here, and pages to try each API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.suite import RunningSuite

SERVICES = {"account": "/v1/users", "wfm": "/v1/employees", "people": "/v1/people"}

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    suite = RunningSuite(tmp_path_factory.mktemp("pages") / "data", "--port", "0", "--no-demo")
    try:
        suite.wait_until_ready()
        yield suite.url("")
    finally:
        suite.end()


def test_the_first_page_says_what_runs_here_and_links_to_each_api(page: Page, home: str) -> None:
    page.goto(home)

    expect(page.get_by_role("heading", name="Staffroll")).to_be_visible()
    links = page.get_by_role("link", name="try its API")
    assert [link.get_attribute("href") for link in links.all()] == [
        "/account/api",
        "/wfm/api",
        "/people/api",
        "/export/api",
    ]


@pytest.mark.parametrize("mount", SERVICES)
def test_each_api_can_be_tried_in_the_browser(page: Page, home: str, mount: str) -> None:
    page.goto(f"{home}{mount}/api")

    expect(page.get_by_text(SERVICES[mount], exact=True).first).to_be_visible()


def test_a_request_tried_on_the_page_is_answered_by_the_service(page: Page, home: str) -> None:
    page.goto(f"{home}people/api")

    page.locator(".opblock-get", has_text="/v1/people").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()

    expect(page.locator(".live-responses-table")).to_contain_text("unauthenticated")
