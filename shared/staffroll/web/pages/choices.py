"""What people choose from: languages and time zones, as labels by value."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from functools import cache
from typing import Final

from staffroll.web.pages.words import language_name

_OLD_NAMES: Final = ("Etc/", "SystemV/", "US/", "Canada/", "Brazil/", "Chile/", "Mexico/")


@cache
def _time_zones() -> tuple[str, ...]:
    places = (
        name
        for name in zoneinfo.available_timezones()
        if "/" in name and not name.startswith(_OLD_NAMES)
    )
    return ("UTC", *sorted(places))


def time_zones(present: str = "") -> dict[str, str]:
    """The zones that are named after places, and `present`, whatever it is."""
    known = _time_zones()
    also = [present] if present and present not in known else []
    return {name: name.replace("_", " ") for name in (*also, *known)}


def languages(offered: Iterable[str], present: str = "") -> dict[str, str]:
    """What the tenant offers, and `present`, in the reader's language."""
    tags = [*offered, *([present] if present else [])]
    return {tag: language_name(tag) for tag in tags}
