"""How often somebody may try (R23): per address and per account, counted in a moving window."""

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

MAILS: Final = 5
MAILS_SECONDS: Final = 900
"""So many links in so long a time: each voids the one before, and whoever asks for ever more of
them for somebody else must leave one that can be used."""


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

    def check_mails(self, kind: str, account: tuple[str, str]) -> None:
        """Count a mail that is asked for, to tenant and e-mail, whether there is such an account
        or not.

        Raises:
            TooMany: More would come than its owner can follow.
        """
        if self._by_account > 0:
            self._take([Limit(f"{kind}/mails/{_digest(*account)}", MAILS)], MAILS_SECONDS)

    def check_of(self, kind: str, tenant_id: str, most: int) -> None:
        """Count what somebody who is signed in does, whoever of the tenant.

        Args:
            most: Within the window.
        Raises:
            TooMany: Too often.
        """
        self._take([Limit(f"{kind}/tenant/{tenant_id}", most)])

    def _take(self, limits: Sequence[Limit], seconds: int = WINDOW_SECONDS) -> None:
        wait = self._window.seconds_until_free(limits, seconds) if limits else None
        if wait is not None:
            raise TooMany(max(1, math.ceil(wait)))


def _digest(tenant_id: str, email: str) -> str:
    return hashlib.sha256(f"{tenant_id}\n{email_key(email)}".encode()).hexdigest()
