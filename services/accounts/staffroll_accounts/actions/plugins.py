"""Plugins of a tenant: seen, switched on, set up, switched off (plugins.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from marshmallow import Schema, ValidationError

from staffroll.errors import NotFound
from staffroll.plugins import ExportFormat
from staffroll.plugins.errors import PluginFailed
from staffroll.plugins.facts import Description, Text
from staffroll.plugins.installed import Plugin
from staffroll.plugins.sealing import NoPluginKey, shown
from staffroll.plugins.tenant import load_settings
from staffroll.schema_errors import invalid
from staffroll_accounts.actions import AccountsScope, tenants
from staffroll_accounts.domain import tenants as rules
from staffroll_accounts.domain.errors import PluginBroken, PluginSettingsTooLarge
from staffroll_accounts.domain.tenants import Tenant
from staffroll_accounts.domain.users import SOURCE

SETTINGS_MAX_CHARACTERS: Final = 32_768
"""Of all of a plugin's settings, as JSON: they travel with every change of the tenant."""

State = Literal["off", "on", "missing", "broken", "needs_settings"]


@dataclass(frozen=True, slots=True)
class TenantPlugin:
    """A plugin as one tenant sees it.

    Attributes:
        version: Of the tenant, which carries the settings.
        is_on: Whether it is switched on, be it that it cannot be asked.
        state: ``missing``: switched on, and not installed any more; ``broken``: installed, and
            left out at the start; ``needs_settings``: it does not take its settings any more.
        reason: Why it is broken.
        formats: Titles of the export formats it offers.
        settings: As filled in; null stands for a secret that is set.
        schema: Of the settings, where it has any.
    """

    name: str
    version: int
    state: State
    is_on: bool = False
    release: str = ""
    description: Description = field(default_factory=Description)
    hooks: frozenset[str] = frozenset()
    formats: tuple[Text, ...] = ()
    reason: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    schema: type[Schema] | None = None


def find_all(scope: AccountsScope) -> list[TenantPlugin]:
    """All that are installed in accounts, and what is switched on and is not, by name."""
    tenant = tenants.get(scope)
    installed = scope.store.plugins.installed
    names = {*installed.plugins, *installed.broken, *tenant.plugins}
    return [_seen(name, tenant, scope) for name in sorted(names)]


def get(name: str, scope: AccountsScope) -> TenantPlugin:
    """Raises `NotFound` where it is neither installed nor switched on."""
    return _seen(name, tenants.get(scope), scope)


def password_sentences(name: str, scope: AccountsScope) -> list[str]:
    """What it adds to what people read beside password fields, in the language of the scope."""
    tenant = tenants.get(scope)
    theirs = scope.store.plugins.of(tenant.id, tenant.version, tenant.plugins)
    return theirs.describe_password_policy(scope.language, of=name)


def export_formats(scope: AccountsScope) -> list[ExportFormat]:
    """What export offers beside its own, by the plugins that are switched on and set up."""
    tenant = tenants.get(scope)
    enabled = scope.store.plugins.of(tenant.id, tenant.version, tenant.plugins)
    return [one.format for one in enabled.export_formats()]


def switch_on(
    name: str, given: Mapping[str, Any], scope: AccountsScope, *, expected: int | None
) -> TenantPlugin:
    """The plugin switched on and set up; works everywhere within the time an event takes.

    Args:
        given: All settings; a secret that is left out or null stays as it was.
        expected: The version of the tenant that the admin saw; None for any.
    Raises:
        NotFound, Stale, Unavailable.
        PluginBroken: It is installed and does not work.
        Invalid: The plugin does not take the settings; fields are named as ``settings.<field>``.
        PluginSettingsTooLarge: More than `SETTINGS_MAX_CHARACTERS`.
        NoPluginKey: Secret settings, and no key to encrypt them with.
        PluginFailed: The plugin cannot even look at the settings.
    """
    plugins = scope.store.plugins
    if name in plugins.installed.broken:
        raise PluginBroken(plugin=name)
    plugin = plugins.installed.plugins.get(name)
    if plugin is None:
        raise NotFound

    def decide(tenant: Tenant) -> rules.TenantDecision:
        kept = plugins.sealing.seal(plugin, given, _openable(name, tenant, scope))
        _check(plugin, plugins.sealing.unseal(plugin, kept))
        if len(json.dumps(kept)) > SETTINGS_MAX_CHARACTERS:
            raise PluginSettingsTooLarge(most=SETTINGS_MAX_CHARACTERS)
        return rules.set_plugin(tenant, name, kept, scope.cause(SOURCE))

    return _seen(name, tenants.decide(scope, decide, expected), scope)


def switch_off(name: str, scope: AccountsScope, *, expected: int | None) -> None:
    """The plugin is not asked any more, and its settings are forgotten.

    Raises:
        NotFound: It is neither installed nor switched on.
        Stale, Unavailable.
    """

    def decide(tenant: Tenant) -> rules.TenantDecision:
        _seen(name, tenant, scope)
        return rules.remove_plugin(tenant, name, scope.cause(SOURCE))

    tenants.decide(scope, decide, expected)


def _seen(name: str, tenant: Tenant, scope: AccountsScope) -> TenantPlugin:
    installed = scope.store.plugins.installed
    plugin = installed.plugins.get(name)
    kept = tenant.plugins.get(name)
    if plugin is None:
        if name in installed.broken:
            is_on = kept is not None
            reason = installed.broken[name]
            return TenantPlugin(name, tenant.version, "broken", is_on, reason=reason)
        if kept is None:
            raise NotFound
        return TenantPlugin(name, tenant.version, "missing", is_on=True)
    return TenantPlugin(
        name,
        tenant.version,
        "off" if kept is None else _state(plugin, kept, scope),
        is_on=kept is not None,
        release=plugin.version,
        description=plugin.description,
        hooks=plugin.hooks,
        formats=tuple(one.title for one in plugin.formats),
        settings={} if kept is None else shown(plugin, kept),
        schema=plugin.schema,
    )


def _state(plugin: Plugin, kept: Mapping[str, Any], scope: AccountsScope) -> State:
    try:
        load_settings(plugin, scope.store.plugins.sealing.unseal(plugin, kept))
    except (ValidationError, PluginFailed, NoPluginKey):
        return "needs_settings"
    return "on"


def _openable(name: str, tenant: Tenant, scope: AccountsScope) -> Mapping[str, Any]:
    """What was kept, unless it was encrypted with a key that is gone."""
    kept = tenant.plugins.get(name, {})
    plugins = scope.store.plugins
    try:
        plugins.sealing.unseal(plugins.installed.plugins[name], kept)
    except NoPluginKey:
        return {}
    return kept


def _check(plugin: Plugin, settings: Mapping[str, Any]) -> None:
    try:
        load_settings(plugin, settings)
    except ValidationError as error:
        raise invalid(error.messages_dict, under="settings") from error
