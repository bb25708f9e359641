"""Changing the keys that sign tokens and the secret that encrypts (RFC 8725, section 3.10)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from staffroll.web.tokens import LEEWAY_SECONDS
from staffroll_accounts.store import Keys

_MARGIN: Final = timedelta(minutes=1)
"""For processes that have not looked for a newer key yet, and for clocks that differ."""


def drop_old(keys: Keys, longest_token: timedelta, now: datetime) -> None:
    """Publish no longer what no good token can be signed with."""
    keys.drop_replaced_before(now - longest_token - timedelta(seconds=LEEWAY_SECONDS) - _MARGIN)
