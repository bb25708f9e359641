"""The secret part of a user: what signing in needs, and what no event ever carries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

ResetPurpose = Literal["reset", "invitation"]


@dataclass(frozen=True, slots=True)
class PasswordReset:
    """A link that was sent by e-mail; a newer one replaces it (R32).

    Attributes:
        hash: SHA-256 of the token; the token itself is only in the mail.
    """

    hash: str = field(repr=False)
    purpose: ResetPurpose
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TwoFactor:
    """A user's second factor (R40).

    Attributes:
        sealed_seed: The TOTP seed, encrypted.
        last_step: The newest time step whose code was used; older ones are refused.
        recovery_hashes: Of the recovery codes that are left.
    """

    sealed_seed: bytes = field(repr=False)
    enabled_at: datetime
    last_step: int = 0
    recovery_hashes: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A personal access token, for scripts (R42).

    Attributes:
        scopes: Permissions that it may be used for; what its owner lacks, it lacks too.
        hash: SHA-256 of the whole token; the token itself is shown once.
        epoch: The owner's `Security.session_epoch` when it was made; it ends with it.
        last_used_at: To the hour.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    hash: str = field(repr=False)
    epoch: int
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Security:
    """What a user signs in with, and how that went.

    Attributes:
        password_hash: None until a password is set.
        old_passwords: Hashes of earlier ones, the newest first, while plugins could ask.
        must_change_password: At the next sign-in, before anything else (R31).
        failed_sign_ins: In a row, wrong second factors included (R20).
        locked_at: None where the account is not locked.
        session_epoch: Sessions that began in a smaller one have ended.
        pending_seed: Of a second factor that is being set up, encrypted.
        two_factor_enforced: An admin enforces it for this user (R41).
    """

    password_hash: str | None = field(default=None, repr=False)
    password_changed_at: datetime | None = None
    must_change_password: bool = False
    failed_sign_ins: int = 0
    locked_at: datetime | None = None
    session_epoch: int = 1
    reset: PasswordReset | None = None
    two_factor: TwoFactor | None = None
    pending_seed: bytes | None = field(default=None, repr=False)
    two_factor_enforced: bool = False
    old_passwords: tuple[str, ...] = field(default=(), repr=False)
