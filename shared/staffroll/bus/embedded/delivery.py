"""One message in hand, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from staffroll.bus.contract import DELIVERY_LIMIT
from staffroll.bus.embedded.storage import Claimed


@dataclass(frozen=True, slots=True)
class Ack:
    """It is done."""


@dataclass(frozen=True, slots=True)
class Retry:
    """It is to come again, not before `after_seconds`."""

    after_seconds: float


@dataclass(frozen=True, slots=True)
class Bury:
    """It goes to the dead letters."""

    reason: str
    error: str


Verdict = Ack | Retry | Bury


class EmbeddedDelivery:
    """A `staffroll.bus.contract.Delivery`; settling it hands the verdict to the I/O thread."""

    def __init__(
        self, queue: str, claimed: Claimed, settle: Callable[[EmbeddedDelivery, Verdict], None]
    ) -> None:
        self.claimed = claimed
        self.is_settled = False
        self._queue = queue
        self._settle = settle

    @property
    def body(self) -> bytes:
        return self.claimed.body.encode()

    @property
    def queue(self) -> str:
        return self._queue

    @property
    def deliveries(self) -> int:
        return self.claimed.deliveries

    def ack(self) -> None:
        self._settle(self, Ack())

    def retry(self, after_seconds: float) -> None:
        if self.deliveries >= DELIVERY_LIMIT:
            self.bury("delivery_limit")
        else:
            self._settle(self, Retry(after_seconds))

    def bury(self, reason: str, error: str = "") -> None:
        self._settle(self, Bury(reason, error))
