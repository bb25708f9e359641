"""What people call their browser, from what it calls itself; a guess, to tell sessions apart."""

from __future__ import annotations

from typing import Final

# The first that is found counts: most browsers also name those that they resemble.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python", "Python"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device(user_agent: str) -> str:
    """Such as ``Firefox, Windows``; what was sent, where nothing is known of it."""
    found = [_first(user_agent, known) for known in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, found)) or user_agent or "?"


def _first(text: str, known: tuple[tuple[str, str], ...]) -> str:
    return next((name for part, name in known if part in text), "")
