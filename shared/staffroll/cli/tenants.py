"""Which tenants there are, so that no command does nothing for one that does not exist."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable
from typing import Final

import click

from staffroll.ids import TENANT_PATTERN, UUID_PATTERN
from staffroll.settings import SettingsWrong

TENANTS: Final = "staffroll.platform_tenants"
"""Entry points ``() -> Iterable[str]``: the ids of all tenants."""


class NoTenant(click.ClickException):
    """Exit code 2: nothing was found out about it."""

    exit_code = 2

    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"There is no tenant {tenant_id}.")


def all_tenants() -> list[str] | None:
    """The ids of all tenants; None where accounts is not installed.

    Raises:
        SettingsWrong: Accounts is installed, but its settings are not here.
    """
    for entry in importlib.metadata.entry_points(group=TENANTS):
        return sorted(entry.load()())
    return None


def require_tenant(tenant_id: str) -> None:
    """Refuse what is no tenant; says so where that cannot be told here.

    Raises:
        click.UsageError: It cannot be a tenant's id.
        NoTenant: There is none of this id.
    """
    if not TENANT_PATTERN.match(tenant_id):
        raise click.UsageError(f"{tenant_id} cannot be a tenant's id.")
    try:
        known = all_tenants()
    except SettingsWrong:
        known = None
    if known is None:
        click.echo(f"(whether there is a tenant {tenant_id} only accounts could tell)", err=True)
    elif tenant_id not in known:
        raise NoTenant(tenant_id)


def require_subjects(ids: Iterable[str]) -> None:
    """Raises `click.UsageError` where one of them is no id."""
    for one in ids:
        if not UUID_PATTERN.match(one):
            raise click.UsageError(f"{one} is no id: ids are UUIDs in lower case.")
