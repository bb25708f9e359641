"""The settings of people."""

from __future__ import annotations

from dataclasses import dataclass

from staffroll.settings import ServiceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleSettings(ServiceSettings):
    """What people reads from the environment: what every service reads."""
