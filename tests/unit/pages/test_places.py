"""Links between the services, and who may be sent where."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from staffroll.service import installed
from staffroll.settings import ServiceSettings
from staffroll.web.pages.places import MOUNTS, PORTS, Places


def places(service: str = "people", **settings: Any) -> Places:
    return Places(service, ServiceSettings(mongodb_uri="mongodb://nowhere/", **settings))


ONE_ORIGIN = {
    "public_url_accounts": "https://hr.example/account",
    "public_url_people": "https://hr.example/people",
}
SUBDOMAINS = {
    "public_url_accounts": "https://accounts.hr.example",
    "public_url_people": "https://people.hr.example",
}


def test_mounts_and_ports_are_those_of_the_installed_services() -> None:
    services = installed()

    assert {name: one.mount for name, one in services.items()} == MOUNTS
    assert {name: one.port for name, one in services.items()} == PORTS


@pytest.mark.parametrize(
    ("settings", "at", "expected"),
    [
        ({}, {"path": "/people"}, "/account"),
        ({}, {"path": "", "host": "staff.local:8103"}, "http://staff.local:8101"),
        (ONE_ORIGIN, {"path": "/people"}, "/account"),
        (SUBDOMAINS, {"path": ""}, "https://accounts.hr.example"),
    ],
)
def test_a_sibling_is_found_beside_this_service_unless_settings_say_where(
    settings: dict[str, str], at: dict[str, str], expected: str
) -> None:
    found = places(**settings)

    with request_to(at.get("host", "hr.example"), at["path"]):
        assert found.url("accounts") == expected
        assert found.url("people") == at["path"]


def request_to(host: str, mount: str) -> Any:
    app = Flask("test", static_folder=None)
    return app.test_request_context(
        "/things?q=a%26b", base_url=f"http://{host}{mount}", environ_overrides={"HTTP_HOST": host}
    )


def test_the_way_back_is_a_path_on_one_origin_and_whole_otherwise() -> None:
    with request_to("hr.example", "/people"):
        assert places(**ONE_ORIGIN).here() == "/people/things?q=a%26b"
    with request_to("people.hr.example", ""):
        assert places(**SUBDOMAINS).here() == "https://people.hr.example/things?q=a%26b"


@pytest.mark.parametrize(
    "good", ["/people/things?q=1", "https://accounts.hr.example/users", "https://people.hr.example"]
)
def test_people_are_sent_to_our_own_services(good: str) -> None:
    with request_to("accounts.hr.example", ""):
        assert places("accounts", **SUBDOMAINS).safe(good) == good


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "\n//evil.example",
        "https://evil.example/",
        "https://people.hr.example.evil.example/",
        "https://people.hr.example@evil.example/",
        "http://people.hr.example/",
        "https://people.hr.example:444/",
        "javascript:alert(1)",
        "data:text/html,x",
        "people",
        "https:people.hr.example",
        "https:///evil.example",
        "https://[evil",
    ],
)
def test_nobody_is_sent_anywhere_else(bad: str | None) -> None:
    with request_to("accounts.hr.example", ""):
        assert places("accounts", **SUBDOMAINS).safe(bad) is None
