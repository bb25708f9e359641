"""The time now, as precise as it is stored."""

from datetime import UTC, datetime


def now() -> datetime:
    """Aware, UTC, whole milliseconds: what MongoDB keeps, so that what is answered at once
    equals what is read later."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
