"""Which services there are; named without loading them, so that tests can be numbered early."""

from __future__ import annotations

from typing import Final

from staffroll.service import Service, installed, installed_names

SERVICES: Final = sorted(installed_names())
"""Names of the installed services."""


def service_of(name: str) -> Service:
    return installed([name])[name]
