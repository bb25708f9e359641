"""The plugins as a service has them: found once, and ready for each tenant."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from staffroll.plugins.installed import Installed
from staffroll.plugins.sealing import NoPluginKey, Sealing
from staffroll.plugins.tenant import Observe, TenantPlugins

_TENANTS_KEPT: Final = 1_000


class Plugins:
    """What is installed, and each tenant's share of it, kept until its settings change.

    Args:
        observe: Told of each call, for metrics.
    """

    def __init__(
        self,
        installed: Installed,
        sealing: Sealing | None = None,
        observe: Observe = lambda *_: None,
    ) -> None:
        self.installed = installed
        self.sealing = sealing or Sealing()
        self._observe = observe
        self._kept: OrderedDict[tuple[str, int], TenantPlugins] = OrderedDict()
        self._lock = threading.Lock()

    def of(
        self, tenant_id: str, version: int, enabled: Mapping[str, Mapping[str, Any]]
    ) -> TenantPlugins:
        """The tenant's plugins.

        Args:
            version: Of the tenant; another one reads the settings anew.
            enabled: Settings as they are kept, by plugin.
        """
        with self._lock:
            found = self._kept.get((tenant_id, version))
            if found is None:
                found = TenantPlugins(self.installed, self._opened(enabled), self._observe)
                self._kept[tenant_id, version] = found
                while len(self._kept) > _TENANTS_KEPT:
                    self._kept.popitem(last=False)
            else:
                self._kept.move_to_end((tenant_id, version))
            return found

    def waits(self) -> str | None:
        """For ``readyz``: what is broken, or None."""
        broken = ", ".join(sorted(self.installed.broken))
        return f"broken plugins are left out: {broken}" if broken else None

    def _opened(self, enabled: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
        """With secrets opened; what cannot be opened is handed on as it is, which the plugin's
        schema refuses, so that its checks fail closed."""
        opened: dict[str, Mapping[str, Any]] = {}
        for name, kept in enabled.items():
            plugin = self.installed.plugins.get(name)
            try:
                opened[name] = kept if plugin is None else self.sealing.unseal(plugin, kept)
            except NoPluginKey:
                opened[name] = kept
        return opened
