"""Access tokens as accounts issues them (RFC 9068); siblings verify them offline."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cached_property

from joserfc import jwt

from staffroll.ids import new_id
from staffroll.web.tokens import ALGORITHM, AUDIENCE
from staffroll_accounts.store import Keys, SigningKey


class Issuer:
    """Signs tokens with the newest key."""

    def __init__(self, keys: Keys, good_for_seconds: int) -> None:
        self._keys = keys
        self.good_for_seconds = good_for_seconds

    @cached_property
    def _signing(self) -> SigningKey:
        return self._keys.signing()

    def prepare(self) -> None:
        """Make the first key if there is none, so that siblings hear of it early."""
        _ = self._signing

    def issue(
        self,
        *,
        subject: str,
        tenant_id: str,
        is_admin: bool,
        permissions: Iterable[str],
        generation: int,
    ) -> str:
        now = int(time.time())
        claims = {
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
        header = {"alg": ALGORITHM, "kid": self._signing.id, "typ": "at+jwt"}
        return jwt.encode(header, claims, self._signing.key, algorithms=[ALGORITHM])
