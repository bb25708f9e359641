"""Whoever reads the page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever is signed in, as far as each page shows it.

    Attributes:
        tenant: The organisation's name.
        language: BCP 47.
        time_zone: IANA name.
    """

    name: str
    tenant: str
    language: str
    time_zone: str
