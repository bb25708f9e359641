"""The second factor: codes by time (TOTP, RFC 6238) and recovery codes (R40, R41).

Pure: seeds and codes are drawn, sealed and opened by who calls.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

import pyotp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from staffroll.audit import noted
from staffroll.events import Cause
from staffroll_accounts.domain import access_tokens, sessions
from staffroll_accounts.domain.errors import (
    TwoFactorCodeWrong,
    TwoFactorEnforced,
    TwoFactorNotBegun,
    TwoFactorOff,
)
from staffroll_accounts.domain.security import Security, TwoFactor
from staffroll_accounts.domain.users import Decision, User, mail_to

STEP_SECONDS: Final = 30
DRIFT_STEPS: Final = 1
"""A code is good in its own step, the one before and the one after."""

RECOVERY_CODES: Final = 10
RECOVERY_CHARACTERS: Final = 10
RECOVERY_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"
"""What people can tell apart on paper: no 0, o, 1, i, l."""

_CODE_DIGITS: Final = 6

State = Literal["off", "enforced", "on", "on_enforced"]
"""Off; enforced, but not set up; on by choice; on by force."""


def state_of(security: Security, *, tenant_enforces: bool) -> State:
    """Where somebody stands with their second factor."""
    is_enforced = tenant_enforces or security.two_factor_enforced
    if security.two_factor is None:
        return "enforced" if is_enforced else "off"
    return "on_enforced" if is_enforced else "on"


@dataclass(frozen=True, slots=True)
class SecondFactors:
    """Numbers of active users.

    Attributes:
        enforced: Those for whom an admin enforces a second factor, one by one.
        on_enforced: Those of them who have one.
        on: All who have one.
    """

    users: int
    enforced: int
    on_enforced: int
    on: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Numbers of active users by the state of their second factor."""

    off: int
    enforced: int
    on: int
    on_enforced: int


def spread_of(counts: SecondFactors, *, tenant_enforces: bool) -> Spread:
    """How many users are in which `State`."""
    # Users who change while they are counted must not make a number negative.
    has_none = max(counts.users - counts.on, 0)
    if tenant_enforces:
        return Spread(off=0, enforced=has_none, on=0, on_enforced=counts.on)
    enforced = max(counts.enforced - counts.on_enforced, 0)
    return Spread(
        off=max(has_none - enforced, 0),
        enforced=enforced,
        on=max(counts.on - counts.on_enforced, 0),
        on_enforced=counts.on_enforced,
    )


def with_code_used(second: TwoFactor, seed: str, code: str, now: datetime) -> TwoFactor | None:
    """The second factor after `code` was used up; None where the code is not good (any more).

    Args:
        code: As typed: a code by time or a recovery code; spaces, hyphens and case do not matter.
    """
    typed = "".join(code.split()).replace("-", "").lower()
    if len(typed) == RECOVERY_CHARACTERS:
        given = hash_recovery_code(seed, typed)
        left = tuple(
            known for known in second.recovery_hashes if not hmac.compare_digest(known, given)
        )
        is_one = len(left) < len(second.recovery_hashes)
        return replace(second, recovery_hashes=left) if is_one else None
    step = _step_of(seed, typed, now, later_than=second.last_step)
    return None if step is None else replace(second, last_step=step)


def hash_recovery_code(seed: str, code: str) -> str:
    """HMAC-SHA256 of a recovery code, in hexadecimal.

    The key is derived from the seed, which is sealed at rest: so the database alone does not
    let anybody try codes, and the hashes outlive a change of the key that seals.
    """
    hkdf = HKDF(hashes.SHA256(), 32, salt=None, info=b"staffroll recovery codes")
    return hmac.new(hkdf.derive(seed.encode()), code.encode(), hashlib.sha256).hexdigest()


def begin(user: User, sealed_seed: bytes) -> Decision:
    """A new seed waits to be confirmed; a factor that is on stays on until then."""
    return Decision(replace(user, security=replace(user.security, pending_seed=sealed_seed)))


