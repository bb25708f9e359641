"""The settings of accounts."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from staffroll.setting_rules import Rule, at_least, secrets_of_at_least
from staffroll.settings import ServiceSettings, setting


def _are_networks(text: str) -> bool:
    try:
        return bool([ip_network(one.strip()) for one in text.split(",") if one.strip()]) or not text
    except ValueError:
        return False


_NETWORKS: Final = Rule("networks such as `10.20.0.0/16`, separated by commas", _are_networks)


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
    url_scheduling: str = setting(
        "",
        doc="Where this service reaches scheduling, without a slash at the end, to say on a "
        "user's page whether both are in step; empty: it says that this is not known.",
    )
    url_people: str = setting("", doc="The same for people.")
    smtp_url: str = setting(
        "",
        doc="The mail server: `smtp://user:password@host:587` (STARTTLS), `smtps://…` (TLS at "
        "once), `smtp://host:25?starttls=never` (not encrypted). Empty: `STAFFROLL_MAIL_FOLDER`.",
        secret=True,
    )
    smtp_ca_file: str = setting(
        "",
        doc="PEM file with the authorities that the mail server's certificate is verified by; "
        "empty: the system's.",
    )
    mail_from: str = setting(
        "Staffroll <staffroll@localhost.localdomain>", doc="Whom mail comes from."
    )
    mail_folder: str = setting(
        "",
        doc="Without a mail server, mail is written to files here, for trying. Empty as well: "
        "mail is kept until there is one, and `readyz` says so.",
    )
    webhook_networks: str = setting(
        "",
        doc="Networks that webhooks may lead to besides the public internet, and without TLS, "
        "separated by commas; every admin of every tenant can then have requests sent there.",
        must_be=_NETWORKS,
    )
    webhook_ca_file: str = setting(
        "",
        doc="PEM file with the authorities that certificates of webhooks' receivers are verified "
        "by; empty: the system's.",
    )
    webhook_failing_days: int = setting(
        5,
        doc="After how many days without any success a webhook is disabled.",
        must_be=at_least(1),
    )
    webhook_waiting_max: int = setting(
        10_000,
        doc="How many events may wait for a webhook that fails before it is disabled; ten times "
        "as many for one that is only slow.",
        must_be=at_least(1),
    )
    session_idle_seconds: int = setting(
        14 * 86_400, doc="After how many seconds without use a session ends."
    )
    session_longest_seconds: int = setting(
        30 * 86_400, doc="After how many seconds a session ends, however much it is used."
    )
    tries_per_address: int = setting(
        30,
        doc="Sign-ins (and second factors, and resets) a minute from one address; 0: any number.",
    )
    tries_per_account: int = setting(
        10, doc="Sign-ins (and second factors, and resets) a minute to one account; 0: any number."
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
    hashes_waiting: int = setting(
        4,
        doc="Requests per process that may wait for their turn to hash; more are refused with "
        "503, so that there are threads left for everything else.",
        must_be=at_least(0),
    )
