"""Setting webhooks up, and looking at what was sent to them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from staffroll.errors import NotFound, Stale, Unavailable
from staffroll.idempotency import Once, OnceUsed, created_before
from staffroll.ids import new_id
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions.changing import change
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.domain import deliveries as delivery_rules
from staffroll_accounts.domain import webhooks as rules
from staffroll_accounts.domain.deliveries import Delivery
from staffroll_accounts.domain.errors import WebhookDisabled
from staffroll_accounts.domain.signatures import SECRET_BYTES, shown_secret
from staffroll_accounts.domain.users import SOURCE, Decision, User
from staffroll_accounts.domain.webhook_urls import Reach
from staffroll_accounts.domain.webhooks import NewWebhook, Reason, Webhook, WebhookDecision

TESTS_PER_MINUTE: Final = 20
"""Of one tenant: test events go to whatever address somebody has typed, and go at once."""

_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class WithSecret:
    """A webhook, and its secret in plain text."""

    webhook: Webhook
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some deliveries, the newest first, how many there are in all, and where more follow."""

    deliveries: list[Delivery]
    total: int
    end: str | None


def create(
    new: NewWebhook, scope: AccountsScope, reach: Reach, once: Once | None = None
) -> WithSecret:
    """A new webhook; repeated with the same `once`, the one that it created.

    Raises:
        WebhookUrlRefused, WebhookEventUnknown: See `domain`.
        TooManyWebhooks: There are `MOST_WEBHOOKS`.
        Unavailable: What the key created is being forgotten at this very moment.
    """
    if earlier := created_before(once, scope.store.webhooks, scope.now):
        return _with_secret(earlier, scope)
    reach.target(new.url)
    decision = rules.create(new, new_id(), _new_secret(scope), scope.cause(SOURCE))
    try:
        scope.store.webhooks.insert(decision, scope.now, once)
    except OnceUsed as error:
        earlier = created_before(once, scope.store.webhooks, scope.now)
        if earlier is None:
            raise Unavailable from error
        return _with_secret(earlier, scope)
    return _with_secret(decision.webhook, scope)


def edit(
    webhook_id: str,
    changes: Mapping[str, Any],
    scope: AccountsScope,
    reach: Reach,
    *,
    expected: int | None,
) -> Webhook:
    """The webhook after `changes`; what waits for one that is disabled is not sent.

    Raises:
        NotFound, Stale, WebhookUrlRefused, WebhookEventUnknown.
        StepUpNeeded: Another URL, and the actor has not shown lately who they are.
        Unavailable: Too many edit the webhook at this very moment.
    """
    if "url" in changes:
        reach.target(changes["url"])

    def decide(webhook: Webhook) -> WebhookDecision:
        decision = rules.edit(webhook, changes, scope.cause(SOURCE))
        if decision.webhook.url != webhook.url:
            scope.check_fresh()
        return decision

    return _decide(webhook_id, scope, decide, expected)


def rotate(webhook_id: str, scope: AccountsScope, *, expected: int | None) -> WithSecret:
    """The webhook with a new secret. Raises `NotFound`, `Stale`, `Unavailable`."""
    sealed = _new_secret(scope)
    cause = scope.cause(SOURCE)
    rotated = _decide(
        webhook_id, scope, lambda webhook: rules.rotate(webhook, sealed, cause), expected
    )
    return _with_secret(rotated, scope)


def disable(webhook_id: str, reason: Reason, scope: AccountsScope) -> None:
    """Nothing is sent any more, nothing that waits either. Raises `NotFound`, `Unavailable`."""
    cause = scope.cause(SOURCE)
    _decide(webhook_id, scope, lambda webhook: rules.disable(webhook, reason, cause))


def delete(webhook_id: str, scope: AccountsScope, *, expected: int | None) -> None:
    """The webhook and its log are no more. Raises `NotFound`, `Stale`, `Unavailable`."""
    for _ in range(_TRIES):
        webhook = _found(webhook_id, scope, expected)
        try:
            scope.store.webhooks.delete(webhook, rules.deletion(webhook, scope.cause(SOURCE)))
        except Stale:
            continue
        scope.store.deliveries.forget(webhook_id)
        return
    raise Unavailable