def confirm(
    user: User,
    seed: str | None,
    code: str,
    recovery_codes: Sequence[str],
    cause: Cause,
    *,
    tenant_enforces: bool,
) -> Decision:
    """The second factor with the waiting seed is on; its owner is told by mail.

    Where it was due, all sessions have ended, as ``user.sessions-revoked``: whoever else signed
    in with the password alone was let in to set up a factor, not to wait for the owner's.

    Args:
        seed: The waiting one, opened; None where none waits.
    Raises:
        TwoFactorNotBegun: No seed waits.
        TwoFactorCodeWrong: The code does not belong to the seed.
    """
    pending = user.security.pending_seed
    if seed is None or pending is None:
        raise TwoFactorNotBegun
    step = _step_of(seed, "".join(code.split()), cause.now, later_than=0)
    if step is None:
        raise TwoFactorCodeWrong
    second = TwoFactor(
        sealed_seed=pending,
        enabled_at=cause.now,
        last_step=step,
        recovery_hashes=_hashes(seed, recovery_codes),
    )
    security = replace(user.security, two_factor=second, pending_seed=None)
    if state_of(user.security, tenant_enforces=tenant_enforces) != "enforced":
        return _noted(user, security, cause, "two-factor.enabled", mail="two-factor-on")
    having_it = replace(user, security=security)
    decision = sessions.revoke(having_it, cause, "two-factor.enabled", all_of_them=True)
    # They were refused while it was due, and whoever has the password alone could make none.
    kept = access_tokens.kept(decision.user, user.security.session_epoch)
    return replace(decision, user=kept, mails=(mail_to(user, "two-factor-on"),))


def renew_recovery_codes(
    user: User, seed: str | None, recovery_codes: Sequence[str], cause: Cause
) -> Decision:
    """New recovery codes; the old ones are void.

    Raises:
        TwoFactorOff: There is no second factor to recover.
    """
    second = user.security.two_factor
    if second is None or seed is None:
        raise TwoFactorOff
    renewed = replace(second, recovery_hashes=_hashes(seed, recovery_codes))
    security = replace(user.security, two_factor=renewed)
    return _noted(user, security, cause, "two-factor.recovery-codes-renewed")


def turn_off(user: User, cause: Cause, *, tenant_enforces: bool) -> Decision:
    """No second factor any more, nor one that waits; its owner is told by mail.

    Raises:
        TwoFactorEnforced: The tenant or an admin enforces it (R41).
    """
    if tenant_enforces or user.security.two_factor_enforced:
        raise TwoFactorEnforced
    security = replace(user.security, two_factor=None, pending_seed=None)
    if user.security.two_factor is None:
        return Decision(replace(user, security=security))
    return _noted(user, security, cause, "two-factor.disabled", mail="two-factor-off")


def enforce(user: User, cause: Cause, *, enforced: bool) -> Decision:
    """Whether this user must have a second factor; works at their next sign-in (R41)."""
    if user.security.two_factor_enforced == enforced:
        return Decision(user)
    security = replace(user.security, two_factor_enforced=enforced)
    action = "two-factor.enforced" if enforced else "two-factor.released"
    return _noted(user, security, cause, action)


def reset(user: User, cause: Cause) -> Decision:
    """The second factor is gone and all sessions have ended, as ``user.sessions-revoked``.

    Whether it is enforced stays. Nothing changes where there is no second factor.
    """
    if user.security.two_factor is None and user.security.pending_seed is None:
        return Decision(user)
    without = replace(user, security=replace(user.security, two_factor=None, pending_seed=None))
    decision = sessions.revoke(without, cause, "two-factor.reset", all_of_them=True)
    return replace(decision, mails=(mail_to(user, "two-factor-reset"),))


def _noted(
    user: User, security: Security, cause: Cause, action: str, *, mail: str | None = None
) -> Decision:
    mails = (mail_to(user, mail),) if mail else ()
    return Decision(
        replace(user, security=security),
        mails=mails,
        audit=(noted(cause, action, user.id),),
    )


def _step_of(seed: str, code: str, now: datetime, *, later_than: int) -> int | None:
    """The newest acceptable step whose code this is; all are compared, so that time tells
    nothing."""
    if not (len(code) == _CODE_DIGITS and code.isascii() and code.isdigit()):
        return None
    totp = pyotp.HOTP(seed, digits=_CODE_DIGITS)
    today = int(now.timestamp()) // STEP_SECONDS
    steps = range(today - DRIFT_STEPS, today + DRIFT_STEPS + 1)
    fitting = [
        step for step in steps if hmac.compare_digest(totp.at(step), code) and step > later_than
    ]
    return max(fitting, default=None)


def _hashes(seed: str, codes: Sequence[str]) -> tuple[str, ...]:
    return tuple(hash_recovery_code(seed, code) for code in codes)
