"""The names by which plugins and the platform find each other."""

from __future__ import annotations

import re
from typing import Final

import pluggy

PROJECT: Final = "staffroll"
ENTRY_POINTS: Final = "staffroll.plugins"
PLUGIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""It stands in addresses."""

hookimpl = pluggy.HookimplMarker(PROJECT)
hookspec = pluggy.HookspecMarker(PROJECT)
