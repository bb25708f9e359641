"""Webhooks: where a tenant wants to be told of what happens, and when it is told no longer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from staffroll.audit import AuditEntry, noted
from staffroll.events import EVENTS, Cause
from staffroll_accounts.domain.errors import WebhookEventUnknown
from staffroll_accounts.domain.mails import Mail
from staffroll_accounts.domain.users import User, mail_to
from staffroll_accounts.domain.webhook_urls import host_of

Reason = Literal["by_hand", "failing", "gone", "too_many_waiting"]

MOST_WEBHOOKS: Final = 20
"""Of one tenant."""

OLD_SECRET_GOOD_FOR: Final = timedelta(hours=24)
PATIENCE_WHILE_WELL: Final = 10
"""So many times more may wait for a webhook that takes what it gets, if slowly."""

_FAMILIES: Final = ("user", "employee", "membership", "person", "role")
EVENT_TYPES: Final = tuple(name for name in EVENTS if name.partition(".")[0] in _FAMILIES)
"""What a webhook may be told of: all that carries public state of the tenant's own."""

PATTERNS: Final = ("*", *(f"{family}.*" for family in _FAMILIES), *EVENT_TYPES)


@dataclass(frozen=True, slots=True)
class OldSecret:
    """The secret before the present one.

    Attributes:
        until: So long what is sent is signed with it, too.
    """

    sealed: bytes = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class Disabled:
    """Why nothing is sent, and since when."""

    reason: Reason
    at: datetime


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address of somebody else's to which a tenant's events are sent.

    Attributes:
        url: May hold a secret of the receiver's.
        events: Of `PATTERNS`.
        sealed_secret: The key that what is sent is signed with, encrypted.
        created_by: A user id.
        failing_since: The first failure since the last success.
    """

    id: str
    version: int
    url: str = field(repr=False)
    events: tuple[str, ...]
    sealed_secret: bytes = field(repr=False)
    created_at: datetime
    created_by: str
    description: str = ""
    old_secret: OldSecret | None = None
    disabled: Disabled | None = None
    failing_since: datetime | None = None

    @property
    def is_enabled(self) -> bool:
        return self.disabled is None

    def wants(self, event_type: str) -> bool:
        """Whether it is told of events of this type."""
        family = event_type.partition(".")[0]
        return not {"*", f"{family}.*", event_type}.isdisjoint(self.events)

    def sealed_secrets(self, now: datetime) -> list[bytes]:
        """The keys to sign with now, encrypted, the present one first."""
        old = self.old_secret
        return [self.sealed_secret, *([old.sealed] if old and now < old.until else [])]


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """What is wished of a new webhook."""

    url: str = field(repr=False)
    events: tuple[str, ...]
    description: str = ""
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class WebhookDecision:
    """What a webhook becomes, and what is noted in the audit trail: one write.

    Attributes:
        is_notice_due: The admins are to be told that nothing is sent any more.
    """

    webhook: Webhook
    audit: tuple[AuditEntry, ...] = ()
    is_notice_due: bool = False


def create(new: NewWebhook, id_: str, sealed_secret: bytes, cause: Cause) -> WebhookDecision:
    """Raises `WebhookEventUnknown`."""
    webhook = Webhook(
        id=id_,
        version=1,
        url=new.url,
        events=_tidy(new.events),
        sealed_secret=sealed_secret,
        created_at=cause.now,
        created_by=cause.actor,
        description=new.description,
        disabled=None if new.is_enabled else Disabled("by_hand", cause.now),
    )
    return WebhookDecision(webhook, (noted(cause, "webhook.created", id_),))


def edit(webhook: Webhook, changes: Mapping[str, Any], cause: Cause) -> WebhookDecision:
    """The webhook with `changes`; who enables it gives it a new chance.

    Args:
        changes: By name, of url, events, description, is_enabled.
    Raises:
        WebhookEventUnknown.
    """
    wanted = dict(changes)
    if "events" in wanted:
        wanted["events"] = _tidy(wanted["events"])
    changed = sorted(name for name, value in wanted.items() if getattr(webhook, name) != value)
    if not changed:
        return WebhookDecision(webhook)
    fields = {name: wanted[name] for name in changed}
    if "is_enabled" in fields:
        is_enabled = fields.pop("is_enabled")
        fields["disabled"] = None if is_enabled else Disabled("by_hand", cause.now)
        fields["failing_since"] = None
    edited = replace(webhook, version=webhook.version + 1, **fields)
    return WebhookDecision(edited, (noted(cause, "webhook.updated", webhook.id, changed),))


def rotate(webhook: Webhook, sealed_secret: bytes, cause: Cause) -> WebhookDecision:
    """The webhook with a new secret; the old one is good a while longer."""
    rotated = replace(
        webhook,
        version=webhook.version + 1,
        sealed_secret=sealed_secret,
        old_secret=OldSecret(webhook.sealed_secret, cause.now + OLD_SECRET_GOOD_FOR),
    )
    return WebhookDecision(rotated, (noted(cause, "webhook.secret-rotated", webhook.id),))


def disable(webhook: Webhook, reason: Reason, cause: Cause) -> WebhookDecision:
    """Nothing is sent any more, and the admins are told; nothing where that is so already."""
    if not webhook.is_enabled:
        return WebhookDecision(webhook)
    disabled = Disabled(reason, cause.now)
    changed = replace(webhook, version=webhook.version + 1, disabled=disabled)
    entry = noted(cause, "webhook.disabled", webhook.id, [reason])
    return WebhookDecision(changed, (entry,), is_notice_due=True)


def deletion(webhook: Webhook, cause: Cause) -> AuditEntry:
    """What is noted of the end of a webhook."""
    return noted(cause, "webhook.deleted", webhook.id)


def notice(webhook: Webhook, admin: User) -> Mail:
    """What an admin is told of a webhook that was disabled."""
    reason = webhook.disabled.reason if webhook.disabled else ""
    return mail_to(admin, "webhook-disabled", host=host_of(webhook.url), reason=reason)


def has_failed_for_long(webhook: Webhook, now: datetime, days: int) -> bool:
    """Whether nothing that was sent has arrived for so many days."""
    since = webhook.failing_since
    return since is not None and now - since >= timedelta(days=days)


def has_too_many_waiting(webhook: Webhook, waiting: int, most: int) -> bool:
    """Whether more waits than is kept for it."""
    return waiting > (most if webhook.failing_since else most * PATIENCE_WHILE_WELL)


def _tidy(events: Iterable[str]) -> tuple[str, ...]:
    wanted = set(events)
    if not wanted.issubset(PATTERNS):
        raise WebhookEventUnknown
    return tuple(pattern for pattern in PATTERNS if pattern in wanted)
