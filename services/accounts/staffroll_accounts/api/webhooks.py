"""``/v1/webhooks``: addresses to which a tenant's events are sent, and what became of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from staffroll.errors import NotFound, TooMany
from staffroll.idempotency import IdempotencyKeyReused, Once
from staffroll.ids import UUID_PATTERN
from staffroll.scope import StepUpNeeded
from staffroll.web.fields import Flag, Instant, Line
from staffroll.web.lists import CursorInvalid, PageQuerySchema, Position, page_of
from staffroll.web.resource import Resource, stands_at
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import webhooks as actions
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.actions.webhooks import WithSecret
from staffroll_accounts.domain.deliveries import STATUSES, Delivery
from staffroll_accounts.domain.errors import (
    DeliveryNotKept,
    TooManyWebhooks,
    WebhookDisabled,
    WebhookEventUnknown,
    WebhookUrlRefused,
)
from staffroll_accounts.domain.webhook_urls import URL_MAX_CHARACTERS, Reach
from staffroll_accounts.domain.webhooks import PATTERNS, NewWebhook, Webhook

_DESCRIPTION_MAX: Final = 1000


def _url(**kwargs: Any) -> fields.String:
    return fields.String(
        validate=validate.Length(min=1, max=URL_MAX_CHARACTERS),
        metadata={
            "description": "Where events are sent by POST; `https`, to a public address.",
            "example": "https://hooks.example.org/staffroll",
        },
        **kwargs,
    )


def _events(**kwargs: Any) -> fields.List[str]:
    return fields.List(
        fields.String(validate=validate.Length(min=1, max=100)),
        validate=validate.Length(min=1, max=len(PATTERNS)),
        metadata={
            "description": f"What it is told of: {', '.join(f'`{name}`' for name in PATTERNS)}.",
            "example": ["user.*"],
        },
        **kwargs,
    )


class WebhookSchema(Schema):
    """A webhook."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    url = fields.String(required=True)
    events = fields.List(fields.String(), required=True)
    description = fields.String(required=True)
    is_enabled = fields.Boolean(required=True)
    disabled_reason = fields.String(
        required=True,
        allow_none=True,
        attribute="disabled.reason",
        dump_default=None,
        metadata={"description": "`by_hand`, `failing`, `gone` or `too_many_waiting`."},
    )
    disabled_at = Instant(
        required=True, allow_none=True, attribute="disabled.at", dump_default=None
    )
    failing_since = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "The first failure since the last success."},
    )
    old_secret_good_until = Instant(
        required=True,
        allow_none=True,
        attribute="old_secret.until",
        dump_default=None,
        metadata={"description": "So long, what is sent is signed with the former secret, too."},
    )
    created_at = Instant(required=True)
    created_by = fields.String(required=True)


class WebhookWithSecretSchema(WebhookSchema):
    """A webhook with its secret, which is shown this once."""

    secret = fields.String(
        required=True, metadata={"description": "By which the receiver verifies signatures."}
    )


class WebhooksSchema(Schema):
    """All webhooks, the oldest first."""

    items = fields.List(fields.Nested(WebhookSchema), required=True)


class NewWebhookSchema(Schema):
    """A new webhook."""

    url = _url(required=True)
    events = _events(required=True)
    description = Line(max_characters=_DESCRIPTION_MAX)
    is_enabled = Flag()

    @post_load
    def _build(self, data: dict[str, Any], **_: object) -> NewWebhook:
        return NewWebhook(**{**data, "events": tuple(data["events"])})


class WebhookChangesSchema(Schema):
    """What may be changed; what is left out stays (JSON Merge Patch)."""

    url = _url()
    events = _events()
    description = Line(max_characters=_DESCRIPTION_MAX)
    is_enabled = Flag(
        metadata={"description": "What waits for a webhook that is disabled is not sent."}
    )

    @validates_schema
    def _not_empty(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("Name at least one field to change.", "body")


class AttemptSchema(Schema):
    """One try."""

    at = Instant(required=True)
    status = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Of the answer, if there was one."}
    )
    error = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Why there was none: `name_not_found`, `address_refused`, "
            "`connection_failed`, `tls_failed`, `timeout`, `no_answer` or `url_refused`."
        },
    )
    milliseconds = fields.Integer(required=True)


class DeliverySchema(Schema):
    """One event on its way to a webhook."""

    id = fields.UUID(required=True)
    event_id = fields.UUID(
        required=True, metadata={"description": "The header `webhook-id`, at every try."}
    )
    type = fields.String(required=True)
    subject = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    failure = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Why it is not tried any more: `out_of_tries`, `gone` or `disabled`."
        },
    )
    created_at = Instant(required=True)
    next_try_at = Instant(required=True, allow_none=True, attribute="due_at")
    attempts = fields.List(fields.Nested(AttemptSchema), required=True)


class DeliveryQuerySchema(PageQuerySchema):
    """Which deliveries."""

    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))


