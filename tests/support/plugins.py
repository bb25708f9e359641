"""Plugins that tests make up, installed in a runtime of this process."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from staffroll.plugins import hookimpl
from staffroll.plugins.installed import Installed, plugin_of
from staffroll.plugins.platform import Plugins
from staffroll.plugins.sealing import Sealing

KEY = "a key for plugins that is long enough for a test"


def module(**hooks: Callable[..., Any]) -> types.ModuleType:
    """A plugin with these hooks."""
    made = types.ModuleType("staffroll_made_up")
    for name, hook in hooks.items():
        setattr(made, name, hookimpl(hook))
    return made


def installed(
    broken: dict[str, str] | None = None, *, key: str = KEY, **modules: types.ModuleType
) -> Plugins:
    """For `Runtime.plugins`."""
    working = {name: plugin_of(one, name) for name, one in sorted(modules.items())}
    return Plugins(Installed(working, broken or {}), Sealing(key))
