"""The settings of accounts."""

from __future__ import annotations

from dataclasses import dataclass

from staffroll.setting_rules import at_least, secrets_of_at_least
from staffroll.settings import ServiceSettings, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsSettings(ServiceSettings):
    """What accounts reads from the environment on top of what every service reads."""

    secret_key: str = setting(
        doc="A random secret that encrypts signing keys at rest. Several, separated by commas: "
        "the first encrypts, all decrypt.",
        secret=True,
        must_be=secrets_of_at_least(32),
    )
    access_token_seconds: int = setting(
        600, doc="How long an access token is good, in seconds.", must_be=at_least(1)
    )
    argon2_time_cost: int = setting(2, doc="Argon2id: passes.", must_be=at_least(1))
    argon2_memory_kib: int = setting(
        19_456, doc="Argon2id: memory of one hash, in KiB.", must_be=at_least(8)
    )
    argon2_parallelism: int = setting(1, doc="Argon2id: lanes.", must_be=at_least(1))
    hashes_at_once: int = setting(
        2,
        doc="Password hashes in flight per process; others wait, other requests go on.",
        must_be=at_least(1),
    )
