"""Nobody gives more than they have (R72), decided from roles as a place knows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from staffroll.errors import FieldError, Invalid, Refused
from staffroll.scope import Actor


class RoleUnknown(Invalid):
    code = "role_unknown"
    wording = "There is no such role."

    def __init__(self) -> None:
        super().__init__(errors={"roles": [FieldError(self.code, self.wording)]})


class RoleNotYours(Refused):
    code = "role_not_yours"
    wording = (
        "Nobody can give more than they have: you lack admin access or a permission of this role."
    )


def check_gives_no_more(
    actor: Actor, role_ids: Iterable[str], known: Mapping[str, frozenset[str]]
) -> None:
    """Raises unless the actor has what the roles would give.

    Args:
        known: Permissions by role id; for an admin it is not looked at.
    Raises:
        RoleUnknown: What a role would give cannot be told.
        RoleNotYours: It gives a permission that the actor lacks. Source: R72.
    """
    if actor.is_admin:
        return
    for role_id in role_ids:
        if role_id not in known:
            raise RoleUnknown
        if not known[role_id] <= actor.permissions:
            raise RoleNotYours