def try_out(webhook_id: str, scope: AccountsScope, limiter: Limiter) -> Delivery:
    """A harmless event that is sent to the webhook at once, enabled or not.

    Raises:
        NotFound.
        TooMany: The tenant has had `TESTS_PER_MINUTE`.
    """
    webhook = scope.store.webhooks.get(webhook_id)
    limiter.check_of("webhook-test", scope.tenant_id, TESTS_PER_MINUTE)
    event = delivery_rules.trial_event(webhook.id, webhook.version, scope.cause(SOURCE))
    delivery = delivery_rules.of_event(event, new_id(), webhook.id, scope.now)
    scope.store.deliveries.insert([delivery])
    return delivery


def find_deliveries(
    webhook_id: str, scope: AccountsScope, *, status: str | None, before: str | None, limit: int
) -> LogPage:
    """What was sent to the webhook, and what waits. Raises `NotFound`."""
    scope.store.webhooks.get(webhook_id)
    found, total, has_more = scope.store.deliveries.page(
        webhook_id, status=status, before=before, limit=limit
    )
    return LogPage(found, total, found[-1].id if has_more else None)


def send_again(webhook_id: str, delivery_id: str, scope: AccountsScope) -> Delivery:
    """The delivery, which is tried again from now on.

    Raises:
        NotFound.
        WebhookDisabled: Nothing is sent to it.
        DeliveryNotKept: Its content is erased by now.
    """
    webhook = scope.store.webhooks.get(webhook_id)
    kept = scope.store.deliveries.get(webhook_id, delivery_id)
    if not webhook.is_enabled and kept.type != delivery_rules.TEST:
        raise WebhookDisabled
    restarted = delivery_rules.sent_again(kept, scope.now)
    scope.store.deliveries.restart(restarted)
    return restarted


def tell_admins(webhook_id: str, since: datetime, scope: AccountsScope) -> bool:
    """Let the active admins know by mail that a webhook was disabled.

    Args:
        since: When it was.
    Returns:
        False where somebody else does it at this moment, or has done it.
    Raises:
        Unavailable: Too many change one of them at this very moment.
    """
    webhooks = scope.store.webhooks
    if not webhooks.claim_notice(webhook_id, since, scope.now):
        return False
    webhook = webhooks.find(webhook_id)
    if webhook is not None and not webhook.is_enabled:
        for admin in scope.store.users.admins():
            _tell(admin, webhook, scope)
    webhooks.told(webhook_id, since)
    return True


def _tell(admin_id: str, webhook: Webhook, scope: AccountsScope) -> None:
    def decide(user: User) -> Decision:
        return Decision(user, mails=(rules.notice(webhook, user),))

    with suppress(NotFound):
        change(admin_id, scope, decide)


def _decide(
    webhook_id: str,
    scope: AccountsScope,
    decide: Callable[[Webhook], WebhookDecision],
    expected: int | None = None,
) -> Webhook:
    for _ in range(_TRIES):
        webhook = _found(webhook_id, scope, expected)
        try:
            decided = scope.store.webhooks.save(decide(webhook), webhook, scope.now)
        except Stale:
            continue
        if webhook.is_enabled and not decided.is_enabled:
            scope.store.deliveries.give_up_waiting(webhook_id, "disabled")
        return decided
    raise Unavailable


def _found(webhook_id: str, scope: AccountsScope, expected: int | None) -> Webhook:
    webhook = scope.store.webhooks.get(webhook_id)
    if expected is not None and expected != webhook.version:
        raise Stale
    return webhook


def _new_secret(scope: AccountsScope) -> bytes:
    return scope.store.at_rest.encrypt(secrets.token_bytes(SECRET_BYTES))


def _with_secret(webhook: Webhook, scope: AccountsScope) -> WithSecret:
    key = scope.store.at_rest.decrypt(webhook.sealed_secret)
    return WithSecret(webhook, shown_secret(key))
