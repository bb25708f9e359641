"""What the pages of accounts are made with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.fernet import MultiFernet

from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.tokens import Tokens


@dataclass(frozen=True, slots=True)
class AtHand:
    """What the pages of accounts are made with.

    Attributes:
        anonymous: The scope of a tenant for somebody who is not signed in yet.
        at_rest: Encrypts what a page carries to the next one, but must not show.
    """

    anonymous: Callable[[str], AccountsScope]
    passwords: Passwords
    tokens: Tokens
    limiter: Limiter
    at_rest: MultiFernet
