"""What export hears: all that accounts tells. It owns nothing, so nobody asks it for any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from staffroll import clock
from staffroll.bootstrap import Bootstrap
from staffroll.directory import FOLLOWED, Directory
from staffroll.events import USER_EVENTS, Event, payload_of
from staffroll.open_tenants import unless_deleted
from staffroll.runtime import Runtime
from staffroll.scope import Actor, Scope
from staffroll_export.actions import ExportScope, following
from staffroll_export.here import store_of

OWNER: Final = "accounts"
"""The one service that export follows."""


def make_handler(runtime: Runtime) -> Callable[[Event], None]:
    """What applies one message of export's queues."""
    directory = Directory(runtime.platform)

    def handle(event: Event) -> None:
        if event.type in FOLLOWED:
            directory.follow(event)
        elif event.type in USER_EVENTS:
            following.follow(event, payload_of(event), _scope(event, runtime))

    return unless_deleted(handle, directory.tenant_status)


def make_bootstrap(runtime: Runtime) -> Bootstrap:
    """Catching up with accounts."""
    return Bootstrap(runtime, OWNER, make_handler(runtime))


def _scope(event: Event, runtime: Runtime) -> ExportScope:
    return Scope(
        tenant_id=event.tenant_id,
        actor=Actor(event.actor, is_admin=True),
        store=store_of(runtime, event.tenant_id),
        now=clock.now(),
        correlation_id=event.correlation_id,
    )
