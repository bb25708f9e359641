"""Which services there are; named without loading them, so that tests can be numbered early."""

from __future__ import annotations

import importlib.metadata
from typing import Final

from staffroll.service import ENTRY_POINTS, Service

_FOUND: Final = {entry.name: entry for entry in importlib.metadata.entry_points(group=ENTRY_POINTS)}

SERVICES: Final = sorted(_FOUND)
"""Names of the installed services."""


def service_of(name: str) -> Service:
    loaded: Service = _FOUND[name].load()
    return loaded