def webhooks(reach: Reach, listen: Callable[[str], None], limiter: Limiter) -> Resource:
    """The routes of ``/v1/webhooks``.

    Args:
        listen: Called with a tenant that has a webhook from now on.
        limiter: Counts test events.
    """
    bp = Resource("webhooks", __name__, description="Events for receivers outside, by HTTP.")

    @bp.get("/webhooks")
    @bp.needs("accounts.webhooks:read")
    @bp.answers(WebhooksSchema)
    def list_webhooks(scope: AccountsScope) -> dict[str, Any]:
        """List all webhooks."""
        return {"items": scope.store.webhooks.all()}

    @bp.post("/webhooks")
    @bp.needs("accounts.webhooks:edit", fresh=True)
    @bp.once_only()
    @bp.accepts(NewWebhookSchema)
    @bp.answers(
        WebhookWithSecretSchema,
        201,
        refuses=[WebhookUrlRefused, WebhookEventUnknown, TooManyWebhooks, IdempotencyKeyReused],
    )
    def create_webhook(new: NewWebhook, scope: AccountsScope, once: Once | None) -> dict[str, Any]:
        """Create a webhook; its secret is in this answer alone."""
        made = actions.create(new, scope, reach, once)
        if made.webhook.is_enabled:
            listen(scope.tenant_id)
        stands_at("get_webhook", webhook_id=made.webhook.id)
        return _with_secret(made)

    @bp.get("/webhooks/<id:webhook_id>")
    @bp.needs("accounts.webhooks:read")
    @bp.answers(WebhookSchema, refuses=[NotFound], with_etag=True)
    def get_webhook(webhook_id: str, scope: AccountsScope) -> Webhook:
        """Read a webhook."""
        return scope.store.webhooks.get(webhook_id)

    @bp.patch("/webhooks/<id:webhook_id>")
    @bp.needs("accounts.webhooks:edit")
    @bp.expects_version()
    @bp.accepts(WebhookChangesSchema)
    @bp.answers(
        WebhookSchema,
        refuses=[NotFound, WebhookUrlRefused, WebhookEventUnknown, StepUpNeeded],
        with_etag=True,
    )
    def edit_webhook(
        changes: dict[str, Any], webhook_id: str, scope: AccountsScope, expected: int | None
    ) -> Webhook:
        """Change a webhook, or enable it again.

        For another URL, password or code must have been entered within the last ten minutes.
        """
        edited = actions.edit(webhook_id, changes, scope, reach, expected=expected)
        if edited.is_enabled:
            listen(scope.tenant_id)
        return edited

    @bp.delete("/webhooks/<id:webhook_id>")
    @bp.needs("accounts.webhooks:edit")
    @bp.expects_version()
    @bp.answers(None, 204, refuses=[NotFound])
    def delete_webhook(webhook_id: str, scope: AccountsScope, expected: int | None) -> None:
        """Delete a webhook and its log; what waits for it is not sent."""
        actions.delete(webhook_id, scope, expected=expected)

    @bp.post("/webhooks/<id:webhook_id>/secret")
    @bp.needs("accounts.webhooks:edit", fresh=True)
    @bp.expects_version()
    @bp.answers(WebhookWithSecretSchema, refuses=[NotFound])
    def rotate_secret(
        webhook_id: str, scope: AccountsScope, expected: int | None
    ) -> dict[str, Any]:
        """Make a new secret; for 24 hours, what is sent is signed with the old one, too."""
        return _with_secret(actions.rotate(webhook_id, scope, expected=expected))

    @bp.post("/webhooks/<id:webhook_id>/test")
    @bp.needs("accounts.webhooks:edit")
    @bp.answers(DeliverySchema, 202, refuses=[NotFound, TooMany])
    def test_webhook(webhook_id: str, scope: AccountsScope) -> Delivery:
        """Send the event `webhook.test`, once; the log shows what became of it."""
        return actions.try_out(webhook_id, scope, limiter)

    @bp.get("/webhooks/<id:webhook_id>/deliveries")
    @bp.needs("accounts.webhooks:read")
    @bp.asks(DeliveryQuerySchema)
    @bp.answers(page_of(DeliverySchema), refuses=[NotFound, CursorInvalid])
    def list_deliveries(
        query: dict[str, Any], webhook_id: str, scope: AccountsScope
    ) -> dict[str, Any]:
        """List what was sent within the last 30 days, and what waits; the newest first."""
        page = actions.find_deliveries(
            webhook_id,
            scope,
            status=query["status"],
            before=_before(query["cursor"]) if query["cursor"] else None,
            limit=query["limit"],
        )
        return {
            "items": page.deliveries,
            "total": page.total,
            "next_cursor": Position("", page.end).to_cursor() if page.end else None,
        }

    @bp.post("/webhooks/<id:webhook_id>/deliveries/<id:delivery_id>/redeliver")
    @bp.needs("accounts.webhooks:edit")
    @bp.answers(DeliverySchema, 202, refuses=[NotFound, WebhookDisabled, DeliveryNotKept])
    def redeliver(webhook_id: str, delivery_id: str, scope: AccountsScope) -> Delivery:
        """Send something again, under the same id; what arrived is kept for three days."""
        return actions.send_again(webhook_id, delivery_id, scope)

    return bp


def _with_secret(made: WithSecret) -> dict[str, Any]:
    shown = {"is_enabled": made.webhook.is_enabled, "secret": made.secret}
    return {**asdict(made.webhook), **shown}


def _before(cursor: str) -> str:
    position = Position.from_cursor(cursor)
    if not UUID_PATTERN.match(position.id):
        raise CursorInvalid
    return position.id
