"""What was found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["well", "warning", "problem"]

EXIT_CODES: Final = {"well": 0, "warning": 1, "problem": 2}
"""As monitoring plugins have them."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do.

    Attributes:
        section: Of docs/operations.md, where there is more on it.
    """

    do: str
    section: str

    def text(self) -> str:
        return f"{self.do} (docs/operations.md, “{self.section}”)"


@dataclass(frozen=True, slots=True)
class Finding:
    """How it stands with one thing.

    Attributes:
        about: A service, or ``database``, ``broker``, ``disk``.
        check: What was looked at, in one or two words.
        says: How it is, as a sentence without personal data.
        remedy: Where it is not well.
    """

    about: str
    check: str
    level: Level
    says: str
    remedy: Remedy | None = None


SETTINGS: Final = Remedy(
    "Set it in the environment of every process of the service, and start them again.", "Settings"
)
DATABASE_AWAY: Final = Remedy(
    "Start MongoDB, or correct STAFFROLL_MONGODB_URI. Nothing is lost: consumers go on by "
    "themselves when it is back.",
    "Database",
)
NO_REPLICA_SET: Final = Remedy(
    "Start mongod with --replSet and begin the set once with rs.initiate().", "Database"
)
MEMBERS_AWAY: Final = Remedy("Bring the missing members of the set back: rs.status().", "Database")
OLD_DATABASE: Final = Remedy("Plan an upgrade to a MongoDB that is maintained.", "Database")
BROKER_AWAY: Final = Remedy(
    "Start RabbitMQ, or correct STAFFROLL_BROKER_URL. Changes are accepted meanwhile, and sent "
    "when it is back.",
    "Broker",
)
QUEUES_MISSING: Final = Remedy(
    "Start any process of Staffroll again: it makes them. What they held is gone, so run "
    "`staffroll check --repair` then.",
    "Broker",
)
TOPOLOGY: Final = Remedy(
    "Move the foreign queue or exchange away, or set STAFFROLL_BROKER_PREFIX.", "Broker"
)
NO_CONSUMER: Final = Remedy(
    "Start `staffroll consume {service}`, and look at its log.", "Consumers"
)
LAG: Final = Remedy(
    "Wait, or start more processes of `staffroll consume {service}`; see whether they are held up.",
    "Consumers",
)
DEAD_LETTERS: Final = Remedy(
    "Read why with `staffroll dead-letters list --service {service}`; mend that, then `retry` "
    "them, or `drop` them and run `staffroll check --repair`.",
    "Dead letters",
)
INDEXES: Final = Remedy("Run `staffroll indexes {service}`.", "Indexes")
OLD_FORM: Final = Remedy(
    "Wait while they become fewer: `staffroll consume {service}` of the newest version rewrites "
    "them. Do not go on to the version after before.",
    "Upgrades",
)
OUTBOX: Final = Remedy(
    "See that the broker is there and any process of {service} runs: each sends what waits.",
    "Outboxes",
)
SILENT: Final = Remedy(
    "Start `staffroll serve {service}`, or say with STAFFROLL_URL_{SERVICE} where it stands.",
    "Not ready",
)
NOT_READY: Final = Remedy("Look at the log of `staffroll serve {service}`.", "Not ready")
CATCHING_UP: Final = Remedy(
    "Wait while the number grows; else see that `staffroll consume accounts` and `staffroll "
    "consume {service}` run.",
    "Not ready",
)
SECRET_KEY: Final = Remedy(
    "Give accounts the STAFFROLL_SECRET_KEY that its database was made with.", "Not ready"
)
MAIL: Final = Remedy("See STAFFROLL_SMTP_URL and the log of `staffroll consume accounts`.", "Mail")
PLUGINS: Final = Remedy(
    "Install the missing plugin, or run `staffroll plugin list` to see what is broken.", "Not ready"
)
CLOCK: Final = Remedy(
    "Let every machine take its time from the same place (NTP): tokens allow 60 s.", "Clocks"
)
DISK: Final = Remedy("Make room, or move the database to a larger disk, before it is full.", "Disk")

BY_READINESS: Final = {
    "database": DATABASE_AWAY,
    "broker": BROKER_AWAY,
    "keys": CATCHING_UP,
    "signing keys": SECRET_KEY,
    "bootstrap": CATCHING_UP,
    "mail": MAIL,
    "plugins": PLUGINS,
}
"""What to do about what `readyz` waits for; `NOT_READY` for all else."""

ALL: Final = tuple(one for one in globals().values() if isinstance(one, Remedy))


def remedy_for(remedy: Remedy, service: str) -> Remedy:
    """With the service's name in the commands."""
    named = remedy.do.replace("{service}", service).replace("{SERVICE}", service.upper())
    return Remedy(named, remedy.section)
