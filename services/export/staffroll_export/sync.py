"""What export hears: all that accounts tells. It owns nothing, so nobody asks it for any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from staffroll import clock
from staffroll.bootstrap import Bootstrap
from staffroll.bus.consumer import Consumer
from staffroll.directory import FOLLOWED, Directory
from staffroll.events import Event, payload_of
from staffroll.runtime import Runtime
from staffroll.scope import Actor, Scope
from staffroll_export.actions import ExportScope, following
from staffroll_export.store import Store

OWNER: Final = "accounts"
"""The one service that export follows."""

USER_NEWS: Final = frozenset(
    {
        "user.created",
        "user.updated",
        "user.deactivated",
        "user.reactivated",
        "user.deleted",
        "user.locked",
        "user.unlocked",
        "user.sessions-revoked",
    }
)
"""All carry the user's whole state, so that the type does not matter."""


def make_handler(runtime: Runtime) -> Callable[[Event], None]:
    """What applies one message of export's queues."""
    directory = Directory(runtime.platform)

    def handle(event: Event) -> None:
        if event.type in FOLLOWED:
            directory.follow(event)
        elif event.type in USER_NEWS:
            following.follow(event, payload_of(event), _scope(event, runtime))

    return handle


def make_bootstrap(runtime: Runtime) -> Bootstrap:
    """Catching up with accounts."""

    def start(handle: Callable[[Event], None], queue: str) -> Consumer:
        # Only where something is consumed, so that commands start without a web server.
        from staffroll.process import consumer_on

        consumer = consumer_on(runtime, handle, [queue])
        consumer.start()
        return consumer

    return Bootstrap(runtime, OWNER, make_handler(runtime), start)


def _scope(event: Event, runtime: Runtime) -> ExportScope:
    return Scope(
        tenant_id=event.tenant_id,
        actor=Actor(event.actor, is_admin=True),
        store=Store(runtime.tenant(event.tenant_id), runtime.outbox),
        now=clock.now(),
        correlation_id=event.correlation_id,
    )
