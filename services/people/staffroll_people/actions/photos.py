"""The photo of a person: kept, read, deleted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from staffroll.audit import AuditEntry, noted
from staffroll.errors import Unavailable
from staffroll.followed import NotConfirmed
from staffroll_people.actions import PeopleScope
from staffroll_people.domain.persons import SOURCE
from staffroll_people.domain.photos import redrawn
from staffroll_people.store.photos import Kept

_PATIENCE_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 5

IN_LINE: Final = 4
"""Of the eight threads that a worker has by default; the others go on serving."""

_one_at_a_time = threading.Lock()
"""Decoding takes up to some 100 MB, so that a process does it once at a time."""

in_line = threading.BoundedSemaphore(IN_LINE)
"""The places of whoever decodes, or waits for their turn."""


def put(
    person_id: str,
    sent: Callable[[], tuple[str, bytes]],
    scope: PeopleScope,
    *,
    expected: int | None,
) -> int:
    """The person's photo is this one; its version.

    Args:
        sent: Reads what was sent: its media type, and its bytes.
    Raises:
        NotFound, NotConfirmed: There is no such person, or accounts has not confirmed them.
        PhotoUnreadable, PhotoAnimated, PhotoTooLarge: See `domain.photos.redrawn`.
        Stale: There is another photo than the one that was expected.
        Unavailable: Too many photos are being sent at this moment.
    """
    _check_known(person_id, scope)
    media_type, data = sent()
    with _turn():
        photo = redrawn(data, media_type)
    return scope.store.photos.put(person_id, photo, _entry(person_id, scope), expected=expected)


def get(person_id: str, scope: PeopleScope) -> Kept:
    """Raises `NotFound` where there is no such person, or no photo of them."""
    _check_known(person_id, scope)
    return scope.store.photos.get(person_id)


def version(person_id: str, scope: PeopleScope) -> int | None:
    """The version of the person's photo; None where there is no photo."""
    return scope.store.photos.version(person_id)


def delete(person_id: str, scope: PeopleScope, *, expected: int | None) -> None:
    """Forget the photo.

    Raises:
        NotFound, Stale: There is none, or another than expected.
    """
    _check_known(person_id, scope)
    scope.store.photos.delete(person_id, _entry(person_id, scope), expected=expected)


@contextmanager
def _turn() -> Iterator[None]:
    """Raises `Unavailable` where too many wait already, or the wait is too long."""
    if not in_line.acquire(blocking=False):
        raise Unavailable(_RETRY_SECONDS)
    try:
        if not _one_at_a_time.acquire(timeout=_PATIENCE_SECONDS):
            raise Unavailable(_RETRY_SECONDS)
        try:
            yield
        finally:
            _one_at_a_time.release()
    finally:
        in_line.release()


def _check_known(person_id: str, scope: PeopleScope) -> None:
    if scope.store.records.get(person_id).followed.state != "confirmed":
        raise NotConfirmed


def _entry(person_id: str, scope: PeopleScope) -> AuditEntry:
    return noted(scope.cause(SOURCE), "person.updated", person_id, ["photo"])
