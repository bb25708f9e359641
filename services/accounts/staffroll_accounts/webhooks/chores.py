"""What the consumer process does about webhooks."""

from __future__ import annotations

import random
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog
from prometheus_client import Counter

from staffroll import clock
from staffroll.bus.consumer import Consumer
from staffroll.bus.topology import WEBHOOKS
from staffroll.errors import Unavailable
from staffroll.events import Event
from staffroll.rounds import Rounds
from staffroll.runtime import Runtime
from staffroll.scope import Actor, Scope
from staffroll.service import Chore
from staffroll.settings import SettingsWrong
from staffroll_accounts.actions import AccountsScope, webhooks
from staffroll_accounts.actions import deliveries as actions
from staffroll_accounts.actions.deliveries import Letter, Limits
from staffroll_accounts.domain.deliveries import Attempt
from staffroll_accounts.here import (
    bindings_of,
    reach_of,
    settings_of,
    store_of,
    untold_webhooks_of,
    waiting_deliveries_of,
)
from staffroll_accounts.store.webhooks import Untold
from staffroll_accounts.webhooks.hearing import Bindings
from staffroll_accounts.webhooks.lanes import Lanes
from staffroll_accounts.webhooks.sending import Sender

ACTOR: Final = "webhooks"
DELIVERIES: Final = Counter(
    "staffroll_webhook_deliveries",
    "Tries to send something to a webhook: delivered, retried later, or failed for good.",
    ["outcome"],
)

_log = structlog.get_logger()


def chores(runtime: Runtime) -> Sequence[Chore]:
    """Hearing, sending, and disabling what fails for long.

    Raises:
        SettingsWrong: A setting of webhooks cannot be read.
    """
    bindings = bindings_of(runtime)
    hearing = Hearing(runtime, bindings)
    lanes = sending(runtime)
    return [
        Chore("hearing for webhooks", 0.5, hearing.run, hearing.close),
        Chore("binding webhooks", 2.0, bindings.run),
        Chore("sending webhooks", 0.3, lanes.run, lanes.close),
        Chore("looking after webhooks", 5.0, looking_after(runtime)),
        Chore("telling of disabled webhooks", 2.0, telling(runtime).run),
    ]


class Hearing:
    """Consumes the queue of webhooks, apart from accounts' own."""

    def __init__(self, runtime: Runtime, bindings: Bindings) -> None:
        self._runtime = runtime
        self._bindings = bindings
        self._consumer: Consumer | None = None

    def run(self) -> None:
        """Begin, once."""
        # Only where something is consumed, so that commands start without a web server.
        from staffroll.process import consumer_on

        if self._consumer is None:
            self._consumer = consumer_on(self._runtime, self.hear, [WEBHOOKS])
            self._consumer.start()

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.stop()

    def hear(self, event: Event) -> None:
        """Keep one event for whoever wants it."""
        if not actions.hear(event, _scope(self._runtime, event.tenant_id)):
            self._bindings.is_surplus(event.tenant_id)


def sending(runtime: Runtime) -> Lanes:
    """What sends; raises `SettingsWrong`."""
    post = _posting(runtime)
    limits = _limits(runtime)
    waiting = waiting_deliveries_of(runtime)

    def send_next(tenant_id: str, webhook_id: str) -> bool:
        delivery = waiting.claim(tenant_id, webhook_id, clock.now())
        if delivery is None:
            return False
        scope = _scope(runtime, tenant_id)
        outcome = actions.deliver(delivery, scope, limits, post, random.random())  # noqa: S311
        if outcome is not None:
            DELIVERIES.labels(outcome).inc()
            # Neither address nor content: the log is read by more people than the receiver.
            _log.info("webhook_tried", tenant=tenant_id, delivery=delivery.id, outcome=outcome)
        return True

    return Lanes(lambda: waiting.due(clock.now()), send_next)


def looking_after(runtime: Runtime) -> Callable[[], None]:
    """Bounds what is kept: for webhooks that take too little, and of what has arrived."""
    limits = _limits(runtime)
    waiting = waiting_deliveries_of(runtime)

    def look_after() -> None:
        for tenant_id, webhook_id, count in waiting.counts():
            with suppress(Unavailable):
                actions.look_after(webhook_id, count, _scope(runtime, tenant_id), limits)
        waiting.drop_bodies(clock.now())

    return look_after


def telling(runtime: Runtime) -> Rounds[Untold]:
    """Lets the admins know of webhooks that were disabled."""

    def tell(one: Untold) -> bool:
        return webhooks.tell_admins(one.webhook_id, one.since, _scope(runtime, one.tenant_id))

    return Rounds(
        lambda without: untold_webhooks_of(runtime, without),
        lambda one: one.webhook_id,
        tell,
        "disabled_webhook_not_told",
        (Unavailable,),
    )


def _posting(runtime: Runtime) -> Callable[[Letter], Attempt]:
    ca_file = settings_of(runtime).webhook_ca_file or None
    try:
        tls = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise SettingsWrong("STAFFROLL_WEBHOOK_CA_FILE cannot be read as PEM") from error
    sender = Sender(reach_of(runtime), tls)
    return lambda letter: sender.post(letter.url, letter.headers, letter.body)


def _limits(runtime: Runtime) -> Limits:
    settings = settings_of(runtime)
    return Limits(settings.webhook_failing_days, settings.webhook_waiting_max)


def _scope(runtime: Runtime, tenant_id: str) -> AccountsScope:
    return Scope(tenant_id, Actor.system(ACTOR), store_of(runtime, tenant_id), clock.now())
