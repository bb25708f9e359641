"""Personal access tokens: made, used for a short access token, revoked (R42)."""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from staffroll.audit import AuditEntry, noted
from staffroll.errors import NotFound
from staffroll.events import Cause
from staffroll.permissions import NAMES
from staffroll.scope import Actor
from staffroll_accounts.domain import sessions
from staffroll_accounts.domain.errors import (
    AccessTokenRefused,
    ExpiryInvalid,
    ScopeNotYours,
    TooManyAccessTokens,
)
from staffroll_accounts.domain.security import AccessToken
from staffroll_accounts.domain.users import Decision, User

MOST_TOKENS: Final = 50
LONGEST_LIFE: Final = timedelta(days=366)

_USE_NOTED_EVERY: Final = timedelta(hours=1)


def is_good(token: AccessToken, user: User, now: datetime) -> bool:
    """Whether it has neither expired nor ended with the sessions of its time."""
    return token.expires_at > now and token.epoch == user.security.session_epoch


def kept(user: User, epoch: int) -> User:
    """The user whose sessions have just ended, but not the tokens that were good in `epoch`."""
    now = user.security.session_epoch
    tokens = (replace(one, epoch=now) if one.epoch == epoch else one for one in user.access_tokens)
    return replace(user, access_tokens=tuple(tokens))


def create(user: User, token: AccessToken, actor: Actor, cause: Cause) -> Decision:
    """The user with one more token; those that are not good any more are forgotten.

    Raises:
        ScopeNotYours: A scope is no permission, or none of the actor's.
        ExpiryInvalid: It would expire at once, or after more than a year.
        TooManyAccessTokens: There are `MOST_TOKENS` good ones.
    """
    # An admin may everything, so that what is no permission at all must be refused first.
    if not NAMES.issuperset(token.scopes) or not all(map(actor.may, token.scopes)):
        raise ScopeNotYours
    if not cause.now < token.expires_at <= cause.now + LONGEST_LIFE:
        raise ExpiryInvalid
    kept = tuple(known for known in user.access_tokens if is_good(known, user, cause.now))
    if len(kept) >= MOST_TOKENS:
        raise TooManyAccessTokens(most=MOST_TOKENS)
    return Decision(
        replace(user, access_tokens=(*kept, token)),
        audit=(_noted(cause, "access-token.created", user, token),),
    )


def use(user: User, token_id: str, given_hash: str, cause: Cause) -> tuple[AccessToken, Decision]:
    """The token, if it may be used now; that it was is noted once in an hour.

    Raises:
        AccessTokenRefused: It is unknown, wrong, expired or ended, or its owner may not be here.
    """
    token = _find(user, token_id)
    if (
        token is None
        or not hmac.compare_digest(token.hash, given_hash)
        or not is_good(token, user, cause.now)
        or user.status != "active"
        or user.locked
    ):
        raise AccessTokenRefused
    last = token.last_used_at
    if last is not None and cause.now - last < _USE_NOTED_EVERY:
        return token, Decision(user)
    used = replace(token, last_used_at=cause.now)
    tokens = tuple(used if known is token else known for known in user.access_tokens)
    audit = (_noted(cause, "access-token.used", user, token),)
    return used, Decision(replace(user, access_tokens=tokens), audit=audit)


def revoke(user: User, token_id: str, cause: Cause) -> Decision:
    """The user without the token; access tokens made from it are void everywhere, as
    ``user.sessions-revoked``. Sessions go on: they fetch a new access token.

    Raises:
        NotFound: There is no such token.
    """
    token = _find(user, token_id)
    if token is None:
        raise NotFound
    left = tuple(known for known in user.access_tokens if known is not token)
    action = "access-token.revoked"
    decision = sessions.revoke(replace(user, access_tokens=left), cause, action)
    return replace(decision, audit=(_noted(cause, action, user, token),))


def _noted(cause: Cause, action: str, user: User, token: AccessToken) -> AuditEntry:
    """The entry names the token by its id, which is no secret."""
    return noted(cause, action, user.id, [f"access_tokens.{token.id}"])


def _find(user: User, token_id: str) -> AccessToken | None:
    return next((token for token in user.access_tokens if token.id == token_id), None)
