"""Where accounts begins: with what the reader came for, most likely."""

from __future__ import annotations

from flask import Response

from staffroll.web.pages import PageGroup, go
from staffroll_accounts.actions import AccountsScope


def home() -> PageGroup:
    """The page at the root."""
    bp = PageGroup("home_pages", __name__)

    @bp.get("/")
    @bp.needs_sign_in()
    def begin(scope: AccountsScope) -> Response:
        if scope.actor.may("accounts.users:read"):
            return go("user_pages.show_list")
        return go("account_pages.show")

    return bp
