"""Signing in with a password and, where there is one, the second factor (R20-R23)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from staffroll.errors import Stale, Unavailable
from staffroll.scope import Actor
from staffroll_accounts.actions import AccountsScope, sessions, two_factor
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.actions.sessions import SignedIn
from staffroll_accounts.domain import locking
from staffroll_accounts.domain.errors import SignInFailed, TwoFactorNeeded
from staffroll_accounts.domain.roles import Role
from staffroll_accounts.domain.tenants import Tenant
from staffroll_accounts.domain.users import SOURCE, User
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.store.decoys import NOBODY
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


@dataclass(frozen=True, slots=True)
class _Proved:
    """A user who has proved who they are, with the code used up that they sent."""

    user: User
    must_set_up: bool


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
    named = scope.store.sign_ins.named(given.email)
    fits = passwords.verify(given.password, named.password_hash)
    for _ in range(_TRIES):
        # Read after the hash: of many who guess at once, none is right after the third was wrong.
        present = scope.store.sign_ins.present(named)
        user, tenant = present.user, present.tenant
        if user is None or tenant is None or tenant.status != "active":
            raise _refused(scope)
        if not user.may_sign_in or user.locked or not named.has_password_of(user):
            raise _refused(scope)
        try:
            proved = _proved(user, tenant, given, scope, fits=fits)
            return _begun(user, proved, present.roles, given, scope, passwords, tokens, user_agent)
        except Stale:
            continue
    raise Unavailable


def _proved(
    user: User, tenant: Tenant, given: Credentials, scope: AccountsScope, *, fits: bool
) -> _Proved:
    """What was proved; a failure is counted."""
    outcome, proved = (
        two_factor.after_password(user, tenant, given.otp, scope) if fits else ("wrong", user)
    )
    match outcome:
        case "wrong":
            cause = scope.cause(SOURCE)
            failed = locking.fail(user, cause)
            # Else whoever guesses would not be locked out while the broker is away for long.
            scope.store.users.save(failed, user, scope.now, although_full=True)
            raise SignInFailed
        case "needed":
            raise TwoFactorNeeded
    return _Proved(proved, must_set_up=outcome == "must_set_up")


def _begun(
    user: User,
    proved: _Proved,
    roles: Sequence[Role] | None,
    given: Credentials,
    scope: AccountsScope,
    passwords: Passwords,
    tokens: Tokens,
    user_agent: str,
) -> SignedIn:
    """A session, noted in one write: the user's where something of theirs changes, else its own."""
    as_user = replace(scope, actor=Actor(user.id))
    renewed = _with_newer_hash(proved.user, given.password, passwords)
    decision = locking.succeed(renewed, as_user.cause(SOURCE))
    notes = decision.audit
    if decision.user != user:
        user, notes = scope.store.users.save(decision, user, scope.now), ()
    return sessions.begin(
        user,
        as_user,
        tokens,
        must_set_up=proved.must_set_up,
        user_agent=user_agent,
        roles=roles,
        audit=notes,
    )


def _refused(scope: AccountsScope) -> SignInFailed:
    """The refusal, as dear as one that is counted."""
    scope.store.decoys.write(locking.fail(NOBODY, scope.cause(SOURCE)), scope.now)
    return SignInFailed()


def _with_newer_hash(user: User, password: str, passwords: Passwords) -> User:
    """The user with a hash of the parameters that are set now (R33)."""
    hashed = user.security.password_hash
    if hashed is None or not passwords.needs_rehash(hashed):
        return user
    return replace(user, security=replace(user.security, password_hash=passwords.hash(password)))
