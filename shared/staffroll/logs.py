"""What processes log, and what commands do not."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from staffroll.settings import ServiceSettings


def configure_logging(settings: ServiceSettings) -> None:
    """One line per happening: JSON for machines, or colours for people."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if settings.log_format.lower() == "console"
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    hush_pika()


def hush_pika() -> None:
    """What it has to say, `staffroll.bus` says in one line."""
    logging.getLogger("pika").setLevel(logging.CRITICAL)


@contextmanager
def errors_only() -> Iterator[None]:
    """For a command that somebody waits for at a terminal: what it has to say, it says itself."""
    before = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    hush_pika()
    try:
        yield
    finally:
        structlog.configure(**before)
