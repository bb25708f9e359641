"""Exports that are made as jobs: asked for, looked at, downloaded, given up (R91, R92)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from staffroll.errors import NotFound, Unavailable
from staffroll.idempotency import Once, OnceUsed, created_before
from staffroll.ids import new_id
from staffroll.jobs import FileGone, Job, NewJob
from staffroll_export.actions import ExportScope
from staffroll_export.actions.exports import Waits, check_caught_up, chosen_format
from staffroll_export.actions.making import EXPORT, PIECE_BYTES
from staffroll_export.domain.errors import NotMadeYet, TooManyExports
from staffroll_export.domain.wanted import Wanted

KEPT_AT_ONCE: Final = 20
"""How many exports one person may have, those that are being made included."""


@dataclass(frozen=True, slots=True)
class MadeFile:
    """The file of an export.

    Attributes:
        etag: Names these very bytes, for ever.
    """

    etag: str
    filename: str
    content_type: str
    size_bytes: int
    _pieces: Callable[[int], Iterator[bytes]]

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to `stop`, in parts.

        Raises:
            FileGone: Before the first part, or later: the file was erased.
        """
        pieces = self._pieces(start // PIECE_BYTES)
        return _cut(pieces, start % PIECE_BYTES, stop - start)


def start(wanted: Wanted, scope: ExportScope, waits: Waits, once: Once | None = None) -> Job:
    """A job that will make the file; repeated with the same `once`, the one it started.

    Raises:
        FormatUnknown, FormatMissing, FormatMisconfigured, CatchingUp: See
            `exports.export_users`.
        TooManyExports: The actor has as many as one may.
        Unavailable: What the key started is being forgotten at this very moment.
    """
    jobs = scope.store.jobs
    if earlier := created_before(once, jobs, scope.now):
        return earlier
    check_caught_up(waits)
    chosen_format(wanted, scope)
    if jobs.files_kept(EXPORT, scope.actor.id) >= KEPT_AT_ONCE:
        raise TooManyExports(max=KEPT_AT_ONCE)
    try:
        return jobs.insert(NewJob(new_id(), EXPORT, wanted.kept(), file="output"), scope, once)
    except OnceUsed as error:
        if earlier := created_before(once, jobs, scope.now):
            return earlier
        raise Unavailable from error


def get(job_id: str, scope: ExportScope) -> Job:
    """Raises `NotFound`, also where it is somebody else's and the actor is no admin."""
    job = scope.store.jobs.get(job_id, EXPORT)
    if job.created_by != scope.actor.id and not scope.actor.is_admin:
        raise NotFound
    return job


def give_up(job_id: str, scope: ExportScope) -> None:
    """It ends before its next step; if it is done, its file is erased. Raises `NotFound`."""
    job = get(job_id, scope)
    if not job.is_over:
        job = scope.store.jobs.cancel(job_id, EXPORT, scope.now)
    if job.state == "done":
        scope.store.jobs.erase_file(job_id, scope.now)


def made_file(job_id: str, scope: ExportScope) -> MadeFile:
    """The file of an export that is done.

    Raises:
        NotFound: As `get`.
        NotMadeYet: It is being made, or waits for that.
        FileGone: It could not be made, was given up, or erased with a person in it (R62).
    """
    job = get(job_id, scope)
    if not job.is_over:
        raise NotMadeYet
    if job.state != "done" or job.file_erased_at is not None:
        raise FileGone
    made, files = job.position, scope.store.jobs.files

    def pieces(first: int) -> Iterator[bytes]:
        return files.read(job.id, first, made["pieces"] - first)

    return MadeFile(
        etag=job.id,
        filename=made["filename"],
        content_type=made["media_type"],
        size_bytes=made["size_bytes"],
        _pieces=pieces,
    )


def _cut(pieces: Iterator[bytes], skip: int, length: int) -> Iterator[bytes]:
    for piece in pieces:
        part = piece[skip : skip + length]
        yield part
        length -= len(part)
        skip = 0
        if length <= 0:
            return
    if length > 0:
        raise FileGone
