"""Commands that fail in every way that is expected, for the tests of their sentences."""

from __future__ import annotations

import errno
from pathlib import Path

import click
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError

from staffroll.bus import BrokerAway, TopologyConflict
from staffroll.errors import TooMany
from staffroll.local import DiskTooFull, PortInUse
from staffroll.settings import SettingsWrong

ERRORS = {
    "settings": SettingsWrong("STAFFROLL_SECRET_KEY is missing (…)"),
    "port": PortInUse(8000),
    "disk": DiskTooFull(Path("data"), 1_000_000, 500_000_000),
    "full": OSError(errno.ENOSPC, "No space left on device", "data/lock"),
    "read-only": OSError(errno.EROFS, "Read-only file system", "data/lock"),
    "broker": BrokerAway("127.0.0.1:5672 does not answer"),
    "topology": TopologyConflict("queue accounts.events: x-queue-type"),
    "database": ServerSelectionTimeoutError("no servers"),
    "refused": OperationFailure("not authorized"),
    "rule": TooMany(5),
    "library": ModuleNotFoundError("No module named 'flask'", name="flask"),
    "bug": RuntimeError("a bug"),
}


@click.command()
@click.argument("kind")
def fail(kind: str) -> None:
    raise ERRORS[kind]
