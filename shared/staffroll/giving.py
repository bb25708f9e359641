"""Nobody gives more than they have (R72), decided from roles as a place knows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from staffroll.errors import FieldError, Invalid, Refused
from staffroll.scope import Actor
from staffroll.standing import Grant

_BOUND_TO_UNITS: Final = "scheduling."


class RoleUnknown(Invalid):
    code = "role_unknown"
    wording = "There is no such role."

    def __init__(self) -> None:
        super().__init__(errors={"roles": [FieldError(self.code, self.wording)]})


class RoleNotYours(Refused):
    code = "role_not_yours"
    wording = (
        "Nobody can give more than they have: you lack admin access, a permission of this role, "
        "or a planning unit that it reaches."
    )


def check_gives_no_more(actor: Actor, role_ids: Iterable[str], known: Mapping[str, Grant]) -> None:
    """Raises unless the actor has what the roles would give, and wherever they would.

    Args:
        known: What roles give, by their id; for an admin it is not looked at.
    Raises:
        RoleUnknown: What a role would give cannot be told.
        RoleNotYours: It gives what the actor lacks. Source: R72.
    """
    if actor.is_admin:
        return
    for role_id in role_ids:
        if role_id not in known:
            raise RoleUnknown
        if gives_more(actor, known[role_id]):
            raise RoleNotYours


def gives_more(actor: Actor, grant: Grant) -> bool:
    """Whether it gives a permission that the actor lacks, or in planning units where they do."""
    if actor.is_admin:
        return False
    if not grant.permissions <= actor.permissions:
        return True
    # Elsewhere planning units mean nothing (R73).
    bound = (name for name in grant.permissions if name.startswith(_BOUND_TO_UNITS))
    limits = (actor.limits[name] for name in bound if name in actor.limits)
    return any(not _is_within(grant.planning_units, limit) for limit in limits)


def _is_within(units: frozenset[str] | None, limit: frozenset[str]) -> bool:
    return units is not None and units <= limit
