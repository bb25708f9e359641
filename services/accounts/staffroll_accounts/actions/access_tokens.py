"""Personal access tokens, and the short access tokens they are exchanged for (R42).

::

    srp_<tenant>.<id>.<random>        shown once; of it, only a hash is kept
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from staffroll.errors import Stale, Unavailable
from staffroll.ids import TENANT_PATTERN, new_id
from staffroll.scope import Actor
from staffroll.standing import limits_of
from staffroll_accounts.actions import AccountsScope, two_factor
from staffroll_accounts.actions.changing import change
from staffroll_accounts.actions.sessions import SignedIn
from staffroll_accounts.domain import access_tokens as rules
from staffroll_accounts.domain.errors import AccessTokenRefused
from staffroll_accounts.domain.roles import grant_of, permissions_of
from staffroll_accounts.domain.security import AccessToken
from staffroll_accounts.domain.users import SOURCE, Decision, User
from staffroll_accounts.tokens import Issuer

_RANDOM_BYTES: Final = 32
_TRIES: Final = 10
_FORM: Final = re.compile(r"srp_([^.]{1,40})\.([0-9a-f-]{36})\.[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class NewAccessToken:
    """A token that was just made, with its only appearance in plain text."""

    kept: AccessToken
    token: str = field(repr=False)


def find_all(scope: AccountsScope) -> list[AccessToken]:
    """The actor's tokens that are good, the newest first.

    Raises:
        NotFound: There is no such user.
    """
    user = scope.store.users.get(scope.actor.id)
    good = (token for token in user.access_tokens if rules.is_good(token, user, scope.now))
    return sorted(good, key=lambda token: token.id, reverse=True)


def create(
    name: str, scopes: Sequence[str], expires_at: datetime, scope: AccountsScope
) -> NewAccessToken:
    """A token of the actor that may be used for `scopes` until `expires_at`.

    Raises:
        ScopeNotYours, ExpiryInvalid, TooManyAccessTokens: See `domain.access_tokens`.
        NotFound, Unavailable.
    """
    id_ = new_id()
    token = f"srp_{scope.tenant_id}.{id_}.{secrets.token_urlsafe(_RANDOM_BYTES)}"
    made: list[AccessToken] = []

    def decide(user: User) -> Decision:
        kept = AccessToken(
            id=id_,
            name=name,
            scopes=tuple(sorted(set(scopes))),
            hash=_hash(token),
            epoch=user.security.session_epoch,
            created_at=scope.now,
            expires_at=expires_at,
        )
        made[:] = [kept]
        return rules.create(user, kept, scope.actor, scope.cause(SOURCE))

    change(scope.actor.id, scope, decide)
    return NewAccessToken(made[0], token)


def revoke(token_id: str, scope: AccountsScope) -> None:
    """One of the actor's tokens is void, and every access token made from it, everywhere.

    Raises:
        NotFound, Unavailable.
    """
    cause = scope.cause(SOURCE)
    change(scope.actor.id, scope, lambda user: rules.revoke(user, token_id, cause))


def tenant_of(token: str) -> str:
    """The tenant whose scope `exchange` needs.

    Raises:
        AccessTokenRefused: It is no personal access token.
    """
    return _read(token)[0]


def exchange(token: str, scope: AccountsScope, issuer: Issuer) -> SignedIn:
    """A short access token that may be used for the scopes of the personal one, as far as its
    owner still has them; it has no admin access.

    Args:
        scope: Of the tenant that `tenant_of` names; nobody is signed in.
    Raises:
        AccessTokenRefused: For whatever reason.
        Unavailable: Too many change the user at this very moment.
    """
    used = _use(token, scope)
    signed = issuer.issue(
        subject=used.actor.id,
        tenant_id=scope.tenant_id,
        is_admin=False,
        permissions=used.actor.permissions,
        generation=used.generation,
        narrowed_to=used.scopes,
    )
    return SignedIn(access_token=signed, expires_in=issuer.good_for_seconds)


def authenticate(token: str, scope: AccountsScope) -> Actor:
    """Whoever the token belongs to, with what they may by it: its scopes, as far as they still
    have them, and no admin access.

    Args:
        scope: As in `exchange`.
    Raises:
        AccessTokenRefused, Unavailable: As in `exchange`.
    """
    return _use(token, scope).actor


@dataclass(frozen=True, slots=True)
class _Used:
    actor: Actor
    scopes: tuple[str, ...]
    generation: int


def _use(token: str, scope: AccountsScope) -> _Used:
    _, token_id = _read(token)
    for _ in range(_TRIES):
        try:
            return _use_once(token_id, _hash(token), scope)
        except Stale:
            continue
    raise Unavailable


def _use_once(token_id: str, hash_: str, scope: AccountsScope) -> _Used:
    tenant = scope.store.tenants.find()
    user = scope.store.users.find_by_access_token(token_id)
    if tenant is None or tenant.status != "active" or user is None:
        raise AccessTokenRefused
    cause = replace(scope, actor=Actor(user.id)).cause(SOURCE)
    token, decision = rules.use(user, token_id, hash_, cause)
    if two_factor.after_password(user, tenant, None, scope)[0] == "must_set_up":
        # Before anything else, scripts included (R41).
        raise AccessTokenRefused
    user = scope.store.users.save(decision, user, scope.now)
    roles = [] if user.is_admin else scope.store.roles.some(user.roles)
    had = frozenset(token.scopes) if user.is_admin else permissions_of(roles)
    actor = Actor(user.id, had.intersection(token.scopes), limits=limits_of(map(grant_of, roles)))
    return _Used(actor, token.scopes, user.token_generation)


def _read(token: str) -> tuple[str, str]:
    found = _FORM.fullmatch(token)
    if found is None or not TENANT_PATTERN.match(found[1]):
        raise AccessTokenRefused
    return found[1], found[2]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
