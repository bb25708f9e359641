"""Asking an owner to tell again what it has, as who starts late does."""

from __future__ import annotations

from collections.abc import Iterable

from staffroll import clock
from staffroll.bus.contract import Broker, Message
from staffroll.events import PLATFORM_TENANT, Cause, SnapshotWish


def snapshot_request(
    service: str,
    owner: str,
    queue: str,
    *,
    tenant_id: str | None = None,
    subjects: Iterable[str] = (),
) -> Message:
    """The wish that `owner` tells what it has, all or some of it, into `queue`."""
    cause = Cause(service, tenant_id or PLATFORM_TENANT, f"system:{service}", clock.now())
    wish = SnapshotWish(queue=queue, tenant_id=tenant_id, subjects=list(subjects))
    return Message.request(cause.event("snapshot.requested", owner, 0, wish), owner)


def all_settled(broker: Broker, queue: str) -> bool:
    """Whether nothing told is left in `queue`, nor in hand; what fails for ever is buried there.

    Counting what came is not enough: an owner that ended in the middle tells all once more.

    Raises:
        BrokerAway: It cannot be reached.
    """
    found = broker.look([queue]).get(queue)
    # One that is gone may have taken something with it.
    return found is not None and found.messages == 0
