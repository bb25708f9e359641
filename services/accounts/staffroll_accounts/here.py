"""What a process of accounts has at hand, made from its runtime."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from functools import lru_cache
from typing import cast

from cryptography.fernet import MultiFernet

from staffroll import clock
from staffroll.mongo.limiting import MovingWindow
from staffroll.runtime import Runtime
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.domain.sessions import Lifetime
from staffroll_accounts.domain.tenants import Tenant
from staffroll_accounts.domain.webhook_urls import Reach
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.refresh_tokens import RefreshTokens
from staffroll_accounts.settings import AccountsSettings
from staffroll_accounts.store import Keys, Store, all_tenants, cipher
from staffroll_accounts.store.deliveries import WaitingDeliveries
from staffroll_accounts.store.mails import WaitingMails
from staffroll_accounts.store.reset_requests import DueResets
from staffroll_accounts.store.webhooks import Untold, tenants_with_webhooks, untold
from staffroll_accounts.tokens import Issuer, Tokens
from staffroll_accounts.webhooks.hearing import Bindings


def settings_of(runtime: Runtime) -> AccountsSettings:
    return cast(AccountsSettings, runtime.settings)


@lru_cache(maxsize=8)
def _cipher(secret: str) -> MultiFernet:
    return cipher(secret)


def at_rest_of(runtime: Runtime) -> MultiFernet:
    """Encrypts what must be readable again: signing keys, seeds, mail that waits."""
    return _cipher(settings_of(runtime).secret_key)


def store_of(runtime: Runtime, tenant_id: str) -> Store:
    """What one tenant has in accounts."""
    return Store(runtime.tenant(tenant_id), runtime.outbox, at_rest_of(runtime), runtime.plugins)


def tenants_of(runtime: Runtime) -> Iterator[Tenant]:
    """Every tenant there is, deleted ones included."""
    return all_tenants(runtime.platform)


def status_of(runtime: Runtime) -> Callable[[str], str | None]:
    """What gives a tenant's status by its id; None where there is no such tenant."""
    return lambda tenant_id: store_of(runtime, tenant_id).tenants.status()


def keys_of(runtime: Runtime) -> Keys:
    """The platform's signing keys."""
    return Keys(runtime.platform, runtime.outbox, at_rest_of(runtime))


def tokens_of(runtime: Runtime) -> Tokens:
    """What sessions are issued with."""
    settings = settings_of(runtime)
    return Tokens(
        issuer=Issuer(keys_of(runtime), settings.access_token_seconds),
        refresh=RefreshTokens(settings.secret_key),
        lifetime=Lifetime(
            idle=timedelta(seconds=settings.session_idle_seconds),
            longest=timedelta(seconds=settings.session_longest_seconds),
        ),
    )


def limiter_of(runtime: Runtime) -> Limiter:
    """Counts tries, together with all other processes."""
    return Limiter(settings_of(runtime), MovingWindow(runtime.platform))


def passwords_of(runtime: Runtime) -> Passwords:
    return Passwords(settings_of(runtime))


def waiting_mails_of(runtime: Runtime) -> WaitingMails:
    """The mail that waits, of all tenants."""
    return WaitingMails(runtime.platform)


def due_resets_of(runtime: Runtime) -> DueResets:
    """The requests for a reset mail, of all tenants."""
    return DueResets(runtime.platform)


def reach_of(runtime: Runtime) -> Reach:
    """Where webhooks may lead."""
    return Reach.read(settings_of(runtime).webhook_networks)


def bindings_of(runtime: Runtime) -> Bindings:
    """What is heard of for webhooks."""
    return Bindings(runtime.broker, lambda: tenants_with_webhooks(runtime.platform))


def listening_of(runtime: Runtime) -> Callable[[str], None]:
    """What lets the events of a tenant be heard for webhooks from now on; while the broker is
    away it does nothing, since the web never waits for it, and a chore does it later."""
    bindings = bindings_of(runtime)

    def listen(tenant_id: str) -> None:
        if runtime.outbox.is_connected:
            bindings.bind(tenant_id)

    return listen


def waiting_deliveries_of(runtime: Runtime) -> WaitingDeliveries:
    """What waits to be sent to webhooks, of all tenants."""
    return WaitingDeliveries(runtime.platform)


def untold_webhooks_of(runtime: Runtime, without: Collection[str] = ()) -> Iterator[Untold]:
    """Webhooks that were disabled without the admins' knowing, of all tenants, but for these."""
    return untold(runtime.platform, clock.now(), without)
