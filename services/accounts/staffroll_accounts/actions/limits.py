"""How often somebody may try (R23): per address and per account, counted in a moving minute."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Final, Protocol

from staffroll.errors import TooMany
from staffroll.mongo.limiting import Limit, network_of
from staffroll.search import email_key
from staffroll_accounts.settings import AccountsSettings

WINDOW_SECONDS: Final = 60


class Window(Protocol):
    """Counts what happened lately, together with all other processes."""

    def seconds_until_free(self, limits: Sequence[Limit], seconds: int) -> float | None:
        """None where there was room for all, which is now taken; else when there will be."""


class Limiter:
    """Refuses who tries too often, before anything dear is done."""

    def __init__(self, settings: AccountsSettings, window: Window) -> None:
        self._window = window
        self._by_address = settings.tries_per_address
        self._by_account = settings.tries_per_account

    def check(self, kind: str, address: str | None, account: tuple[str, str] | None = None) -> None:
        """Count one try.

        Args:
            kind: What is tried, such as ``sign-in``; each kind is counted apart.
            address: Where from.
            account: Tenant and e-mail, whether there is such an account or not.
        Raises:
            TooMany: Too often; this try does not count for the account.
        """
        limits = []
        if address is not None:
            limits.append(Limit(f"{kind}/address/{network_of(address)}", self._by_address))
        if account is not None:
            limits.append(Limit(f"{kind}/account/{_digest(*account)}", self._by_account))
        self._take([limit for limit in limits if limit.most > 0])

    def check_of(self, kind: str, tenant_id: str, most: int) -> None:
        """Count what somebody who is signed in does, whoever of the tenant.

        Args:
            most: Within the window.
        Raises:
            TooMany: Too often.
        """
        self._take([Limit(f"{kind}/tenant/{tenant_id}", most)])

    def _take(self, limits: Sequence[Limit]) -> None:
        wait = self._window.seconds_until_free(limits, WINDOW_SECONDS) if limits else None
        if wait is not None:
            raise TooMany(max(1, math.ceil(wait)))


def _digest(tenant_id: str, email: str) -> str:
    return hashlib.sha256(f"{tenant_id}\n{email_key(email)}".encode()).hexdigest()
