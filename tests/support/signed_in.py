"""Whoever is signed in to the pages of accounts, in a browser without a window."""

from __future__ import annotations

from tests.support.accounts import PASSWORD, Tenant
from tests.support.page_client import PageClient


def entered(tenant: Tenant, email: str = "admin@x.example") -> PageClient:
    browser = PageClient(tenant.accounts.app)
    browser.go("/sign-in?next=/me")
    browser.send(tenant=tenant.id, email=email, password=PASSWORD)
    assert browser.path == "/me", browser.text
    return browser


def with_role(tenant: Tenant, *permissions: str, language: str = "en") -> PageClient:
    """Somebody who may do no more than this."""
    made = tenant.create(password=PASSWORD, language=language)
    tenant.give(made["id"], permissions)
    return entered(tenant, made["email"])
