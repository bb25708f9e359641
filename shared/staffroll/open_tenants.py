"""Whether a tenant's users may be here at all: not while it is suspended, not once deleted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

KNOWN_FOR_SECONDS: Final = 1.0


class OpenTenants:
    """Remembers for a second, so that requests do not ask the database each time.

    Args:
        status_of: ``active``, ``suspended`` or ``deleted``; None where nothing was heard yet.
    """

    def __init__(
        self, status_of: Callable[[str], str | None], known_for_seconds: float = KNOWN_FOR_SECONDS
    ) -> None:
        self._status_of = status_of
        self._known_for = known_for_seconds
        self._known: dict[str, tuple[float, bool]] = {}

    def is_open(self, tenant_id: str) -> bool:
        """Of a tenant that nobody has told of yet, its users are judged alone."""
        now = time.monotonic()
        known = self._known.get(tenant_id)
        if known is not None and now - known[0] < self._known_for:
            return known[1]
        is_open = self._status_of(tenant_id) in ("active", None)
        self._known[tenant_id] = (now, is_open)
        return is_open
