"""Creating once, however often it is asked for: the key lies in the created document.

So no second write and no second collection is needed, and what erases the document
erases the key (R62). A unique partial index over ``once.key`` decides between two
requests at the same moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from staffroll.errors import Invalid

KEPT_FOR: Final = timedelta(hours=24)


class IdempotencyKeyReused(Invalid):
    code = "idempotency_key_reused"
    wording = "This Idempotency-Key was already used for another request."


@dataclass(frozen=True, slots=True)
class Once:
    """An Idempotency-Key of one actor on one route, and a fingerprint of the body; hashes."""

    key: str
    fingerprint: str

    def document(self, now: datetime) -> dict[str, Any]:
        """In the form in which it lies in the created document, under ``once``."""
        return {"key": self.key, "fingerprint": self.fingerprint, "at": now}

    def is_repeated_by(self, stored: dict[str, Any], now: datetime) -> bool:
        """Whether `stored` answers this request; False where it is too old to count.

        Raises:
            IdempotencyKeyReused: The same key came with another body.
        """
        if now - stored["at"] >= KEPT_FOR:
            return False
        if stored["fingerprint"] != self.fingerprint:
            raise IdempotencyKeyReused
        return True
