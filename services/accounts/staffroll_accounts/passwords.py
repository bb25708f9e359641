"""Password hashes: Argon2id, a bounded number at a time (R33)."""

from __future__ import annotations

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from staffroll_accounts.settings import AccountsSettings


class Passwords:
    """Hashes and verifies; argon2 runs outside the interpreter's lock, so others go on."""

    def __init__(self, settings: AccountsSettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_time_cost,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
        )
        self._at_once = threading.BoundedSemaphore(settings.hashes_at_once)
        self._decoy = self.hash("a password that nobody has")

    def hash(self, password: str) -> str:
        with self._at_once:
            return self._hasher.hash(_normal(password))

    def verify(self, password: str, hashed: str | None) -> bool:
        """Whether they belong together; costs one hash even where there is nothing to compare
        with, so that time tells a stranger nothing (R22)."""
        with self._at_once:
            try:
                self._hasher.verify(hashed or self._decoy, _normal(password))
            except (VerificationError, InvalidHashError):
                return False
        return bool(hashed)


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)
