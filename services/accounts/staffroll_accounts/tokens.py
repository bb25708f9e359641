"""Tokens as accounts issues them: access tokens (RFC 9068), which siblings verify offline, and
refresh tokens."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from joserfc import jwt

from staffroll.ids import new_id
from staffroll.web.tokens import ALGORITHM, AUDIENCE, TYPE
from staffroll_accounts.domain.sessions import Lifetime
from staffroll_accounts.refresh_tokens import RefreshTokens
from staffroll_accounts.store import Keys, SigningKey

_LOOK_AGAIN_SECONDS: Final = 5.0


class Issuer:
    """Signs access tokens with the newest key that was published long enough.

    Whether there is a newer one is asked every few seconds.
    """

    def __init__(self, keys: Keys, good_for_seconds: int) -> None:
        self._keys = keys
        self._lock = threading.Lock()
        self._known: SigningKey | None = None
        self._looked_at = 0.0
        self.good_for_seconds = good_for_seconds

    def issue(
        self,
        *,
        subject: str,
        tenant_id: str,
        is_admin: bool,
        permissions: Iterable[str],
        generation: int,
        narrowed_to: Iterable[str] | None = None,
        session_id: str | None = None,
        authenticated_at: datetime | None = None,
    ) -> str:
        """A signed access token.

        Args:
            narrowed_to: The only permissions it may be used for; None: all of the user's.
            session_id: The session it belongs to; None for commands and scripts.
            authenticated_at: When password or code was entered last in that session.
        """
        now = int(time.time())
        claims: dict[str, Any] = {
            "sub": subject,
            "tid": tenant_id,
            "adm": is_admin,
            "perms": sorted(permissions),
            "gen": generation,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + self.good_for_seconds,
            "jti": new_id(),
        }
        if narrowed_to is not None:
            claims["scope"] = " ".join(sorted(narrowed_to))
        if session_id is not None:
            claims["sid"] = session_id
        if authenticated_at is not None:
            claims["auth_time"] = int(authenticated_at.timestamp())
        signing = self._signing()
        header = {"alg": ALGORITHM, "kid": signing.id, "typ": TYPE}
        return jwt.encode(header, claims, signing.key, algorithms=[ALGORITHM])

    def _signing(self) -> SigningKey:
        with self._lock:
            is_recent = time.monotonic() - self._looked_at < _LOOK_AGAIN_SECONDS
            if self._known is None or not is_recent:
                self._known = self._keys.signing()
                self._looked_at = time.monotonic()
            return self._known


@dataclass(frozen=True, slots=True)
class Tokens:
    """What sessions are issued with."""

    issuer: Issuer
    refresh: RefreshTokens
    lifetime: Lifetime
