"""What goes wrong with plugins.

::

    Unavailable
    ├── PluginFailed    it raised, or gave nonsense; nothing was changed
    └── PluginMissing   it is enabled and not installed here
    Refused
    └── PluginObjects   it works, and objects
"""

from __future__ import annotations

from staffroll.errors import FieldError, Refused, Unavailable


class PluginFailed(Unavailable):
    code = "plugin_failed"
    wording = "The plugin {plugin} failed, so that nothing was changed."

    def __init__(self, plugin: str) -> None:
        super().__init__(plugin=plugin)
        self.plugin = plugin


class PluginMissing(Unavailable):
    code = "plugin_missing"
    wording = (
        "The plugin {plugin} is switched on and not installed here, so that nothing was changed."
    )

    def __init__(self, plugin: str) -> None:
        super().__init__(plugin=plugin)
        self.plugin = plugin


class PluginObjects(Refused):
    code = "plugin_objects"
    wording = "A rule of your organisation objects."

    def __init__(self, field: str, objections: list[FieldError]) -> None:
        super().__init__(errors={field: objections})
