"""Accounts, wired together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from flask import Flask, g

from staffroll import clock
from staffroll.errors import DatabaseAway
from staffroll.ids import TENANT_PATTERN
from staffroll.runtime import Runtime
from staffroll.scope import Actor, Scope
from staffroll.web.digest import digests
from staffroll.web.guard import Guard
from staffroll.web.service_app import new_app
from staffroll.web.tokens import KeyRing
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.api.roles import roles
from staffroll_accounts.api.sign_in import sign_in, well_known
from staffroll_accounts.api.users import users
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.settings import AccountsSettings
from staffroll_accounts.store import Keys, Store, cipher
from staffroll_accounts.tokens import Issuer


@dataclass(frozen=True, slots=True)
class _Standing:
    is_active: bool
    token_generation: int


def make_keys(runtime: Runtime) -> Keys:
    """The platform's signing keys, readable with this service's secret."""
    settings = cast(AccountsSettings, runtime.settings)
    return Keys(runtime.platform, runtime.outbox, cipher(settings.secret_key))


def create_app(runtime: Runtime) -> Flask:
    """The HTTP side of accounts."""
    settings = cast(AccountsSettings, runtime.settings)
    keys = make_keys(runtime)
    passwords = Passwords(settings)
    issuer = Issuer(keys, settings.access_token_seconds)

    def store(tenant_id: str) -> Store:
        return Store(runtime.tenant(tenant_id), runtime.outbox)

    def standing(tenant_id: str, user_id: str) -> _Standing | None:
        user = runtime.tenant(tenant_id)["users"].find_one(
            {"_id": user_id}, {"status": 1, "token_generation": 1}
        )
        if user is None:
            return None
        return _Standing(user["status"] == "active", user["token_generation"])

    def anonymous(tenant_id: str) -> AccountsScope:
        if not runtime.is_prepared:
            raise DatabaseAway
        if TENANT_PATTERN.match(tenant_id):
            # It is logged, and people type their e-mail into any field.
            g.tenant_id = tenant_id
        return Scope(tenant_id, Actor("anonymous"), store(tenant_id), clock.now(), g.request_id)

    def versions(scope: Scope[Any], _owner: str) -> Iterable[tuple[str, int]]:
        return cast(AccountsScope, scope).store.users.versions()

    return new_app(
        "accounts",
        title="Staffroll accounts",
        guarded=Guard(KeyRing(keys.public), standing, store, lambda: runtime.is_prepared),
        resources=[
            users(passwords),
            roles(),
            sign_in(anonymous, passwords, issuer),
            digests("accounts", ["accounts"], versions),
        ],
        blueprints=[well_known(keys)],
        ready={
            "database": runtime.waits_for_database,
            "broker": runtime.waits_for_broker,
            "signing keys": keys.waits_for_secret,
        },
    )
