"""Looking at a file before it is imported: a dry run whose file is kept for a while (R95).

So whoever looks sees their own rows, and need not send the file once more to import it. Until
then it lies beside the job, under an id of its own; a deletion erases it like every file (R62).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Final

from staffroll import clock
from staffroll.errors import NotFound
from staffroll.idempotency import Once, created_before
from staffroll.ids import derived_id
from staffroll.jobs import FileGone, Job
from staffroll_accounts.actions import AccountsScope, imports
from staffroll_accounts.actions.imports import PREVIEWED_LINES, Upload
from staffroll_accounts.domain import imports as rules
from staffroll_accounts.domain import tables
from staffroll_accounts.domain.imports import Line

KEPT_FOR: Final = timedelta(hours=1)

_PIECE_BYTES: Final = 512 * 1024


class KeptFile:
    """A file that was looked at."""

    def __init__(self, data: bytes, check: Job) -> None:
        self.data = data
        self._encoding: str = check.request["encoding"]

    def first_lines(self) -> list[Line]:
        """As they were read."""
        return list(islice(self._read(self._lines()), PREVIEWED_LINES))

    def lines(self, numbers: Collection[int]) -> Mapping[int, Line]:
        """Those of these numbers, by number."""
        return {line.number: line for line in self._read(self._only(numbers))}

    def _lines(self) -> Iterator[str]:
        return tables.lines_of(self.data, self._encoding)

    def _only(self, numbers: Collection[int]) -> Iterator[str]:
        """The header and the lines that are asked for; those between as if they were empty."""
        has_header, last = False, max(numbers, default=0)
        for number, line in enumerate(self._lines(), 1):
            if has_header and number > last:
                return
            yield line if not has_header or number in numbers else ""
            has_header = has_header or bool(line.strip())

    def _read(self, lines: Iterator[str]) -> Iterator[Line]:
        return rules.lines(*tables.read(lines, known=rules.COLUMNS, needed=rules.NEEDED))


def check(upload: Upload, scope: AccountsScope) -> Job:
    """A new dry run of the file, which is kept for `KEPT_FOR`.

    Raises:
        As `imports.start`.
    """
    job = imports.start(replace(upload, dry_run=True), scope).job
    _keep(job, upload.data, scope)
    return job


def kept_file(check: Job, scope: AccountsScope) -> KeptFile:
    """What was looked at.

    Raises:
        NotFound: This is no check of the actor's.
        FileGone: It was kept too long ago, or was erased.
    """
    if check.created_by != scope.actor.id or not check.request["dry_run"]:
        raise NotFound
    pieces = scope.store.jobs.files.read(_kept_under(check))
    size_bytes, data = int(next(pieces)), b"".join(pieces)
    if len(data) != size_bytes:
        raise FileGone
    return KeptFile(data, check)


def started_from(check: Job, scope: AccountsScope) -> Job | None:
    """The import that was started from the check, if any."""
    return created_before(_once(check), scope.store.jobs, scope.now)


def start(check_id: str, scope: AccountsScope) -> Job:
    """Import what was looked at; repeated, the same job.

    Raises:
        NotFound, FileGone: As `kept_file`; also where somebody was deleted since, who may be in it.
        TooManyImports, Unavailable: As `imports.start`.
    """
    looked_at = scope.store.jobs.get(check_id, rules.KIND)
    if earlier := started_from(looked_at, scope):
        return earlier
    kept = kept_file(looked_at, scope)
    if scope.store.tombstones.any_between(looked_at.created_at, scope.now):
        raise FileGone
    upload = Upload(kept.data, invite=looked_at.request["invite"], sent_at=looked_at.created_at)
    started = imports.start(upload, scope, _once(looked_at))
    _erase(looked_at, scope)
    return started.job


def cancel(job_id: str, scope: AccountsScope) -> Job:
    """The job, which ends as `Jobs.cancel` says; of a check, the file is forgotten, too.

    Raises:
        NotFound.
    """
    job = scope.store.jobs.cancel(job_id, rules.KIND, scope.now)
    _erase(job, scope)
    return job


def _keep(job: Job, data: bytes, scope: AccountsScope) -> None:
    files, under = scope.store.jobs.files, _kept_under(job)
    # How long it is stands first: what was kept in part is of no use.
    files.write(under, 0, str(len(data)).encode(), kept_for=KEPT_FOR)
    for n, at in enumerate(range(0, len(data), _PIECE_BYTES), 1):
        files.write(under, n, data[at : at + _PIECE_BYTES], kept_for=KEPT_FOR)
    # Whoever erased it for a deletion meanwhile has seen only a part.
    if scope.store.tombstones.any_between(job.created_at, clock.now()):
        _erase(job, scope)


def _erase(check: Job, scope: AccountsScope) -> None:
    scope.store.jobs.files.erase(_kept_under(check))


def _kept_under(check: Job) -> str:
    return derived_id(check.id, "looked at")


def _once(check: Job) -> Once:
    key = hashlib.sha256(f"import of check\n{check.id}".encode()).hexdigest()
    return Once(key=key, fingerprint=check.id)
