"""Signing in over HTTP with a second factor: a password, and an authenticator app."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pyotp
import pytest

from staffroll import clock
from tests.support.accounts import PASSWORD, Answer, Tenant


class Later:
    """Time as accounts sees it; `pass_by` lets some go by.

    Access tokens are judged by the real time, so that they stay good.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real = clock.now
        self._ahead = timedelta()
        monkeypatch.setattr(clock, "now", lambda: self._real() + self._ahead)

    def pass_by(self, **duration: float) -> None:
        self._ahead += timedelta(**duration)

    def code(self, seed: str, **ahead: float) -> str:
        """What an app shows now, or so much later."""
        return str(pyotp.TOTP(seed).at(clock.now() + timedelta(**ahead)))

    def fresh_code(self, seed: str) -> str:
        """A code that was not shown before."""
        self.pass_by(seconds=30)
        return self.code(seed)


class Stopped(Later):
    """Time that stands still until `pass_by`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        began_at = clock.now()
        super().__init__(monkeypatch)
        self._real = lambda: began_at


@dataclass(frozen=True)
class Factor:
    """What somebody has who set up a second factor."""

    seed: str = field(repr=False)
    recovery_codes: list[str]


def sign_in(tenant: Tenant, email: str, otp: str | None = None, **changes: Any) -> Answer:
    body = {"tenant": tenant.id, "email": email, "password": PASSWORD, **changes}
    return tenant.post("/v1/sign-in", body if otp is None else {**body, "otp": otp}, token=None)


def token_of(tenant: Tenant, email: str, otp: str | None = None) -> str:
    """The access token of who signs in."""
    response = sign_in(tenant, email, otp)
    assert response.status_code == 200, response.json
    token: str = response.json["access_token"]
    return token


def set_up(tenant: Tenant, token: str, later: Later) -> Factor:
    """The second factor of the token's user is on."""
    begun = tenant.post("/v1/me/two-factor", {"password": PASSWORD}, token=token)
    assert begun.status_code == 200, begun.json
    seed = begun.json["secret"]
    code = later.fresh_code(seed)
    confirmed = put(tenant, "/v1/me/two-factor", {"code": code}, token)
    assert confirmed.status_code == 200, confirmed.json
    return Factor(seed, confirmed.json["recovery_codes"])


def put(tenant: Tenant, path: str, json: Any, token: str | None) -> Answer:
    return tenant.accounts.send("PUT", path, token, json=json)


def delete(tenant: Tenant, path: str, token: str | None, json: Any = None) -> Answer:
    return tenant.accounts.send("DELETE", path, token, json=json)
