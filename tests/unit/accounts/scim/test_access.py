"""R23: tokens that are not good are counted by the address they come from."""

from __future__ import annotations

from typing import Any, cast

import pytest
from flask import Flask

from staffroll.errors import TooMany
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.domain.errors import AccessTokenRefused
from staffroll_accounts.scim.access import Access
from staffroll_accounts.settings import AccountsSettings


class Full:
    """A window that has room for so many."""

    def __init__(self, room: int) -> None:
        self.room = room

    def seconds_until_free(self, limits: Any, seconds: int) -> float | None:
        assert [limit.key for limit in limits] == ["scim/address/192.0.2.1"]
        self.room -= 1
        return None if self.room >= 0 else seconds


class Settings:
    tries_per_address = 2
    tries_per_account = 2


def test_r23_too_many_tokens_that_are_not_good_are_refused_as_too_many() -> None:
    limiter = Limiter(cast(AccountsSettings, Settings()), Full(2))
    view = Access(lambda _: pytest.fail("nobody's tenant is asked"), limiter).needs()(
        lambda **_: pytest.fail("nobody is let in")
    )

    def ask() -> None:
        header = {"Authorization": "Bearer srp_what"}
        environ = {"REMOTE_ADDR": "192.0.2.1"}
        with Flask("x").test_request_context(headers=header, environ_overrides=environ):
            view()

    for _ in range(2):
        with pytest.raises(AccessTokenRefused):
            ask()
    with pytest.raises(TooMany):
        ask()
