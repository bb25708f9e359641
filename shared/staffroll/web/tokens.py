"""Access tokens, verified offline with the public keys that accounts published (RFC 8725)."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from staffroll.errors import Unauthenticated
from staffroll.ids import TENANT_PATTERN

ALGORITHM: Final = "Ed25519"
"""EdDSA over Curve25519 under the name that RFC 9864 gives it; nothing else is accepted."""

AUDIENCE: Final = "staffroll"
TYPE: Final = "at+jwt"
"""The ``typ`` of our access tokens (RFC 9068), so that nothing else we sign passes for one."""
LEEWAY_SECONDS: Final = 60

_LOOK_AGAIN_SECONDS: Final = 1.0
_OUTDATED_SECONDS: Final = 60.0


class TokenInvalid(Unauthenticated):
    code = "token_invalid"
    wording = "This access token is not one of ours."


class TokenExpired(Unauthenticated):
    code = "token_expired"
    wording = "This access token has expired. Fetch a new one."


class TokenRevoked(Unauthenticated):
    code = "token_revoked"
    wording = "This session has ended. Sign in again."


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says.

    Attributes:
        generation: The user's token generation when it was issued.
        narrowed_to: The only permissions that the token may be used for, where it was made
            from a personal access token (R42); None: all that the user has.
        session_id: The session it was issued in, if any.
        authenticated_at: When password or code was last entered, seconds since 1970.
        issued_at, expires_at: Seconds since 1970.
    """

    subject: str
    tenant_id: str
    is_admin: bool
    permissions: frozenset[str]
    generation: int
    narrowed_to: frozenset[str] | None = None
    session_id: str | None = None
    authenticated_at: float = 0.0
    issued_at: float = 0.0
    expires_at: float = 0.0


class KeyRing:
    """The public keys, read again when a token names one that is not known yet.

    They are also read again after a minute, so that a key that was taken back is forgotten.

    Args:
        load: Gives the stored keys in JWK form.
    """

    def __init__(self, load: Callable[[], Iterable[dict[str, Any]]]) -> None:
        self._load = load
        self._keys: dict[str, OKPKey] = {}
        self._looked_at = 0.0
        self._lock = threading.Lock()

    def find(self, key_id: str) -> OKPKey:
        """Raises `TokenInvalid` where no such key was published."""
        key = self._keys.get(key_id)
        if key is None or time.monotonic() - self._looked_at > _OUTDATED_SECONDS:
            self._look_again()
            key = self._keys.get(key_id)
        if key is None:
            raise TokenInvalid
        return key

    def _look_again(self) -> None:
        with self._lock:
            is_recent = time.monotonic() - self._looked_at < _LOOK_AGAIN_SECONDS
            if self._keys and is_recent:
                return
            keys = [OKPKey.import_key(key) for key in self._load()]
            self._keys = {str(key.kid): key for key in keys}
            self._looked_at = time.monotonic()


def verify(token: str, ring: KeyRing) -> Claims:
    """The claims of a token that one of our keys signed and that is still good.

    Raises:
        TokenInvalid: Wrong form, algorithm, key, signature, audience or claims.
        TokenExpired: It was ours, once.
    """
    try:
        decoded = jwt.decode(
            token, lambda guest: ring.find(str(guest.headers().get("kid"))), algorithms=[ALGORITHM]
        )
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise TokenInvalid from error
    if decoded.header.get("typ") != TYPE:
        raise TokenInvalid
    claims = decoded.claims
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or not math.isfinite(expires):
        raise TokenInvalid
    if claims.get("aud") != AUDIENCE:
        raise TokenInvalid
    if expires + LEEWAY_SECONDS < time.time():
        raise TokenExpired
    return _claims(claims)


def _claims(claims: dict[str, Any]) -> Claims:
    subject, tenant_id, generation = claims.get("sub"), claims.get("tid"), claims.get("gen")
    permissions = claims.get("perms")
    if not (
        isinstance(subject, str)
        and isinstance(tenant_id, str)
        and TENANT_PATTERN.match(tenant_id)
        and isinstance(generation, int)
        and isinstance(permissions, list)
    ):
        raise TokenInvalid
    return Claims(
        subject=subject,
        tenant_id=tenant_id,
        is_admin=claims.get("adm") is True,
        permissions=frozenset(map(str, permissions)),
        generation=generation,
        narrowed_to=_narrowed(claims.get("scope")),
        session_id=claims.get("sid") if isinstance(claims.get("sid"), str) else None,
        authenticated_at=_moment(claims.get("auth_time")),
        issued_at=_moment(claims.get("iat")),
        expires_at=_moment(claims.get("exp")),
    )


def _narrowed(scope: object) -> frozenset[str] | None:
    if scope is None:
        return None
    if not isinstance(scope, str):
        raise TokenInvalid
    return frozenset(scope.split())


def _moment(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
