"""Asking an owner to tell its objects again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from staffroll.bus.contract import Broker, Message
from staffroll.events import PLATFORM_TENANT, Event, SnapshotWish, dump_payload
from staffroll.ids import new_id

BATCH: Final = 1000
"""Ids in one request: about 40 kB."""


def ask_again(
    broker: Broker, owner: str, queue: str, tenant: str | None, subjects: Sequence[str] = ()
) -> None:
    """Wish that `owner` sends its objects to `queue`; the answer comes there.

    Args:
        subjects: Only these ids; none for all.
    Raises:
        BrokerAway: Not all wishes were taken; repeating is harmless.
    """
    batches = [subjects[start : start + BATCH] for start in range(0, len(subjects), BATCH)]
    broker.publish(Message.request(_wish(queue, tenant, batch), owner) for batch in batches or [()])


def _wish(queue: str, tenant: str | None, subjects: Sequence[str]) -> Event:
    wish = SnapshotWish(queue=queue, tenant_id=tenant, subjects=list(subjects))
    return Event(
        type="snapshot.requested",
        source="platform",
        tenant_id=tenant or PLATFORM_TENANT,
        subject=new_id(),
        sequence=0,
        data=dump_payload(wish),
        actor="system:platform",
    )
