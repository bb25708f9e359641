"""What export says of the rows it keeps."""

from __future__ import annotations

from typing import Final

from staffroll.events import Cause, Event, UserErased

SOURCE: Final = "export"


def receipt(user_id: str, version: int, cause: Cause) -> Event:
    """The word that nothing personal of a deleted user is left here. Source: R62."""
    return cause.event("user.erased", user_id, version, UserErased(service=SOURCE))
