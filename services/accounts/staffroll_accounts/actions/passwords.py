"""Setting and changing passwords, and the links that are mailed for it (R31, R32)."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import replace

from staffroll.errors import NotFound
from staffroll.giving import gives_more
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions.changing import change
from staffroll_accounts.actions.confirming import confirm_password
from staffroll_accounts.actions.house_rules import HouseRules
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.domain import password_changes as rules
from staffroll_accounts.domain import reset_tokens
from staffroll_accounts.domain.errors import (
    AccountNotYours,
    CurrentPasswordWrong,
    OwnPasswordElsewhere,
    PasswordRefused,
    ResetTokenInvalid,
)
from staffroll_accounts.domain.password_changes import NewPassword
from staffroll_accounts.domain.passwords import check_changed
from staffroll_accounts.domain.reset_tokens import ResetToken
from staffroll_accounts.domain.roles import grant_of
from staffroll_accounts.domain.users import SOURCE, Decision, User
from staffroll_accounts.passwords import Passwords


def set_for(
    user_id: str, password: str, scope: AccountsScope, passwords: Passwords, *, must_change: bool
) -> User:
    """The user with a password that the actor chose for them.

    Raises:
        NotFound, PasswordRefused.
        AccountNotYours: The user may do more than the actor (R72).
        OwnPasswordElsewhere: It is the actor, who has not shown that they know the present one.
    """
    if user_id == scope.actor.id:
        raise OwnPasswordElsewhere
    user = scope.store.users.get(user_id)
    check_may_act_for(user, scope)
    new = checked(password, user, scope, passwords)

    def decide(user: User) -> Decision:
        check_may_act_for(user, scope)
        return rules.set_by_admin(user, new, scope.cause(SOURCE), must_change=must_change)

    return change(user_id, scope, decide)


def change_own(
    current: str, password: str, scope: AccountsScope, passwords: Passwords, limiter: Limiter
) -> User:
    """The actor with a new password; the session in which they act goes on.

    Raises:
        CurrentPasswordWrong, TooMany: See `confirm_password`.
        PasswordRefused.
    """
    user = scope.store.users.get(scope.actor.id)
    confirm_password(current, scope, passwords, limiter)
    check_changed(current, password)
    new = checked(password, user, scope, passwords)

    def decide(now: User) -> Decision:
        # What was proved is that they know the password that was there then.
        if now.security.password_hash != user.security.password_hash:
            raise CurrentPasswordWrong
        return rules.change_own(now, new, scope.cause(SOURCE))

    changed = change(user.id, scope, decide)
    if scope.actor.session_id is not None:
        # Only now: moved before, the session would outlive an end of all that came in between.
        scope.store.sessions.move(scope.actor.session_id, changed.security.session_epoch)
    return changed


def invite(user_id: str, scope: AccountsScope) -> User:
    """The user to whom a link is mailed with which to set a password.

    Raises:
        NotFound.
        AccountNotYours: As in `set_for`.
    """

    def decide(user: User) -> Decision:
        check_may_act_for(user, scope)
        token = new_token(user.id, scope)
        return rules.send_link(user, token, "invitation", scope.cause(SOURCE))

    return change(user_id, scope, decide)


def request_reset(email: str, scope: AccountsScope, limiter: Limiter) -> None:
    """Note that somebody forgot the password of `email`: the same work, whoever that is (R32).

    Raises:
        TooMany: Whether there is such an account or not (R23).
    """
    account = scope.tenant_id, email
    limiter.check("password-reset", scope.address, account)
    limiter.check_mails("password-reset", account)
    scope.store.reset_requests.insert(email, scope.now, scope.address, scope.correlation_id)


def answer_reset_request(email: str, scope: AccountsScope) -> None:
    """Mail a link to the active user of an active tenant with this e-mail, if there is one."""
    tenant = scope.store.tenants.find()
    found = scope.store.users.find_by_email(email)
    if found is None or tenant is None or tenant.status != "active":
        return

    def decide(user: User) -> Decision:
        # To where the user has their mail now, if they have the right to be here now.
        if not user.may_sign_in:
            return Decision(user)
        token = new_token(user.id, scope)
        return rules.send_link(user, token, "reset", scope.cause(SOURCE))

    with suppress(NotFound):
        change(found.id, scope, decide)


def use_link(
    token: ResetToken,
    password: str,
    scope: AccountsScope,
    passwords: Passwords,
    limiter: Limiter,
) -> None:
    """Set the password of whose link it is, once.

    Raises:
        ResetTokenInvalid: For whatever reason.
        PasswordRefused: The link stays good.
        TooMany: From this address (R23).
    """
    limiter.check("password-link", scope.address)
    cause = scope.cause(SOURCE)
    user = rules.check_link(scope.store.users.find(token.user_id), token, cause)
    as_user = replace(scope, actor=replace(scope.actor, id=user.id))
    new = checked(password, user, scope, passwords)

    def decide(user: User) -> Decision:
        return rules.use_link(rules.check_link(user, token, cause), new, as_user.cause(SOURCE))

    try:
        change(user.id, scope, decide)
    except NotFound:
        # Deleted at this very moment.
        raise ResetTokenInvalid from None


def new_token(user_id: str, scope: AccountsScope) -> ResetToken:
    """A token that nobody can guess."""
    secret = secrets.token_bytes(reset_tokens.SECRET_BYTES)
    return reset_tokens.make(scope.tenant_id, user_id, secret)


def check_may_act_for(user: User, scope: AccountsScope) -> None:
    """Raises `AccountNotYours` unless the actor may do all that the user may.

    Whoever sets another's password or mailbox can be them. Source: R72.
    """
    if scope.actor.is_admin or scope.actor.id == user.id:
        return
    theirs = scope.store.roles.some(user.roles)
    if user.is_admin or any(gives_more(scope.actor, grant_of(role)) for role in theirs):
        raise AccountNotYours


def check_may_move_mailbox(user: User, scope: AccountsScope) -> None:
    """Nothing, where the actor may give the user another e-mail address.

    Whoever has the mailbox can set the password: so that an unattended browser is not enough
    to take admin access over, or to lock its owner out, password or code are asked for again.

    Raises:
        AccountNotYours: As in `check_may_act_for`.
        StepUpNeeded: The user has admin access or is the actor, who did not enter their
            password or code lately.
    Source: R17, R72.
    """
    check_may_act_for(user, scope)
    if user.is_admin or user.id == scope.actor.id:
        scope.check_fresh()


def checked(password: str, user: User, scope: AccountsScope, passwords: Passwords) -> NewPassword:
    """Raises `PasswordRefused`, which names all that is wrong; `PluginFailed`, `PluginMissing`."""
    house_rules = HouseRules(scope)
    if found := house_rules.password_objections(password, user, passwords):
        raise PasswordRefused(errors={"password": found})
    return NewPassword(passwords.hash(password), house_rules.remembered_passwords)
