"""Exporting the user list while it is read."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from io import BufferedIOBase
from zoneinfo import ZoneInfo

from staffroll.plugins import ExportFormat, Row
from staffroll_export.actions import ExportScope
from staffroll_export.domain.errors import CatchingUp
from staffroll_export.domain.formats import CSV, find_format
from staffroll_export.domain.wanted import Wanted
from staffroll_export.streaming import Download, Downloads

Waits = Callable[[], str | None]
"""What export still waits for before it knows all users, or None."""


@dataclass(frozen=True, slots=True)
class Export:
    """A file that is being written while it is read.

    Attributes:
        as_of: When accounts told the newest news that is in it, by the clock of accounts;
            what was told later is on its way. None where nothing was ever told.
    """

    filename: str
    media_type: str
    as_of: datetime | None
    download: Download


def formats(_scope: ExportScope) -> Sequence[ExportFormat]:
    """The formats that the tenant may choose from."""
    return [CSV]


def chosen_format(wanted: Wanted, scope: ExportScope) -> ExportFormat:
    """Raises `FormatUnknown`."""
    return find_format(wanted.format_name, formats(scope))


def check_caught_up(waits: Waits) -> None:
    """Raises `CatchingUp` while a part of the list would look like the whole."""
    if waits() is not None:
        raise CatchingUp


def export_users(wanted: Wanted, scope: ExportScope, downloads: Downloads, waits: Waits) -> Export:
    """The same rows in the same order as the list with the same parameters (R14, R90).

    Raises:
        FormatUnknown: There is no such format.
        CatchingUp: A part of the list would look like the whole.
        TooManyDownloads: This process serves as many as it may.
    """
    check_caught_up(waits)
    chosen = chosen_format(wanted, scope)
    # Asked before the rows are read, so that they are at least so new.
    as_of = scope.store.newest_told_at()
    rows = selected(wanted, scope)
    return Export(
        filename=filename(chosen, scope),
        media_type=chosen.media_type,
        as_of=as_of,
        download=downloads.start(lambda out: write(chosen, rows, out)),
    )


def selected(wanted: Wanted, scope: ExportScope, *, at_one_moment: bool = False) -> Generator[Row]:
    """The rows that are wanted, in order; see `Store.each`."""
    return scope.store.each(
        status=_STATUS[wanted.status],
        terms=wanted.terms,
        roles=wanted.roles,
        at_one_moment=at_one_moment,
    )


def count(wanted: Wanted, scope: ExportScope) -> int:
    """How many rows are wanted now."""
    return scope.store.count(status=_STATUS[wanted.status], terms=wanted.terms, roles=wanted.roles)


def write(chosen: ExportFormat, rows: Generator[Row], out: BufferedIOBase) -> None:
    """Everything that a format makes of the rows, which are let go of in the end."""
    with closing(rows):
        chosen.write(rows, out, {})


def filename(chosen: ExportFormat, scope: ExportScope) -> str:
    """With the date in the tenant's time zone."""
    zone = ZoneInfo(scope.store.directory.house().time_zone)
    today = scope.now.astimezone(zone).date().isoformat()
    return f"users-{scope.tenant_id}-{today}.{chosen.extension}"


_STATUS = {"billed": "active", "unbilled": "deactivated"}
