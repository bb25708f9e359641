"""What is counted and logged of each message that a consumer has decided about."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from staffroll import clock
from staffroll.bus.applying import Observe
from staffroll.bus.topology import SERVICES, queues
from staffroll.events import Event, is_known
from staffroll.observing import metrics

_log = structlog.get_logger()


def observing(service: str, queue_names: Sequence[str]) -> Observe:
    """What a consumer of these queues is to be observed with; see `Observe`."""
    is_follower = set(queue_names) <= set(queues(service))

    def observe(event: Event | None, outcome: str, seconds: float) -> None:
        kind = _kind_of(event)
        metrics.MESSAGES.labels(service, kind, outcome).inc()
        if outcome == "paused":  # it is still in hand, and observed again at its end
            return
        metrics.MESSAGE_DURATION.labels(service, kind).observe(seconds)
        if event is None:
            return
        if outcome == "handled" and is_follower and not event.replay:
            source = event.source if event.source in SERVICES else "unknown"
            metrics.SYNC_DELAY.labels(service, source).observe(delay_seconds(event))
        # What is told again comes in thousands, and nothing happened.
        log = _log.debug if event.replay and outcome == "handled" else _log.info
        log(
            "message",
            service=service,
            type=kind,
            outcome=outcome,
            milliseconds=round(seconds * 1000, 1),
            event_id=event.id,
            correlation_id=event.correlation_id,
            tenant=event.tenant_id,
        )

    return observe


def delay_seconds(event: Event) -> float:
    """From the event's time, by its source's clock, to now, by ours; never negative."""
    return max(0.0, (clock.now() - event.time).total_seconds())


def _kind_of(event: Event | None) -> str:
    """A label for metrics: each is kept for ever, so strangers must not invent them."""
    if event is None:
        return "unreadable"
    return event.type if is_known(event.type) else "unknown"
