"""Creating once, however often it is asked for: the key lies in the created document.

So no second write and no second collection is needed, and what erases the document
erases the key (R62). A unique partial index over ``once.key`` decides between two
requests at the same moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeVar

from staffroll.errors import Conflict, Invalid

T_co = TypeVar("T_co", covariant=True)

KEPT_FOR: Final = timedelta(hours=24)

SPENT_MAX: Final = 200
"""Keys of what was deleted that one document remembers; the newest."""


class IdempotencyKeyReused(Invalid):
    code = "idempotency_key_reused"
    wording = "This Idempotency-Key was already used for another request."


class DeletedMeanwhile(Conflict):
    code = "deleted_meanwhile"
    wording = "What this Idempotency-Key created was deleted meanwhile; it is not created again."


class OnceUsed(Exception):
    """The Idempotency-Key has created something already."""


@dataclass(frozen=True, slots=True)
class Once:
    """An Idempotency-Key of one actor on one route, and a fingerprint of the body; hashes."""

    key: str
    fingerprint: str

    def document(self, now: datetime) -> dict[str, Any]:
        """In the form in which it lies in the created document, under ``once``."""
        return {"key": self.key, "fingerprint": self.fingerprint, "at": now}

    def is_repeated_by(self, stored: Mapping[str, Any], now: datetime) -> bool:
        """Whether `stored` answers this request; False where it is too old to count.

        Raises:
            IdempotencyKeyReused: The same key came with another body.
        """
        if now - stored["at"] >= KEPT_FOR:
            return False
        if stored["fingerprint"] != self.fingerprint:
            raise IdempotencyKeyReused
        return True

    def check_unspent(self, spent: Iterable[Mapping[str, Any]], now: datetime) -> None:
        """Raises unless it is another key than those of what was deleted.

        Args:
            spent: Keys as they were kept; see `spent_with`.
        Raises:
            DeletedMeanwhile, IdempotencyKeyReused.
        """
        for stored in spent:
            if stored["key"] == self.key and self.is_repeated_by(stored, now):
                raise DeletedMeanwhile


def spent_with(
    spent: Iterable[Mapping[str, Any]], gone: Iterable[Mapping[str, Any] | None], now: datetime
) -> tuple[Mapping[str, Any], ...]:
    """The keys of what was deleted, as far as they count still.

    Args:
        gone: Of what is being deleted; as kept, None of what had none.
    """
    every = (*spent, *filter(None, gone))
    return tuple(one for one in every if now - one["at"] < KEPT_FOR)[-SPENT_MAX:]


class OnceStore(Protocol[T_co]):
    """Where documents with a ``once`` lie."""

    def find_once(self, once: Once) -> tuple[T_co, dict[str, Any]] | None:
        """What the key created, and how it was kept."""

    def forget_once(self, once: Once, kept_at: datetime) -> None:
        """Free a key as it was kept at that moment; a newer document's stays."""


def created_before(once: Once | None, store: OnceStore[T_co], now: datetime) -> T_co | None:
    """What an earlier request with the same key created, if any; an outlived key is freed.

    Raises:
        IdempotencyKeyReused: See `Once.is_repeated_by`.
    """
    found = store.find_once(once) if once is not None else None
    if once is None or found is None:
        return None
    created, stored = found
    if once.is_repeated_by(stored, now):
        return created
    store.forget_once(once, stored["at"])
    return None
