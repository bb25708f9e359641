"""The names by which plugins and the platform find each other."""

from __future__ import annotations

from typing import Final

import pluggy

PROJECT: Final = "staffroll"
ENTRY_POINTS: Final = "staffroll.plugins"

hookimpl = pluggy.HookimplMarker(PROJECT)
hookspec = pluggy.HookspecMarker(PROJECT)
