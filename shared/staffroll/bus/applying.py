"""What becomes of one delivery: the decisions between a receiver and a handler."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from structlog.contextvars import bound_contextvars

from staffroll.bus.contract import DELIVERY_LIMIT, Delivery
from staffroll.errors import Unavailable
from staffroll.events import Event, NotAnEvent, is_known, payload_of
from staffroll.faults import log_fault

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 30.0

log = structlog.get_logger()

Observe = Callable[[Event | None, str, float], None]
"""Told of each decision: the event (None where it could not be read), the outcome, and
the seconds it took. Outcomes: ``handled``, ``ignored``, ``not_an_event``,
``invalid_data``, ``rejected``, ``paused``, ``retried``, ``handler_failed``, ``left``."""


class Reject(Exception):
    """A handler's word that the message can never be applied, by nobody.

    Its text goes into the dead letter as the reason for people, so it names the rule and
    carries no personal data.
    """


def growing_pause(failures: int, longest_seconds: float = LONGEST_PAUSE_SECONDS) -> float:
    """Seconds to wait after so many failures: doubling from 0.1 s, jittered by half."""
    pause: float = min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 20), longest_seconds)
    return pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing


@dataclass(frozen=True, slots=True)
class Applying:
    """Applies deliveries by one handler, each to the end, in the caller's thread.

    Attributes:
        handle: Applies one event; returns when it is durable.
        transient: What it may raise when its database is away.
        hold: Called with the failures of this message so far; returns True to handle it
            again, False to leave it unsettled because we are stopping.
        observe: See `Observe`.
        longest_retry_seconds: Between two tries of a message whose handler fails.
    """

    handle: Callable[[Event], None]
    transient: tuple[type[BaseException], ...]
    hold: Callable[[int], bool]
    observe: Observe
    longest_retry_seconds: float

    def apply(self, delivery: Delivery) -> None:
        """Settle the delivery, or leave it unsettled when we stop in the middle."""
        began = time.monotonic()
        event, outcome = self._apply(delivery)
        self.observe(event, outcome, time.monotonic() - began)

    def _apply(self, delivery: Delivery) -> tuple[Event | None, str]:
        try:
            event = Event.from_json(delivery.body)
        except NotAnEvent as error:
            return None, self._bury(delivery, None, "not_an_event", str(error))
        with bound_contextvars(
            event_id=event.id, tenant=event.tenant_id, correlation_id=event.correlation_id
        ):
            return event, self._apply_event(delivery, event)

    def _apply_event(self, delivery: Delivery, event: Event) -> str:
        if not is_known(event.type):
            delivery.ack()
            return "ignored"
        try:
            payload_of(event)
        except NotAnEvent as error:
            return self._bury(delivery, event, "invalid_data", str(error))
        return self._handle(delivery, event)

    def _handle(self, delivery: Delivery, event: Event) -> str:
        held: tuple[type[BaseException], ...] = (Unavailable, *self.transient)
        failures = 0
        while True:
            try:
                self.handle(event)
            except Reject as error:
                reason = str(error) or type(error).__name__
                return self._bury(delivery, event, "rejected", reason)
            except held as error:
                failures += 1
                log.info("bus.handler_waits", error=type(error).__name__, type=event.type)
                self.observe(event, "paused", 0.0)
                if not self.hold(failures):
                    return "left"
            except Exception as error:  # noqa: BLE001 - whatever a handler may raise
                return self._failed(delivery, event, error)
            else:
                delivery.ack()
                return "handled"

    def _failed(self, delivery: Delivery, event: Event, error: Exception) -> str:
        log_fault(
            "bus.handler_failed",
            error,
            type=event.type,
            queue=delivery.queue,
            deliveries=delivery.deliveries,
        )
        if delivery.deliveries >= DELIVERY_LIMIT:
            return self._bury(delivery, event, "handler_failed", type(error).__name__)
        delivery.retry(growing_pause(delivery.deliveries, self.longest_retry_seconds))
        return "retried"

    def _bury(self, delivery: Delivery, event: Event | None, reason: str, error: str) -> str:
        log.warning(
            "bus.buried",
            reason=reason,
            error=error,
            type=event.type if event else None,
            queue=delivery.queue,
        )
        delivery.bury(reason, error)
        return reason
