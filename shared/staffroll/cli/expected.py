"""What may go wrong without being a bug, each in one sentence for the person who called."""

from __future__ import annotations

import errno
import sys
from typing import Final

_NEEDS_SERVICE_EXTRA: Final = frozenset(
    {"argon2", "babel", "flask", "gunicorn", "joserfc", "prometheus_client", "pymongo", "werkzeug"}
)

_AWAY: Final = ("ConnectionFailure", "ExecutionTimeout", "WriteConcernError")

_DISK: Final = {
    errno.ENOSPC: "The disk is full: make room and try again",
    errno.EDQUOT: "Your share of the disk is used up: make room and try again",
    errno.EROFS: "The disk is read-only: choose another folder",
    errno.EACCES: "This may not be read or written by you",
    errno.EPERM: "This may not be changed by you",
}


def sentence_for(error: BaseException) -> str | None:
    """One sentence on `error`, or None where only a traceback helps."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        if error.name.partition(".")[0] in _NEEDS_SERVICE_EXTRA:
            return f"{error.name} is missing: pip install 'staffroll[service]' brings it."
        return None
    if isinstance(error, OSError) and error.errno in _DISK:
        where = f" ({error.filename})" if error.filename else ""
        return f"{_DISK[error.errno]}{where}."
    if _is(error, "staffroll.settings", "SettingsWrong"):
        return f"Settings: {error}"
    if _is(error, "staffroll.local.errors", "LocalServerError"):
        return str(error)
    if _is(error, "staffroll.bus.contract", "BrokerAway"):
        return f"The broker is away: {error}"
    if _is(error, "staffroll.bus.contract", "NoQueue"):
        return f"The broker has no queue {error}."
    if _is(error, "staffroll.bus.contract", "TopologyConflict"):
        return (
            f"The broker holds something of our name with other properties ({error}): "
            "move it away, or set STAFFROLL_BROKER_PREFIX."
        )
    if any(_is(error, "pymongo.errors", name) for name in _AWAY):
        return f"The database does not answer ({type(error).__name__}): see STAFFROLL_MONGODB_URI."
    if _is(error, "pymongo.errors", "ConfigurationError"):
        return f"STAFFROLL_MONGODB_URI cannot be used: {error}"
    if _is(error, "pymongo.errors", "OperationFailure"):
        return f"The database refuses: {error}"
    if _is(error, "staffroll.errors", "StaffrollError"):
        return str(getattr(error, "detail", error))
    return None


def _is(error: BaseException, module: str, name: str) -> bool:
    """Whether it is of a class that lives in `module`. One that was never imported cannot
    have raised it, and is not imported for asking."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(error, getattr(loaded, name))
