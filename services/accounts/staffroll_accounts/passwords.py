"""Password hashes: Argon2id, a bounded number at a time (R33)."""

from __future__ import annotations

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from staffroll_accounts.domain.errors import TooBusy
from staffroll_accounts.settings import AccountsSettings


class Passwords:
    """Hashes and verifies; argon2 runs outside the interpreter's lock, so others go on."""

    def __init__(self, settings: AccountsSettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_time_cost,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
        )
        self._turns = _Turns(settings.hashes_at_once, settings.hashes_waiting)
        self._decoy = self.hash("a password that nobody has")

    def hash(self, password: str) -> str:
        """Raises `TooBusy`."""
        with self._turns:
            return self._hasher.hash(_normal(password))

    def needs_rehash(self, hashed: str) -> bool:
        """Whether it was made with other parameters than those that are set now (R33)."""
        try:
            return self._hasher.check_needs_rehash(hashed)
        except InvalidHashError:
            return False

    def verify(self, password: str, hashed: str | None) -> bool:
        """Whether they belong together; costs one hash even where there is nothing to compare
        with, so that time tells a stranger nothing (R22).

        Raises:
            TooBusy: Too many wait for their turn already.
        """
        with self._turns:
            try:
                self._hasher.verify(hashed or self._decoy, _normal(password))
            except (VerificationError, InvalidHashError):
                return False
        return bool(hashed)


class _Turns:
    """So many at once, so many more in the queue; whoever comes then is refused."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._at_once = threading.BoundedSemaphore(at_once)
        self._admitted = threading.BoundedSemaphore(at_once + waiting)

    def __enter__(self) -> None:
        if not self._admitted.acquire(blocking=False):
            raise TooBusy(retry_after_seconds=1)
        self._at_once.acquire()

    def __exit__(self, *_: object) -> None:
        self._at_once.release()
        self._admitted.release()


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)
