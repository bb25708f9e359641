"""The settings of export."""

from __future__ import annotations

from dataclasses import dataclass

from staffroll.setting_rules import at_least
from staffroll.settings import ServiceSettings, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSettings(ServiceSettings):
    """What export reads from the environment on top of what every service reads."""

    downloads_at_once: int = setting(
        4,
        doc="Downloads that one process serves at a time, so that slow readers leave threads "
        "for other requests; who comes later is asked to try again.",
        must_be=at_least(1),
    )
