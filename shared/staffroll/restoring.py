"""After a service's database was put back to an earlier time: getting in step with siblings again.

What siblings have heard meanwhile is newer than what the database holds, and everyone goes by
version. So whatever a service owns gets a version above all that was ever told of it, and is
told again; and what was deleted meanwhile is deleted here too. Each service does its own part
(`staffroll.service.Service.restore`), in an order in which it can be cut off and repeated::

    restored database ──▶ keys, tenants, roles    accounts alone: told anew, so that siblings let ask
                      ──▶ catch up with accounts   the others: tombstones and newer copies arrive
                      ──▶ raise and tell           owners: above what siblings have seen
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from staffroll.bootstrap import Bootstrap, begin_again, left_buried
from staffroll.bus.topology import dead_letters_queue
from staffroll.errors import Stale, Unavailable
from staffroll.events import Event
from staffroll.runtime import Runtime
from staffroll.user_copy import UserCopy

AHEAD: Final = 1_000
"""How far above what siblings have seen: what they have yet to hear, and what other teams'
subscribers have heard, may be newer than that."""

_PATIENCE_SECONDS: Final = 120.0
_PAUSE_SECONDS: Final = 0.2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known:
    """What siblings know of a tenant that the restored service may not.

    Attributes:
        versions: By id, the highest that any has seen of what it owns; only those that differ.
        deleted: Users of whom one has a tombstone.
        tenant_status: As one heard it that heard of the end or the suspension of the tenant;
            else ``active``, or None where none has heard of it.
    """

    versions: Mapping[str, int] = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()
    tenant_status: str | None = None


class Siblings(Protocol):
    """The other services, asked by whoever was restored."""

    def known(self, tenant_id: str, here: Mapping[str, int]) -> Known:
        """What they know of the tenant.

        Args:
            here: Versions by id as the restored service has them.
        Raises:
            CouldNotAsk: One of them gave no answer.
        """

    def copy(self, tenant_id: str, user_id: str) -> UserCopy | None:
        """The user as the one knows them that has heard most; None where none has them."""


class NotAllApplied(Exception):
    """What siblings told lies in part among the dead letters; `str()` says what to do."""


def above(*versions: int) -> int:
    """A version that nobody has seen, where these were."""
    return max(versions) + AHEAD


def catch_up(runtime: Runtime, owner: str, handle: Callable[[Event], None]) -> Iterator[str]:
    """Have `owner` tell all that it has, and apply it; yields what is waited for.

    Raises:
        Unavailable: Nothing came for two minutes.
        NotAllApplied: Some of it can not be applied.
    """
    begin_again(runtime, owner)
    bootstrap = Bootstrap(runtime, owner, handle)
    said, deadline = "", time.monotonic() + _PATIENCE_SECONDS
    try:
        while (waits := bootstrap.waits()) is not None:
            if waits != said:
                yield waits
                said, deadline = waits, time.monotonic() + _PATIENCE_SECONDS
            elif time.monotonic() > deadline:
                raise Unavailable
            bootstrap.run()
            time.sleep(_PAUSE_SECONDS)
        bootstrap.run()
    finally:
        bootstrap.close()
    if left := left_buried(runtime, owner):
        name, queue = runtime.service, dead_letters_queue(runtime.service)
        raise NotAllApplied(
            f"{left} of what {owner} told could not be applied, and lie in {queue}: see `staffroll"
            f" dead-letters show --service {name}`. Mend the cause, `drop` them, and call this"
            " again: all is told once more."
        )


def patiently(act: Callable[[], T]) -> T:
    """What `act` gives, tried again while somebody is quicker or too much waits for the broker.

    Raises:
        Unavailable, Stale: It is so for two minutes.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return act()
        except (Stale, Unavailable):
            if time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE_SECONDS)
