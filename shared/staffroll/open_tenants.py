"""What a tenant's status allows: no users while it is suspended, and nothing once deleted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from staffroll.events import Event

KNOWN_FOR_SECONDS: Final = 1.0

_ALWAYS: Final = ("tenant.", "snapshot.")
"""Those of the tenant itself, and who asks for all that there is gets an answer."""


class OpenTenants:
    """Remembers for a second, so that requests and events do not ask the database each time.

    Args:
        status_of: ``active``, ``suspended`` or ``deleted``; None where nothing was heard yet.
    """

    def __init__(
        self, status_of: Callable[[str], str | None], known_for_seconds: float = KNOWN_FOR_SECONDS
    ) -> None:
        self._status_of = status_of
        self._known_for = known_for_seconds
        self._known: dict[str, tuple[float, str | None]] = {}

    def is_open(self, tenant_id: str) -> bool:
        """Of a tenant that nobody has told of yet, its users are judged alone."""
        return self._status(tenant_id) in ("active", None)

    def is_deleted(self, tenant_id: str) -> bool:
        """Of a tenant that nobody has told of yet, more may come."""
        return self._status(tenant_id) == "deleted"

    def _status(self, tenant_id: str) -> str | None:
        now = time.monotonic()
        known = self._known.get(tenant_id)
        if known is not None and now - known[0] < self._known_for:
            return known[1]
        status = self._status_of(tenant_id)
        self._known[tenant_id] = (now, status)
        return status


def unless_deleted(
    handle: Callable[[Event], None], status_of: Callable[[str], str | None]
) -> Callable[[Event], None]:
    """`handle`, but for what comes late of a deleted tenant, as when a dead letter is put back:
    it would bring something of the tenant back, and nobody looks for that any more.

    What comes within a second after the deletion is still handled; `mongo.purging` finds it.

    Args:
        status_of: As for `OpenTenants`.
    """
    tenants = OpenTenants(status_of)

    def handle_in_time(event: Event) -> None:
        if event.type.startswith(_ALWAYS) or not tenants.is_deleted(event.tenant_id):
            handle(event)

    return handle_in_time
