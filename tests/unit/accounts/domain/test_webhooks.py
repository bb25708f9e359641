"""Webhooks: what they are told of, when their secret changes, when they are disabled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from staffroll.events import EVENTS
from staffroll_accounts.domain import webhooks
from staffroll_accounts.domain.errors import WebhookEventUnknown
from staffroll_accounts.domain.webhooks import (
    EVENT_TYPES,
    OLD_SECRET_GOOD_FOR,
    Disabled,
    NewWebhook,
    Webhook,
)
from tests.unit.accounts.builders import ID, NOW, a_cause, a_user


def a_webhook(**changes: Any) -> Webhook:
    known: dict[str, Any] = {
        "id": ID,
        "version": 1,
        "url": "https://hooks.example.org/secret-path",
        "events": ("user.*",),
        "sealed_secret": b"new",
        "created_at": NOW,
        "created_by": "somebody",
    }
    return Webhook(**{**known, **changes})


def a_wish(*events: str) -> NewWebhook:
    return NewWebhook("https://hooks.example.org/", events)


def test_nothing_but_what_concerns_a_tenants_people_and_roles_can_be_told() -> None:
    assert {name.split(".")[0] for name in EVENTS} - {name.split(".")[0] for name in EVENT_TYPES} == {
        "tenant", "keys", "request", "snapshot",
    }  # fmt: skip


@pytest.mark.parametrize(
    "events, wanted, unwanted",
    [
        (("*",), {"user.created", "role.deleted", "membership.ended"}, set()),
        (("user.*",), {"user.created", "user.erased"}, {"employee.created", "role.updated"}),
        (("user.created", "person.*"), {"user.created", "person.updated"}, {"user.updated"}),
    ],
)
def test_a_webhook_is_told_of_what_it_names(
    events: tuple[str, ...], wanted: set[str], unwanted: set[str]
) -> None:
    webhook = a_webhook(events=events)

    assert {name for name in wanted | unwanted if webhook.wants(name)} == wanted


@pytest.mark.parametrize(
    "name", ["user.made", "tenant.updated", "tenant.*", "keys.*", "*.created", "user", "", "use*"]
)
def test_what_nobody_says_cannot_be_asked_for(name: str) -> None:
    with pytest.raises(WebhookEventUnknown):
        webhooks.create(a_wish("user.*", name), ID, b"s", a_cause())
    with pytest.raises(WebhookEventUnknown):
        webhooks.edit(a_webhook(), {"events": [name]}, a_cause())


def test_a_new_one_names_each_event_once_and_is_noted() -> None:
    decision = webhooks.create(
        a_wish("user.created", "role.*", "user.created"), ID, b"s", a_cause()
    )

    assert decision.webhook.events == ("role.*", "user.created")
    assert decision.webhook.is_enabled
    assert [entry.action for entry in decision.audit] == ["webhook.created"]


def test_a_change_counts_a_version_and_notes_names_alone() -> None:
    decision = webhooks.edit(
        a_webhook(), {"url": "https://x.example/", "description": ""}, a_cause()
    )

    assert decision.webhook.version == 2
    assert decision.audit[0].changed == ("url",)
    assert "x.example" not in repr(decision)


def test_what_changes_nothing_is_no_change() -> None:
    webhook = a_webhook()

    assert webhooks.edit(webhook, {"is_enabled": True, "events": ["user.*"]}, a_cause()) == (
        webhooks.WebhookDecision(webhook)
    )


def test_who_enables_it_gives_it_a_new_chance() -> None:
    failed = a_webhook(disabled=Disabled("failing", NOW), failing_since=NOW - timedelta(days=6))

    enabled = webhooks.edit(failed, {"is_enabled": True}, a_cause()).webhook

    assert enabled.is_enabled
    assert enabled.failing_since is None


def test_after_a_rotation_both_secrets_sign_for_a_day() -> None:
    rotated = webhooks.rotate(a_webhook(sealed_secret=b"old"), b"new", a_cause()).webhook

    assert rotated.sealed_secrets(NOW) == [b"new", b"old"]
    assert rotated.sealed_secrets(NOW + OLD_SECRET_GOOD_FOR) == [b"new"]
    twice = webhooks.rotate(rotated, b"newest", a_cause()).webhook
    assert twice.sealed_secrets(NOW) == [b"newest", b"new"]


def test_disabling_is_told_once() -> None:
    first = webhooks.disable(a_webhook(), "failing", a_cause())

    assert first.webhook.disabled == Disabled("failing", NOW)
    assert first.is_notice_due
    assert first.audit[0].action == "webhook.disabled"
    assert not webhooks.disable(first.webhook, "gone", a_cause()).is_notice_due


def test_by_hand_nobody_needs_to_be_told() -> None:
    decision = webhooks.edit(a_webhook(), {"is_enabled": False}, a_cause())

    assert decision.webhook.disabled == Disabled("by_hand", NOW)
    assert not decision.is_notice_due


def test_it_has_failed_for_long_when_nothing_arrived_for_days() -> None:
    failing = a_webhook(failing_since=NOW)

    assert not webhooks.has_failed_for_long(a_webhook(), NOW + timedelta(days=9), 5)
    assert not webhooks.has_failed_for_long(failing, NOW + timedelta(days=4, hours=23), 5)
    assert webhooks.has_failed_for_long(failing, NOW + timedelta(days=5), 5)


def test_a_slow_one_may_have_more_waiting_than_a_failing_one() -> None:
    slow, failing = a_webhook(), a_webhook(failing_since=NOW)

    assert webhooks.has_too_many_waiting(failing, 101, 100)
    assert not webhooks.has_too_many_waiting(failing, 100, 100)
    assert not webhooks.has_too_many_waiting(slow, 1000, 100)
    assert webhooks.has_too_many_waiting(slow, 1001, 100)


def test_a_notice_names_the_host_and_no_more_of_the_url() -> None:
    disabled = replace(a_webhook(), disabled=Disabled("gone", NOW))

    mail = webhooks.notice(disabled, a_user())

    assert mail.template == "webhook-disabled"
    assert mail.data["host"] == "hooks.example.org"
    assert mail.data["reason"] == "gone"
    assert "secret-path" not in str(mail.data)
