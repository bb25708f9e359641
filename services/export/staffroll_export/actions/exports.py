"""Exporting the user list while it is read."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from io import BufferedIOBase
from zoneinfo import ZoneInfo

from staffroll.audit import noted
from staffroll.plugins import Row
from staffroll.plugins.tenant import TenantPlugins
from staffroll_export.actions import ExportScope
from staffroll_export.domain.errors import (
    CatchingUp,
    FormatMisconfigured,
    FormatMissing,
    FormatUnknown,
)
from staffroll_export.domain.formats import OWN, Choice, find_format
from staffroll_export.domain.rows import SOURCE
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
    content_type: str
    as_of: datetime | None
    download: Download


def formats(scope: ExportScope) -> Sequence[Choice]:
    """The formats that the tenant may choose from, the product's own first."""
    return _choices(_plugins(scope))


def chosen_format(wanted: Wanted, scope: ExportScope) -> Choice:
    """The format that is wanted, as the tenant has set it up by now.

    Raises:
        FormatUnknown: There is none of this name, or the tenant has not switched it on.
        FormatMissing: There is none, and a plugin is missing that may have had it.
        FormatMisconfigured: Its plugin does not take its settings any more.
    """
    name, plugins = wanted.format_name, _plugins(scope)
    try:
        return find_format(name, _choices(plugins))
    except FormatUnknown:
        if plugin := plugins.misconfigured_formats.get(name):
            raise FormatMisconfigured(plugin=plugin) from None
        if plugins.missing:
            raise FormatMissing(plugins=", ".join(plugins.missing)) from None
        raise


def check_caught_up(waits: Waits) -> None:
    """Raises `CatchingUp` while a part of the list would look like the whole."""
    if waits() is not None:
        raise CatchingUp


def export_users(wanted: Wanted, scope: ExportScope, downloads: Downloads, waits: Waits) -> Export:
    """The same rows in the same order as the list with the same parameters (R14, R90).

    Raises:
        FormatUnknown, FormatMissing, FormatMisconfigured: See `chosen_format`.
        CatchingUp: A part of the list would look like the whole.
        TooManyDownloads: This process serves as many as it may.
        PluginFailed: The format's, at its beginning.
    """
    check_caught_up(waits)
    chosen = chosen_format(wanted, scope)
    named = filename(chosen, scope)
    # Asked before the rows are read, so that they are at least so new.
    as_of = scope.store.newest_told_at()
    rows = selected(wanted, scope)
    download = downloads.start(lambda out: write(chosen, rows, out))
    try:
        scope.store.audit.note(noted(scope.cause(SOURCE), "users.exported", scope.tenant_id))
    except BaseException:
        download.close()
        raise
    return Export(
        filename=named,
        content_type=chosen.content_type,
        as_of=as_of,
        download=download,
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


def write(chosen: Choice, rows: Generator[Row], out: BufferedIOBase) -> None:
    """Everything that a format makes of the rows, which are let go of in the end."""
    with closing(rows):
        chosen.write(rows, out)


def filename(chosen: Choice, scope: ExportScope) -> str:
    """With the date in the tenant's time zone."""
    zone = ZoneInfo(scope.store.directory.house().time_zone)
    today = scope.now.astimezone(zone).date().isoformat()
    return f"users-{scope.tenant_id}-{today}.{chosen.format.extension}"


def _plugins(scope: ExportScope) -> TenantPlugins:
    return scope.store.plugins.of(scope.tenant_id, *scope.store.directory.plugins())


def _choices(plugins: TenantPlugins) -> list[Choice]:
    theirs = [Choice(one.format, one.plugin, one.write) for one in plugins.export_formats()]
    return [OWN, *theirs]


_STATUS = {"billed": "active", "unbilled": "deactivated"}
