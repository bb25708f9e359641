"""How a bug is logged: its name and place, never its message or values.

Those may quote what a message carried, and messages are about people.
"""

from __future__ import annotations

import traceback

import structlog

log = structlog.get_logger()


def log_fault(event: str, error: BaseException, **fields: object) -> None:
    """Log `error` with its class and a trace that holds lines of code only."""
    trace = "".join(traceback.format_tb(error.__traceback__))
    log.error(event, error=type(error).__name__, trace=trace, **fields)
