"""The settings of scheduling."""

from __future__ import annotations

from dataclasses import dataclass

from staffroll.settings import ServiceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulingSettings(ServiceSettings):
    """What scheduling reads from the environment: what every service reads."""
