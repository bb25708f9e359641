"""The settings of accounts."""

from __future__ import annotations

from dataclasses import dataclass

from staffroll.settings import ServiceSettings, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsSettings(ServiceSettings):
    """What accounts reads from the environment on top of what every service reads."""

    secret_key: str = setting(
        doc="At least 32 random characters; encrypts signing keys at rest. Several, separated "
        "by commas: the first encrypts, all decrypt.",
        secret=True,
    )
    access_token_seconds: int = setting(600, doc="How long an access token is good, in seconds.")
    argon2_time_cost: int = setting(2, doc="Argon2id: passes.")
    argon2_memory_kib: int = setting(19_456, doc="Argon2id: memory of one hash, in KiB.")
    argon2_parallelism: int = setting(1, doc="Argon2id: lanes.")
    hashes_at_once: int = setting(
        2, doc="Password hashes in flight per process; others wait, other requests go on."
    )
