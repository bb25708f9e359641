"""Where a person begins to look around."""

from __future__ import annotations

import pytest

from staffroll.local import layout, ports
from staffroll.local.layout import Layout
from staffroll.service import installed


@pytest.fixture(autouse=True)
def _free_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "claim", lambda port, _option: port)


def test_together_there_is_a_page_that_lists_the_services() -> None:
    home = layout.together(list(installed().values()), 8000).home

    assert home == "http://127.0.0.1:8000/"


def test_people_begin_where_they_sign_in_or_at_the_page_to_try_the_only_api() -> None:
    services = list(installed().values())
    people = [service for service in services if service.name == "people"]

    assert layout.apart(services, None).home == "http://127.0.0.1:8101/"
    assert layout.together(people, 8000).home == "http://127.0.0.1:8000/api"


def test_everybody_is_told_where_services_are_and_where_links_lead() -> None:
    layout = Layout((), {"accounts": "http://127.0.0.1:8000/account"}, "http://127.0.0.1:8000/")

    assert layout.settings() == {
        "STAFFROLL_URL_ACCOUNTS": "http://127.0.0.1:8000/account",
        "STAFFROLL_PUBLIC_URL_ACCOUNTS": "http://127.0.0.1:8000/account",
    }
