"""Exporting the user list."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from io import BufferedIOBase
from zoneinfo import ZoneInfo

from staffroll.search import Term
from staffroll_export.actions import ExportScope
from staffroll_export.domain.errors import CatchingUp
from staffroll_export.domain.formats import CSV, ExportFormat, find_format
from staffroll_export.domain.rows import Row
from staffroll_export.streaming import Download, Downloads


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which users, in which form; as the user list takes it (R10-R13)."""

    format_name: str
    is_billed: bool
    terms: tuple[Term, ...]
    roles: Sequence[str]


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


def export_users(
    wanted: Wanted, scope: ExportScope, downloads: Downloads, waits: Callable[[], str | None]
) -> Export:
    """The same rows in the same order as the list with the same parameters (R14, R90).

    Args:
        waits: What export still waits for before it knows all users, or None.
    Raises:
        FormatUnknown: There is no such format.
        CatchingUp: A part of the list would look like the whole.
        TooManyDownloads: This process serves as many as it may.
    """
    if waits() is not None:
        raise CatchingUp
    chosen = find_format(wanted.format_name, formats(scope))
    # Asked before the rows are read, so that they are at least so new.
    as_of = scope.store.newest_told_at()

    def write(out: BufferedIOBase) -> None:
        with closing(_rows(wanted, scope)) as rows:
            chosen.write(rows, out, {})

    return Export(
        filename=f"users-{scope.tenant_id}-{_today(scope)}.{chosen.extension}",
        media_type=chosen.media_type,
        as_of=as_of,
        download=downloads.start(write),
    )


def _rows(wanted: Wanted, scope: ExportScope) -> Generator[Row]:
    return scope.store.each(
        status="active" if wanted.is_billed else "deactivated",
        terms=wanted.terms,
        roles=wanted.roles,
    )


def _today(scope: ExportScope) -> str:
    """The date in the tenant's time zone."""
    zone = ZoneInfo(scope.store.directory.house().time_zone)
    return scope.now.astimezone(zone).date().isoformat()
