"""Export formats as one tenant has them, which never give a part for the whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import Any, Final

from staffroll.faults import log_fault
from staffroll.plugins.errors import PluginFailed
from staffroll.plugins.facts import ExportFormat, Row

HOOK: Final = "export_formats"


class WroteNonsense(Exception):
    """What a plugin wrote cannot be all; `str()` says why."""


@dataclass(frozen=True, slots=True)
class TenantFormat:
    """A format of a plugin that the tenant has enabled.

    Attributes:
        plugin: The plugin's name.
        settings: The tenant's, as the plugin's schema loaded them.
        observe: Told of each file: seconds, with those that its reader took, and ``done`` or
            ``failed``.
    """

    plugin: str
    format: ExportFormat
    settings: Any
    observe: Callable[[float, str], None] = field(repr=False)

    def write(self, rows: Iterator[Row], out: BufferedIOBase) -> None:
        """Write all rows.

        Args:
            out: Knows by ``tell()`` how many bytes were written.
        Raises:
            PluginFailed: The plugin raised, left rows unread, or wrote nothing of them.
            Exception: What `rows` raised, whatever the plugin made of that.
        """
        source, began = _Source(rows), time.perf_counter()
        try:
            self.format.write(source.rows, out, self.settings)
            source.check_used(out)
        except (Exception, SystemExit) as error:
            if source.error is not None:
                raise source.error from None
            self.observe(time.perf_counter() - began, "failed")
            log_fault("plugin_failed", error, plugin=self.plugin, hook=HOOK)
            raise PluginFailed(self.plugin) from error
        self.observe(time.perf_counter() - began, "done")


class _Source:
    """Rows as a plugin gets them.

    Attributes:
        error: What reading them raised.
    """

    def __init__(self, rows: Iterator[Row]) -> None:
        self.rows = self._read(rows)
        self.error: Exception | None = None
        self._has_any = False
        self._has_ended = False

    def check_used(self, out: BufferedIOBase) -> None:
        """Raises `WroteNonsense`, and what reading the rows raised."""
        next(self.rows, None)
        if self.error is not None:
            raise self.error
        if not self._has_ended:
            raise WroteNonsense("it left rows unread")
        if self._has_any and out.tell() == 0:
            raise WroteNonsense("it wrote nothing")

    def _read(self, rows: Iterator[Row]) -> Iterator[Row]:
        try:
            for row in rows:
                self._has_any = True
                yield row
        except Exception as error:
            self.error = error
            raise
        self._has_ended = True
