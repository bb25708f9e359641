"""Making the file of an export job, piece by piece (R91).

A file is written by one writer from one moment's rows, from beginning to end, so that it is
never a mixture; a writer that is interrupted leaves it to the next to begin anew.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from io import BufferedIOBase
from typing import Final

from staffroll.errors import Refused, Unavailable
from staffroll.jobs import Job, Progress
from staffroll.plugins import Row
from staffroll.plugins.errors import PluginFailed
from staffroll_export.actions import ExportScope
from staffroll_export.actions.exports import chosen_format, count, filename, selected, write
from staffroll_export.domain.formats import Choice
from staffroll_export.domain.wanted import Wanted
from staffroll_export.streaming import CHUNK_BYTES, Abandoned, Download

EXPORT: Final = "export"
"""The kind of job."""

READ: Final = "export.users:read"
"""What whoever started one must be allowed still."""

_CHUNKS_IN_PIECE: Final = 16
PIECE_BYTES: Final = _CHUNKS_IN_PIECE * CHUNK_BYTES
"""Of every piece but the last."""

STARTS_MAX: Final = 10

_STEP_SECONDS: Final = 2.0
"""How long a step waits for its piece: some formats read for minutes before they write, and a
job whose steps do not end is taken for forsaken."""


class ExportInterrupted(Refused):
    code = "export_interrupted"
    wording = "The export was interrupted {times} times and begun anew; it takes too long."


class FormatFailed(Refused):
    """As `PluginFailed`, which would be tried again for ever."""

    code = "format_failed"
    wording = "The plugin {plugin} could not write the file."


class FileMaking:
    """One writer, from the beginning of the file on; to be closed.

    Args:
        job: As it was taken up; what an earlier writer left of it is written anew.
    Raises:
        ExportInterrupted: Others have begun it often enough.
        FormatUnknown, FormatMissing, FormatMisconfigured: The tenant may not choose the format
            any more.
    """

    def __init__(self, job: Job, scope: ExportScope) -> None:
        starts = job.position.get("starts", 0)
        if starts >= STARTS_MAX:
            raise ExportInterrupted(times=starts)
        wanted = Wanted.of(job.request)
        chosen = chosen_format(wanted, scope)
        self._files = scope.store.jobs.files
        self._fixed = {
            "starts": starts + 1,
            # Asked before the rows are read, so that they are at least so new (R92).
            "as_of": scope.store.newest_told_at(),
            "filename": filename(chosen, scope),
            "media_type": chosen.content_type,
        }
        self._total = count(wanted, scope)
        self._pieces = self._size_bytes = self._rows_read = 0
        self._chunks: list[bytes] = []
        self._is_stopping = self._is_closed = False
        rows = self._counted(selected(wanted, scope, at_one_moment=True))
        self._download = Download(lambda out: _write(chosen, rows, out))

    def step(self, job: Job) -> Progress:
        """Write the next piece, if it is there in time.

        Raises:
            Unavailable: It was stopped; another writer may begin anew at once.
            JobLost: Another writer has begun already.
            FormatFailed: The plugin whose format it is fails.
        """
        if self._is_stopping:
            raise Unavailable(0)
        self._gather()
        is_over = self._download.is_over
        if self._chunks and (is_over or len(self._chunks) == _CHUNKS_IN_PIECE):
            piece = b"".join(self._chunks)
            self._files.write(job.id, self._pieces, piece, claim=job.claim)
            self._pieces += 1
            self._size_bytes += len(piece)
            self._chunks.clear()
        written = {"pieces": self._pieces, "size_bytes": self._size_bytes}
        return Progress(
            {**self._fixed, **written},
            # From what an earlier writer had done to what this one has.
            done=self._rows_read - job.done,
            total=self._rows_read if is_over else max(self._total, self._rows_read),
            is_over=is_over,
        )

    def stop(self) -> None:
        """Let the next step be the last."""
        self._is_stopping = True

    def close(self) -> None:
        """Let go of rows and thread; can be called again."""
        self._is_closed = True
        self._download.close()

    def _gather(self) -> None:
        """Chunks for one piece, as far as they come in time."""
        deadline = time.monotonic() + _STEP_SECONDS
        while len(self._chunks) < _CHUNKS_IN_PIECE:
            try:
                chunk = self._download.take(max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                return
            if chunk is None:
                return
            self._chunks.append(chunk)

    def _counted(self, rows: Generator[Row]) -> Generator[Row]:
        for row in rows:
            if self._is_closed:
                # A format that has not written yet would notice only when it does.
                raise Abandoned
            self._rows_read += 1
            yield row


def _write(chosen: Choice, rows: Generator[Row], out: BufferedIOBase) -> None:
    try:
        write(chosen, rows, out)
    except PluginFailed as error:
        raise FormatFailed(plugin=error.plugin) from error
