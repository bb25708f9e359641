"""Hearing from the bus, for tenants that have a webhook and for no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog

from staffroll.bus import Broker, BrokerAway
from staffroll.bus.topology import WEBHOOKS

_AGAIN_SECONDS: Final = 15.0
_AGAIN_AT_ONCE: Final = 100
"""A broker may have lost what it knew: so many tenants are bound once more, in turn, which also
shows whether it is there."""

_log = structlog.get_logger()


class Bindings:
    """Keeps the queue bound for the tenants that have an enabled webhook.

    Args:
        tenants: Those tenants, as of now.
    """

    def __init__(self, broker: Broker, tenants: Callable[[], set[str]]) -> None:
        self._broker = broker
        self._tenants = tenants
        self._bound: set[str] = set()
        self._again_at = time.monotonic() + _AGAIN_SECONDS
        self._again_after = ""
        self._surplus: set[str] = set()
        self._doubtful: set[str] = set()
        self._lock = threading.Lock()

    def bind(self, tenant_id: str) -> None:
        """Let what happens in a tenant be heard from now on, or soon, if the broker is away."""
        try:
            self._broker.bind(WEBHOOKS, patterns_of([tenant_id]))
        except BrokerAway:
            _log.info("webhooks_wait_for_broker", tenant=tenant_id)

    def is_surplus(self, tenant_id: str) -> None:
        """Something was heard of a tenant that has no webhook."""
        with self._lock:
            self._surplus.add(tenant_id)

    def run(self) -> None:
        """Bind whom it lacks, and let go of who has no webhook any more."""
        try:
            self._bind_missing()
            self._bind_some_again()
            self._let_go()
        except BrokerAway:
            self._bound = set()
            _log.info("webhooks_wait_for_broker")

    def _bind_missing(self) -> None:
        wanted = self._tenants()
        if missing := wanted - self._bound:
            self._broker.bind(WEBHOOKS, patterns_of(missing))
        self._bound = wanted

    def _bind_some_again(self) -> None:
        if time.monotonic() < self._again_at:
            return
        self._again_at = time.monotonic() + _AGAIN_SECONDS
        next_ones = sorted(one for one in self._bound if one > self._again_after)
        # All of them within a minute or so, however many there are.
        at_once = max(_AGAIN_AT_ONCE, len(self._bound) // 4)
        some = (next_ones or sorted(self._bound))[:at_once]
        if some:
            self._broker.bind(WEBHOOKS, patterns_of(some))
            self._again_after = some[-1]

    def _let_go(self) -> None:
        with self._lock:
            heard, self._surplus = self._surplus, set()
        wanted = self._tenants()
        # In two rounds running: to let go of who is just making one would lose what happens until
        # they are bound again.
        surplus = self._doubtful - wanted
        self._doubtful = heard - wanted - surplus
        if not surplus:
            return
        self._broker.unbind(WEBHOOKS, patterns_of(surplus))
        # Whoever has made one in this very moment has bound it before we let it go.
        if returned := surplus & self._tenants():
            self._broker.bind(WEBHOOKS, patterns_of(returned))


def patterns_of(tenant_ids: Iterable[str]) -> Sequence[str]:
    return [f"{tenant_id}.#" for tenant_id in sorted(tenant_ids)]
