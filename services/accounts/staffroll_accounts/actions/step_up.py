"""Entering password or second factor once more, before dangerous acts."""

from __future__ import annotations

from dataclasses import replace

from staffroll_accounts.actions import AccountsScope, sessions, two_factor
from staffroll_accounts.actions.changing import change
from staffroll_accounts.actions.confirming import confirm_password
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.actions.sessions import SignedIn
from staffroll_accounts.domain import locking
from staffroll_accounts.domain.errors import NoSession, TwoFactorCodeWrong
from staffroll_accounts.domain.users import SOURCE, Decision, User
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.tokens import Tokens


def step_up(
    password: str | None,
    otp: str | None,
    scope: AccountsScope,
    passwords: Passwords,
    tokens: Tokens,
    limiter: Limiter,
) -> SignedIn:
    """An access token of the same session that is good for dangerous acts (ten minutes).

    Either is enough; what is given must be right.

    Raises:
        CurrentPasswordWrong, TwoFactorCodeWrong: It is not; that counts like a failed sign-in
            (R20).
        NoSession: The token belongs to no session.
        TooMany: Before any hash (R23).
        NotFound, Unavailable.
    """
    session_id = scope.actor.session_id
    if session_id is None:
        raise NoSession
    user = scope.store.users.get(scope.actor.id)
    limiter.check("second-factor", scope.address, (scope.tenant_id, user.email))
    if password is not None:
        confirm_password(password, scope, passwords, limiter)
    if otp is not None:
        _use_code(otp, scope)
    user = scope.store.users.get(user.id)
    session = scope.store.sessions.authenticate(session_id, scope.now)
    if session is None:
        raise NoSession
    issued = sessions.issue_for(user, session, scope, tokens)
    return replace(issued, refresh_token=None)


def _use_code(otp: str, scope: AccountsScope) -> None:
    """The code is used up and the failures before count no more: one write."""
    cause = scope.cause(SOURCE)
    is_right = False

    def decide(user: User) -> Decision:
        # Of two who send one code at the same moment, the second is judged again.
        nonlocal is_right
        proved = None if user.locked else two_factor.verify_again(user, otp, scope)
        is_right = proved is not None
        if proved is None:
            return locking.fail(user, cause)
        return Decision(replace(proved, security=replace(proved.security, failed_sign_ins=0)))

    change(scope.actor.id, scope, decide)
    if not is_right:
        raise TwoFactorCodeWrong
