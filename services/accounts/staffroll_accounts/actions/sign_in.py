"""Signing in with a password and, where there is one, the second factor (R20-R23)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from staffroll.errors import Stale, Unavailable
from staffroll.scope import Actor
from staffroll_accounts.actions import AccountsScope, sessions, two_factor
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.actions.sessions import SignedIn
from staffroll_accounts.domain import locking
from staffroll_accounts.domain.errors import SignInFailed, TwoFactorNeeded
from staffroll_accounts.domain.tenants import Tenant
from staffroll_accounts.domain.users import SOURCE, User
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.tokens import Tokens

_TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody types to sign in.

    Attributes:
        otp: A code by time, or a recovery code.
    """

    email: str
    password: str = field(repr=False)
    otp: str | None = field(default=None, repr=False)


def sign_in(
    given: Credentials,
    scope: AccountsScope,
    passwords: Passwords,
    tokens: Tokens,
    limiter: Limiter,
    *,
    user_agent: str = "",
) -> SignedIn:
    """A session of the user with this e-mail and password.

    Raises:
        SignInFailed: For whatever reason; a stranger learns nothing, not even by time (R22).
        TwoFactorNeeded: The password is right; a code is asked for as well.
        TooMany: Before any hash (R23).
        Unavailable: Too many wait for a hash, or change the user, at this very moment.
    """
    limiter.check("sign-in", scope.address, (scope.tenant_id, given.email))
    tenant = scope.store.tenants.find()
    user = scope.store.users.find_by_email(given.email)
    fits = passwords.verify(given.password, user.security.password_hash if user else None)
    if user is None or tenant is None or tenant.status != "active":
        raise _refused(scope)
    for _ in range(_TRIES):
        if user.status != "active" or user.locked:
            raise _refused(scope)
        try:
            return _decided(user, tenant, given, scope, passwords, tokens, user_agent, fits=fits)
        except Stale:
            user = _again(user, scope)
    raise Unavailable


def _decided(
    user: User,
    tenant: Tenant,
    given: Credentials,
    scope: AccountsScope,
    passwords: Passwords,
    tokens: Tokens,
    user_agent: str,
    *,
    fits: bool,
) -> SignedIn:
    cause = scope.cause(SOURCE)
    outcome, proved = (
        two_factor.after_password(user, tenant, given.otp, scope) if fits else ("wrong", user)
    )
    match outcome:
        case "wrong":
            scope.store.users.save(locking.fail(user, cause), user, scope.now)
            raise SignInFailed
        case "needed":
            raise TwoFactorNeeded
    as_user = replace(scope, actor=Actor(user.id))
    proved = _with_newer_hash(proved, given.password, passwords)
    decision = locking.succeed(proved, as_user.cause(SOURCE))
    saved = scope.store.users.save(decision, user, scope.now)
    return sessions.begin(
        saved, as_user, tokens, must_set_up=outcome == "must_set_up", user_agent=user_agent
    )


def _refused(scope: AccountsScope) -> SignInFailed:
    """The refusal, as dear as one that is counted."""
    scope.store.decoys.write(scope.now)
    return SignInFailed()


def _again(user: User, scope: AccountsScope) -> User:
    """The user as somebody else changed them, as long as what was verified still holds."""
    now = scope.store.users.find(user.id)
    if now is None or _password_of(now) != _password_of(user):
        raise SignInFailed
    return now


def _password_of(user: User) -> object:
    # A newer hash of the same password, made at a sign-in, has the same moment.
    return user.security.password_changed_at, user.security.password_hash is None


def _with_newer_hash(user: User, password: str, passwords: Passwords) -> User:
    """The user with a hash of the parameters that are set now (R33)."""
    hashed = user.security.password_hash
    if hashed is None or not passwords.needs_rehash(hashed):
        return user
    return replace(user, security=replace(user.security, password_hash=passwords.hash(password)))
