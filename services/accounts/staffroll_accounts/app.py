"""Accounts, wired together."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, cast

from flask import Flask, g, request

from staffroll import clock
from staffroll.errors import DatabaseAway
from staffroll.ids import TENANT_PATTERN
from staffroll.open_tenants import OpenTenants
from staffroll.runtime import Runtime
from staffroll.scope import Actor, Scope
from staffroll.standing import Standing
from staffroll.web.audit import audit
from staffroll.web.digest import digests
from staffroll.web.guard import Guard, asked_language
from staffroll.web.service_app import new_app
from staffroll.web.tokens import KeyRing
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.api.access_tokens import access_tokens
from staffroll_accounts.api.erasures import erasures
from staffroll_accounts.api.imports import imports
from staffroll_accounts.api.me import me
from staffroll_accounts.api.passwords import passwords as password_routes
from staffroll_accounts.api.plugins import plugins
from staffroll_accounts.api.roles import roles
from staffroll_accounts.api.security import security
from staffroll_accounts.api.sessions import sessions
from staffroll_accounts.api.sign_in import sign_in, well_known
from staffroll_accounts.api.tenant import tenant
from staffroll_accounts.api.two_factor import two_factor
from staffroll_accounts.api.users import users
from staffroll_accounts.api.webhooks import webhooks
from staffroll_accounts.here import (
    at_rest_of,
    keys_of,
    limiter_of,
    listening_of,
    passwords_of,
    reach_of,
    status_of,
    store_of,
    tokens_of,
)
from staffroll_accounts.mail import chores as mail_chores
from staffroll_accounts.pages import pages
from staffroll_accounts.pages.at_hand import AtHand
from staffroll_accounts.scim.routes import scim
from staffroll_accounts.store import Store


def create_app(runtime: Runtime) -> Flask:
    """The HTTP side of accounts."""
    keys = keys_of(runtime)
    passwords = passwords_of(runtime)
    tokens, limiter = tokens_of(runtime), limiter_of(runtime)
    status = status_of(runtime)

    def store(tenant_id: str) -> Store:
        return store_of(runtime, tenant_id)

    def standing(tenant_id: str, user_id: str) -> Standing | None:
        return store(tenant_id).standing(user_id)

    def anonymous(tenant_id: str) -> AccountsScope:
        if not runtime.is_prepared:
            raise DatabaseAway
        if TENANT_PATTERN.match(tenant_id):
            # It is logged, and people type their e-mail into any field.
            g.tenant_id = tenant_id
        return Scope(
            tenant_id,
            Actor("anonymous"),
            store(tenant_id),
            clock.now(),
            g.request_id,
            address=request.remote_addr,
            language=asked_language(),
        )

    def versions(scope: Scope[Any], owner: str) -> Iterable[tuple[str, int]]:
        users = cast(AccountsScope, scope).store.users
        return users.versions() if owner == "accounts" else users.employee_versions()

    def tombstones(scope: Scope[Any]) -> tuple[str | None, Iterable[str]]:
        return status(scope.tenant_id), cast(AccountsScope, scope).store.tombstones.ids()

    return new_app(
        "accounts",
        title="Staffroll accounts",
        trusted_proxies=runtime.settings.trusted_proxies,
        guarded=Guard(
            KeyRing(keys.public),
            standing,
            lambda tenant_id, _: store(tenant_id),
            lambda: runtime.is_prepared,
            OpenTenants(status).is_open,
        ),
        resources=[
            users(passwords),
            erasures(),
            imports(),
            roles(),
            sign_in(anonymous, passwords, tokens, limiter),
            sessions(passwords, tokens, limiter),
            me(),
            password_routes(anonymous, passwords, limiter),
            two_factor(passwords, limiter),
            access_tokens(),
            security(),
            tenant(),
            plugins(),
            webhooks(reach_of(runtime), listening_of(runtime), limiter),
            audit("accounts"),
            digests("accounts", ["accounts", "scheduling"], versions, tombstones),
        ],
        blueprints=[
            well_known(keys),
            scim(
                anonymous,
                passwords,
                limiter,
                timedelta(seconds=runtime.settings.resend_after_seconds),
            ),
        ],
        pages=pages(runtime, AtHand(anonymous, passwords, tokens, limiter, at_rest_of(runtime))),
        ready={
            "database": runtime.waits_for_database,
            "broker": runtime.waits_for_broker,
            "signing keys": keys.waits_for_secret,
        },
        notes={"mail": mail_chores.note(runtime), "plugins": runtime.plugins.waits},
    )
