"""The plugins of one tenant: those that it has enabled, each with the tenant's settings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog
from marshmallow import ValidationError

from staffroll.errors import FieldError, Unavailable
from staffroll.faults import log_fault
from staffroll.plugins.errors import PluginFailed, PluginMissing
from staffroll.plugins.facts import (
    ENGLISH,
    Candidate,
    NewUser,
    Objection,
    RoleChange,
    in_language,
)
from staffroll.plugins.formats import HOOK, TenantFormat
from staffroll.plugins.installed import Installed, Plugin

SLOW_SECONDS: Final = 0.1

Observe = Callable[[str, str, float, str], None]
"""Told of each call: plugin, hook, seconds, and ``done`` or ``failed``."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Enabled:
    plugin: Plugin
    settings: Any


class TenantPlugins:
    """Calls the enabled plugins in the order of their names.

    Args:
        enabled: Settings as the tenant filled them in, by plugin.
    """

    def __init__(
        self, installed: Installed, enabled: Mapping[str, Mapping[str, Any]], observe: Observe
    ) -> None:
        self._installed = installed
        self._observe = observe
        self._enabled: list[_Enabled] = []
        self._unusable: dict[str, type[PluginFailed | PluginMissing]] = {}
        for name in sorted(enabled):
            plugin = installed.plugins.get(name)
            if plugin is None:
                self._unusable[name] = PluginMissing
                continue
            try:
                self._enabled.append(_Enabled(plugin, load_settings(plugin, enabled[name])))
            except ValidationError as error:
                # The plugin was changed since; what stands in its settings may be secret.
                fields = sorted(map(str, error.messages_dict))
                _log.error("plugin_settings_outgrown", plugin=name, fields=fields)
                self._unusable[name] = PluginFailed
            except PluginFailed:
                self._unusable[name] = PluginFailed

    @property
    def missing(self) -> list[str]:
        """Enabled, and not installed here."""
        return [name for name, why in self._unusable.items() if why is PluginMissing]

    @property
    def misconfigured_formats(self) -> dict[str, str]:
        """Export formats whose plugin does not take its settings any more: its name by theirs."""
        return {
            format_.name: name
            for name, why in self._unusable.items()
            if why is not PluginMissing
            for format_ in self._installed.plugins[name].formats
        }

    def asks(self, hook: str) -> bool:
        """Whether a call of the hook could come to anything, be it that one cannot be asked."""
        return bool(self._unusable) or any(True for _ in self._with(hook))

    def check_password(self, candidate: Candidate, language: str = ENGLISH) -> list[FieldError]:
        """All objections of all plugins; their codes begin with the plugin's name.

        Raises:
            PluginFailed, PluginMissing: One cannot be asked.
        """
        self._check_usable()
        return self._objections("check_password", language, candidate=candidate)

    def describe_password_policy(
        self, language: str = ENGLISH, *, of: str | None = None
    ) -> list[str]:
        """All sentences, or those of one plugin; what a plugin that fails would say is missing."""
        found: list[str] = []
        for one in self._with("describe_password_policy"):
            if of not in (None, one.plugin.name):
                continue
            try:
                texts = self._call(one, "describe_password_policy")
                found += [in_language(text, language) for text in texts]
            except (PluginFailed, TypeError, AttributeError):
                continue
        return found

    def check_roles(self, change: RoleChange, language: str = ENGLISH) -> list[FieldError]:
        """As `check_password`."""
        self._check_usable()
        return self._objections("check_roles", language, change=change)

    def default_roles(self, user: NewUser) -> list[str]:
        """Ids of roles, each once, in the order of the plugins.

        Raises:
            PluginFailed, PluginMissing: One cannot be asked, or names a role that is not there.
        """
        self._check_usable()
        known = {role.id for role in user.known}
        found: dict[str, None] = {}
        for one in self._with("default_roles"):
            given = self._call(one, "default_roles", user=user)
            if not _are(str, given) or not known.issuperset(given):
                raise self._nonsense(one, "default_roles")
            found.update(dict.fromkeys(given))
        return list(found)

    def export_formats(self) -> list[TenantFormat]:
        """The formats of all that can be used, ready to write."""
        return [
            TenantFormat(
                plugin=one.plugin.name,
                format=format_,
                settings=one.settings,
                observe=partial(self._observe, one.plugin.name, HOOK),
            )
            for one in self._enabled
            for format_ in one.plugin.formats
        ]

    def _objections(self, hook: str, language: str, **given: Any) -> list[FieldError]:
        found: list[FieldError] = []
        for one in self._with(hook):
            objections = self._call(one, hook, **given)
            if not _are(Objection, objections):
                raise self._nonsense(one, hook)
            found += [
                FieldError(
                    f"{one.plugin.name}.{objection.code}",
                    _literal(in_language(objection.text, language)),
                )
                for objection in objections
            ]
        return found

    def _with(self, hook: str) -> Iterator[_Enabled]:
        return (one for one in self._enabled if hook in one.plugin.hooks)

    def _check_usable(self) -> None:
        for name, error in self._unusable.items():
            raise error(name)

    def _call(self, one: _Enabled, hook: str, **given: Any) -> Any:
        name, began = one.plugin.name, time.perf_counter()
        try:
            (result,) = one.plugin.callers[hook](settings=one.settings, **given) or [()]
        except Unavailable:
            # Of ours, such as too many who hash passwords at once.
            raise
        except Exception as error:
            self._observe(name, hook, time.perf_counter() - began, "failed")
            log_fault("plugin_failed", error, plugin=name, hook=hook)
            raise PluginFailed(name) from error
        seconds = time.perf_counter() - began
        self._observe(name, hook, seconds, "done")
        if seconds > SLOW_SECONDS:
            _log.warning("plugin_slow", plugin=name, hook=hook, seconds=round(seconds, 3))
        return result

    def _nonsense(self, one: _Enabled, hook: str) -> PluginFailed:
        _log.error("plugin_gave_nonsense", plugin=one.plugin.name, hook=hook)
        return PluginFailed(one.plugin.name)


def load_settings(plugin: Plugin, given: Mapping[str, Any]) -> Any:
    """What the hooks of the plugin get.

    Raises:
        ValidationError: The plugin's schema refuses them, or it has none and they are not empty.
        PluginFailed: The schema has code of the plugin's in it that fails.
    """
    if plugin.schema is None:
        if given:
            raise ValidationError({name: ["This plugin has no settings."] for name in given})
        return {}
    try:
        return plugin.schema().load(given)
    except ValidationError:
        raise
    except Exception as error:
        log_fault("plugin_failed", error, plugin=plugin.name, hook="settings_schema")
        raise PluginFailed(plugin.name) from error


def _are(kind: type, given: Any) -> bool:
    return (
        isinstance(given, Sequence)
        and not isinstance(given, str)
        and all(isinstance(one, kind) for one in given)
    )


def _literal(text: str) -> str:
    """Not a template: braces stay what they are."""
    return text.replace("{", "{{").replace("}", "}}")
