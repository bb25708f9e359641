"""Roles: categories, default roles, permissions (R70-R72)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from staffroll.events import Cause, Event, RoleState
from staffroll.giving import RoleNotYours, check_gives_no_more
from staffroll.scope import Actor

OTHER: Final = "other"
AGENT: Final = "agent"

_READ_PEOPLE: Final = ("accounts.users:read", "people.profile:read", "scheduling.employees:read")
_PLAN: Final = (*_READ_PEOPLE, "scheduling.employees:edit")

DEFAULTS: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    AGENT: ("Agent", "AG", ()),
    "planner": ("Planner", "PL", (*_PLAN, "export.users:read")),
    "supervisor_basic": ("Supervisor (basic)", "SB", _READ_PEOPLE),
    "supervisor_advanced": (
        "Supervisor (advanced)",
        "SA",
        (*_PLAN, "people.profile:edit", "export.users:read"),
    ),
    "trainer": ("Trainer", "TR", _READ_PEOPLE),
    "finance": ("Finance", "FI", ("accounts.users:read", "export.users:read")),
}
"""By category: name, abbreviation and permissions of its default role."""


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions that users have.

    Attributes:
        category: A key of `DEFAULTS`, or ``other``.
        permissions: ``<service>.<thing>:<read|edit|delete>``, sorted.
        is_default: The one that its category came with.
    """

    id: str
    version: int
    name: str
    abbreviation: str
    category: str
    permissions: tuple[str, ...]
    description: str = ""
    is_default: bool = False


def default_role(category: str, id_: str) -> Role:
    name, abbreviation, permissions = DEFAULTS[category]
    return Role(
        id=id_,
        version=1,
        name=name,
        abbreviation=abbreviation,
        category=category,
        permissions=tuple(sorted(permissions)),
        is_default=True,
    )


def told(role: Role, cause: Cause) -> Event:
    """The role's public state as ``role.updated``."""
    state = RoleState(
        name=role.name,
        category=role.category,
        permissions=list(role.permissions),
        abbreviation=role.abbreviation,
        description=role.description,
        is_default=role.is_default,
    )
    return cause.event("role.updated", role.id, role.version, state)


def permissions_of(roles: Iterable[Role]) -> frozenset[str]:
    """What roles allow together: permissions add up (R71)."""
    return frozenset(permission for role in roles for permission in role.permissions)


def check_no_escalation(actor: Actor, given: Iterable[Role], *, admin_changes: bool) -> None:
    """Raises `RoleNotYours` where the actor gives what they lack themselves. Source: R72, R16."""
    if admin_changes and not actor.is_admin:
        raise RoleNotYours
    known = {role.id: frozenset(role.permissions) for role in given}
    check_gives_no_more(actor, known, known)
