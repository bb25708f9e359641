"""The second factor: set up, used at sign-in, taken off, enforced and reset (R40, R41)."""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import pyotp
import segno

from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions.changing import change
from staffroll_accounts.actions.confirming import confirm_password
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.actions.passwords import check_may_act_for
from staffroll_accounts.domain import two_factor as rules
from staffroll_accounts.domain.security import TwoFactor
from staffroll_accounts.domain.tenants import Tenant
from staffroll_accounts.domain.two_factor import RECOVERY_ALPHABET, RECOVERY_CHARACTERS, State
from staffroll_accounts.domain.users import SOURCE, Decision, User
from staffroll_accounts.passwords import Passwords

ISSUER: Final = "Staffroll"
_QR_MODULE_PIXELS: Final = 5

Outcome = Literal["passed", "needed", "wrong", "must_set_up"]


@dataclass(frozen=True, slots=True)
class SetUp:
    """What an authenticator app is told, once.

    Attributes:
        uri: ``otpauth://…``, what the QR code says.
        secret: The seed in Base32, for typing.
        qr_svg: An SVG element.
    """

    uri: str = field(repr=False)
    secret: str = field(repr=False)
    qr_svg: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Overview:
    """Where somebody stands with their second factor."""

    state: State
    recovery_codes_left: int


@dataclass(frozen=True, slots=True)
class NewCodes:
    """Where somebody stands, and their recovery codes, shown once."""

    state: State
    recovery_codes: tuple[str, ...] = field(repr=False)

    @property
    def recovery_codes_left(self) -> int:
        return len(self.recovery_codes)


def after_password(
    user: User, tenant: Tenant, otp: str | None, scope: AccountsScope
) -> tuple[Outcome, User]:
    """What comes of the second factor once the password was right.

    Nothing is saved: the user that is returned has the code used up, and is to be saved in the
    same write as the sign-in, on the revision of `user`. So of two who send one code at the
    same moment, one finds `Stale` and is to be checked again, on what is stored then.

    Args:
        otp: A code by time or a recovery code, as typed; None or empty where none was sent.
    """
    second = user.security.two_factor
    if second is None:
        state = rules.state_of(user.security, tenant_enforces=tenant.enforce_two_factor)
        return ("must_set_up" if state == "enforced" else "passed"), user
    if not otp:
        return "needed", user
    used = _with_code_used(user, second, otp, scope)
    return ("wrong", user) if used is None else ("passed", used)


def verify_again(user: User, otp: str, scope: AccountsScope) -> User | None:
    """The user with the code used up, to be saved as after `after_password`; None where the
    code is wrong or there is no second factor."""
    second = user.security.two_factor
    return None if second is None else _with_code_used(user, second, otp, scope)


def overview(user_id: str, scope: AccountsScope) -> Overview:
    """Raises `NotFound`."""
    return _overview(scope.store.users.get(user_id), scope)


def begin(password: str, scope: AccountsScope, passwords: Passwords, limiter: Limiter) -> SetUp:
    """A fresh seed, which is in use once a code of it has been sent to `confirm`.

    Raises:
        CurrentPasswordWrong, TooMany, NotFound, Unavailable.
    """
    confirm_password(password, scope, passwords, limiter)
    seed = pyotp.random_base32()
    sealed = scope.store.at_rest.encrypt(seed.encode())
    user = change(scope.actor.id, scope, lambda user: rules.begin(user, sealed))
    return _set_up(seed, user)


def drawn(seed: str, scope: AccountsScope) -> SetUp:
    """What `begin` gave out, once more, for whoever still has the seed.

    Raises:
        NotFound: There is no such user.
    """
    return _set_up(seed, scope.store.users.get(scope.actor.id))


def confirm(code: str, scope: AccountsScope) -> NewCodes:
    """The second factor is on; here are its recovery codes.

    Where it was due, the session in which that is done is the only one that goes on.

    Raises:
        TwoFactorNotBegun, TwoFactorCodeWrong, NotFound, Unavailable.
    """
    codes = _new_recovery_codes()

    is_forced = _tenant_enforces(scope)
    ends_others = False

    def decide(user: User) -> Decision:
        nonlocal ends_others
        seed = _opened(user.security.pending_seed, scope)
        cause = scope.cause(SOURCE)
        decision = rules.confirm(user, seed, code, codes, cause, tenant_enforces=is_forced)
        ends_others = decision.user.security.session_epoch > user.security.session_epoch
        return decision

    user = change(scope.actor.id, scope, decide)
    if ends_others and scope.actor.session_id is not None:
        scope.store.sessions.move(scope.actor.session_id, user.security.session_epoch)
    return NewCodes(_overview(user, scope).state, codes)


