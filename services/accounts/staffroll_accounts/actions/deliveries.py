"""What happens is told to webhooks: heard, kept for each that wants it, tried, given up."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from staffroll.errors import NotFound
from staffroll.events import Event
from staffroll.ids import new_id
from staffroll_accounts.actions import AccountsScope, webhooks
from staffroll_accounts.domain import deliveries as rules
from staffroll_accounts.domain import webhooks as webhook_rules
from staffroll_accounts.domain.deliveries import TEST, Attempt, Delivery
from staffroll_accounts.domain.signatures import headers
from staffroll_accounts.domain.webhooks import EVENT_TYPES, Webhook

_LOOKED_AGAIN_AFTER: Final = timedelta(minutes=5)
"""While a tenant is suspended."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a webhook is disabled.

    Attributes:
        failing_days: Nothing that was sent to it has arrived for so long.
        most_waiting: More waits for it while it fails.
    """

    failing_days: int
    most_waiting: int


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent, where, and under which headers besides those of all."""

    url: str
    headers: dict[str, str]
    body: bytes


def hear(event: Event, scope: AccountsScope) -> bool:
    """Keep the event for each webhook of the tenant that wants it.

    Returns:
        Whether the tenant has a webhook at all.
    """
    enabled = scope.store.webhooks.enabled()
    if event.replay or event.type not in EVENT_TYPES or _is_too_late(event, scope):
        return bool(enabled)
    scope.store.deliveries.insert(
        [
            rules.of_event(event, new_id(), webhook.id, scope.now)
            for webhook in enabled
            if webhook.wants(event.type)
        ]
    )
    return bool(enabled)


def deliver(
    delivery: Delivery,
    scope: AccountsScope,
    limits: Limits,
    send: Callable[[Letter], Attempt],
    spread: float,
) -> str | None:
    """Try a delivery that was claimed, once, and keep what became of it.

    Args:
        spread: By chance, from 0 to 1; see `domain.deliveries.SPREAD`.
    Returns:
        ``delivered``, ``retried`` or ``failed``; None where nothing was tried.
    """
    webhook = scope.store.webhooks.find(delivery.webhook_id)
    if webhook is None:
        scope.store.deliveries.forget(delivery.webhook_id)
        return None
    if not webhook.is_enabled and delivery.type != TEST:
        scope.store.deliveries.settle(rules.given_up(delivery, "disabled"), delivery)
        return None
    if scope.store.tenants.status() != "active":
        scope.store.deliveries.put_off(delivery, scope.now + _LOOKED_AGAIN_AFTER)
        return None
    attempt = send(_letter(delivery, webhook, scope))
    after = rules.after(delivery, attempt, spread)
    if not scope.store.deliveries.settle(after, delivery):
        return None
    if delivery.type != TEST:
        _judge(webhook, attempt, scope, limits)
    return "retried" if after.status == "waiting" else after.status


def backlog(scope: AccountsScope, most: int) -> int:
    """How much is due, up to `most`, at webhooks that take what they get, if slowly."""
    well = [webhook.id for webhook in scope.store.webhooks.enabled() if not webhook.failing_since]
    return scope.store.deliveries.count_due(well, scope.now, most) if well else 0


def look_after(webhook_id: str, waiting: int, scope: AccountsScope, limits: Limits) -> None:
    """Disable a webhook for which too much waits. Raises `Unavailable`."""
    webhook = scope.store.webhooks.find(webhook_id)
    if webhook is None:
        scope.store.deliveries.forget(webhook_id)
    elif webhook_rules.has_too_many_waiting(webhook, waiting, limits.most_waiting):
        webhooks.disable(webhook_id, "too_many_waiting", scope)


def _is_too_late(event: Event, scope: AccountsScope) -> bool:
    """Whether it says something of somebody who is deleted by now (R62)."""
    if rules.tells_of_deletion(event):
        return False
    standing = scope.store.users.standing(event.subject)
    return standing is not None and standing["status"] == "deleted"


def _letter(delivery: Delivery, webhook: Webhook, scope: AccountsScope) -> Letter:
    keys = map(scope.store.at_rest.decrypt, webhook.sealed_secrets(scope.now))
    body = (delivery.body or "").encode()
    return Letter(webhook.url, headers(keys, delivery.event_id, body, scope.now), body)


def _judge(webhook: Webhook, attempt: Attempt, scope: AccountsScope, limits: Limits) -> None:
    if attempt.has_arrived:
        if webhook.failing_since is not None:
            scope.store.webhooks.succeeded(webhook.id)
        return
    if webhook.failing_since is None:
        scope.store.webhooks.failed(webhook.id, attempt.at)
    with suppress(NotFound):
        if attempt.is_unwanted:
            webhooks.disable(webhook.id, "gone", scope)
        elif webhook_rules.has_failed_for_long(webhook, attempt.at, limits.failing_days):
            webhooks.disable(webhook.id, "failing", scope)
