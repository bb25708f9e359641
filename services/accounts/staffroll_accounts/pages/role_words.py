"""What people read for categories of roles and for services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from staffroll.permissions import (
    AGENT,
    FINANCE,
    OTHER,
    PLANNER,
    SUPERVISOR_ADVANCED,
    SUPERVISOR_BASIC,
    TRAINER,
)
from staffroll.web.pages import lazy_gettext

CATEGORIES: Final[Mapping[str, object]] = {
    AGENT: lazy_gettext("Agent"),
    PLANNER: lazy_gettext("Planner"),
    SUPERVISOR_BASIC: lazy_gettext("Supervisor (basic)"),
    SUPERVISOR_ADVANCED: lazy_gettext("Supervisor (advanced)"),
    TRAINER: lazy_gettext("Trainer"),
    FINANCE: lazy_gettext("Finance"),
    OTHER: lazy_gettext("Other"),
}

SERVICES: Final[Mapping[str, object]] = {
    "accounts": lazy_gettext("Account"),
    "scheduling": lazy_gettext("WFM"),
    "people": lazy_gettext("People"),
    "export": lazy_gettext("Export"),
}