def renew_recovery_codes(
    password: str, scope: AccountsScope, passwords: Passwords, limiter: Limiter
) -> NewCodes:
    """New recovery codes; the old ones are void.

    Raises:
        CurrentPasswordWrong, TooMany, TwoFactorOff, NotFound, Unavailable.
    """
    confirm_password(password, scope, passwords, limiter)
    codes = _new_recovery_codes()

    def decide(user: User) -> Decision:
        second = user.security.two_factor
        seed = _opened(second.sealed_seed, scope) if second else None
        return rules.renew_recovery_codes(user, seed, codes, scope.cause(SOURCE))

    user = change(scope.actor.id, scope, decide)
    return NewCodes(_overview(user, scope).state, codes)


def turn_off(
    password: str, scope: AccountsScope, passwords: Passwords, limiter: Limiter
) -> Overview:
    """No second factor any more.

    Raises:
        CurrentPasswordWrong, TooMany, TwoFactorEnforced, NotFound, Unavailable.
    """
    confirm_password(password, scope, passwords, limiter)
    is_forced = _tenant_enforces(scope)
    cause = scope.cause(SOURCE)
    user = change(
        scope.actor.id, scope, lambda user: rules.turn_off(user, cause, tenant_enforces=is_forced)
    )
    return _overview(user, scope)


def enforce(user_id: str, scope: AccountsScope, *, enforced: bool) -> Overview:
    """Whether this user must have a second factor, whatever the tenant says.

    Raises:
        AccountNotYours: The user may do what the actor may not (R72).
        NotFound, Unavailable.
    """
    cause = scope.cause(SOURCE)

    def decide(user: User) -> Decision:
        check_may_act_for(user, scope)
        return rules.enforce(user, cause, enforced=enforced)

    return _overview(change(user_id, scope, decide), scope)


def reset(user_id: str, scope: AccountsScope) -> None:
    """The user has no second factor and no sessions any more.

    Raises:
        AccountNotYours: The user may do what the actor may not (R72).
        NotFound, Unavailable.
    """
    cause = scope.cause(SOURCE)

    def decide(user: User) -> Decision:
        check_may_act_for(user, scope)
        return rules.reset(user, cause)

    change(user_id, scope, decide)


def _with_code_used(user: User, second: TwoFactor, otp: str, scope: AccountsScope) -> User | None:
    seed = scope.store.at_rest.decrypt(second.sealed_seed).decode()
    used = rules.with_code_used(second, seed, otp, scope.now)
    if used is None:
        return None
    return replace(user, security=replace(user.security, two_factor=used))


def _overview(user: User, scope: AccountsScope) -> Overview:
    security = user.security
    state = rules.state_of(security, tenant_enforces=_tenant_enforces(scope))
    return Overview(state, len(security.two_factor.recovery_hashes) if security.two_factor else 0)


def _tenant_enforces(scope: AccountsScope) -> bool:
    tenant = scope.store.tenants.find()
    return tenant is not None and tenant.enforce_two_factor


def _opened(sealed: bytes | None, scope: AccountsScope) -> str | None:
    return None if sealed is None else scope.store.at_rest.decrypt(sealed).decode()


def _new_recovery_codes() -> tuple[str, ...]:
    return tuple(
        "".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(RECOVERY_CHARACTERS))
        for _ in range(rules.RECOVERY_CODES)
    )


def _set_up(seed: str, user: User) -> SetUp:
    uri = pyotp.TOTP(seed).provisioning_uri(name=user.email, issuer_name=ISSUER)
    return SetUp(uri=uri, secret=seed, qr_svg=_qr_svg(uri))


def _qr_svg(uri: str) -> str:
    drawn = io.BytesIO()
    segno.make(uri, error="m").save(
        drawn, kind="svg", scale=_QR_MODULE_PIXELS, xmldecl=False, light="#fff", nl=False
    )
    return drawn.getvalue().decode()
