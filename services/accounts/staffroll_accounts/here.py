"""What a process of accounts has at hand, made from its runtime."""

from __future__ import annotations

from functools import lru_cache
from typing import cast

from cryptography.fernet import MultiFernet

from staffroll.runtime import Runtime
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.settings import AccountsSettings
from staffroll_accounts.store import Keys, Store, cipher


def settings_of(runtime: Runtime) -> AccountsSettings:
    return cast(AccountsSettings, runtime.settings)


@lru_cache(maxsize=8)
def _cipher(secret: str) -> MultiFernet:
    return cipher(secret)


def at_rest_of(runtime: Runtime) -> MultiFernet:
    """Encrypts what must be readable again: signing keys, seeds, mail that waits."""
    return _cipher(settings_of(runtime).secret_key)


def store_of(runtime: Runtime, tenant_id: str) -> Store:
    """What one tenant has in accounts."""
    return Store(runtime.tenant(tenant_id), runtime.outbox, at_rest_of(runtime))


def keys_of(runtime: Runtime) -> Keys:
    """The platform's signing keys."""
    return Keys(runtime.platform, runtime.outbox, at_rest_of(runtime))


def passwords_of(runtime: Runtime) -> Passwords:
    return Passwords(settings_of(runtime))
