"""Whoever is signed in says their password once more, before what a thief would do."""

from __future__ import annotations

from dataclasses import replace

from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions.changing import change
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.domain import locking
from staffroll_accounts.domain.errors import CurrentPasswordWrong
from staffroll_accounts.domain.users import SOURCE, Decision, User
from staffroll_accounts.passwords import Passwords


def confirm_password(
    password: str, scope: AccountsScope, passwords: Passwords, limiter: Limiter
) -> None:
    """Nothing, where it is the actor's password; the failures before count no more.

    Raises:
        CurrentPasswordWrong: It is not; that counts like a failed sign-in (R20).
        TooMany: Before any hash (R23).
        NotFound: There is no such user.
        Unavailable: Too many change the user at this very moment.
    """
    user = scope.store.users.get(scope.actor.id)
    limiter.check("password-again", scope.address, (scope.tenant_id, user.email))
    hashed = user.security.password_hash
    fits = passwords.verify(password, hashed)

    def decide(user: User) -> Decision:
        if not fits:
            return locking.fail(user, scope.cause(SOURCE))
        # Of many who guess at once, none may be right after the third was wrong.
        if user.locked or user.security.password_hash != hashed:
            raise CurrentPasswordWrong
        return Decision(replace(user, security=replace(user.security, failed_sign_ins=0)))

    change(scope.actor.id, scope, decide, although_full=not fits)
    if not fits:
        raise CurrentPasswordWrong
