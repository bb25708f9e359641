"""How often somebody may try (R23): per address and per account, counted in a moving minute."""

from __future__ import annotations

import hashlib
import math
from typing import Final, Protocol

from staffroll.errors import TooMany
from staffroll.search import email_key
from staffroll_accounts.settings import AccountsSettings

WINDOW_SECONDS: Final = 60


class Window(Protocol):
    """Counts what happened lately, together with all other processes."""

    def seconds_until_free(self, key: str, most: int, seconds: int) -> float | None:
        """None where there was room, which is now taken; else when there will be."""


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
        if address is not None:
            self._take(f"{kind}/address/{address}", self._by_address)
        if account is not None:
            self._take(f"{kind}/account/{_digest(*account)}", self._by_account)

    def _take(self, key: str, most: int) -> None:
        if most <= 0:
            return
        wait = self._window.seconds_until_free(key, most, WINDOW_SECONDS)
        if wait is not None:
            raise TooMany(max(1, math.ceil(wait)))


def _digest(tenant_id: str, email: str) -> str:
    return hashlib.sha256(f"{tenant_id}\n{email_key(email)}".encode()).hexdigest()
