"""Where a suite's services stand, and how they are told."""

from __future__ import annotations

from staffroll.local.layout import Layout


def test_everybody_is_told_where_services_are_and_where_links_lead() -> None:
    layout = Layout((), {"accounts": "http://127.0.0.1:8000/account"}, "http://127.0.0.1:8000/")

    assert layout.settings() == {
        "STAFFROLL_URL_ACCOUNTS": "http://127.0.0.1:8000/account",
        "STAFFROLL_PUBLIC_URL_ACCOUNTS": "http://127.0.0.1:8000/account",
    }
