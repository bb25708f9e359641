"""Refresh tokens: ``<tenant>.<session id>.<counter>.<HMAC>``, nothing of which is stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from staffroll.ids import TENANT_PATTERN, UUID_PATTERN
from staffroll_accounts.domain.errors import RefreshTokenInvalid

_PARTS: Final = 4
_COUNTER_MAX_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class RefreshClaim:
    """What a genuine refresh token says."""

    tenant_id: str
    session_id: str
    counter: int


class RefreshTokens:
    """Signs with the first of the comma-separated secrets, verifies with any."""

    def __init__(self, secret: str) -> None:
        self._keys = [_derive(part.strip()) for part in secret.split(",")]

    def sign(self, tenant_id: str, session_id: str, counter: int) -> str:
        said = f"{tenant_id}.{session_id}.{counter}"
        return f"{said}.{_mac(self._keys[0], said)}"

    def read(self, token: str) -> RefreshClaim:
        """Raises `RefreshTokenInvalid` unless the token is one of ours."""
        said, _, mac = token.rpartition(".")
        # Every key is tried, whichever fits, and text is compared in constant time.
        fits = [hmac.compare_digest(_mac(key, said).encode(), mac.encode()) for key in self._keys]
        parts = said.split(".")
        if not any(fits) or len(parts) != _PARTS - 1:
            raise RefreshTokenInvalid
        tenant_id, session_id, counter = parts
        if not (
            TENANT_PATTERN.match(tenant_id)
            and UUID_PATTERN.match(session_id)
            and counter.isdigit()
            and len(counter) <= _COUNTER_MAX_DIGITS
        ):
            raise RefreshTokenInvalid
        return RefreshClaim(tenant_id, session_id, int(counter))


def _derive(secret: str) -> bytes:
    hkdf = HKDF(hashes.SHA256(), length=32, salt=None, info=b"staffroll refresh tokens")
    return hkdf.derive(secret.encode())


def _mac(key: bytes, said: str) -> str:
    digest = hmac.new(key, said.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
