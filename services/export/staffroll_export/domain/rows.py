"""The rows of an export: users as accounts told of them."""

from __future__ import annotations

from typing import Final, NamedTuple

from staffroll.events import Cause, Event, UserErased

SOURCE: Final = "export"


class Row(NamedTuple):
    """One user as every format gets them. A tuple, since there may be a million of them.

    Attributes:
        roles: Ids.
        status: ``active`` or ``deactivated``.
    """

    id: str
    last_name: str
    first_name: str
    email: str
    language: str
    time_zone: str
    roles: tuple[str, ...]
    is_admin: bool
    status: str


def receipt(user_id: str, version: int, cause: Cause) -> Event:
    """The word that nothing personal of a deleted user is left here. Source: R62."""
    return cause.event("user.erased", user_id, version, UserErased(service=SOURCE))
