"""All permissions there are, with a sentence each, and who has them by default (R70, R71).

A route that needs a permission which does not stand here stops the start of its service.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

AGENT: Final = "agent"
PLANNER: Final = "planner"
SUPERVISOR_BASIC: Final = "supervisor_basic"
SUPERVISOR_ADVANCED: Final = "supervisor_advanced"
TRAINER: Final = "trainer"
FINANCE: Final = "finance"
OTHER: Final = "other"

WITH_DEFAULTS: Final = (
    AGENT,
    PLANNER,
    SUPERVISOR_BASIC,
    SUPERVISOR_ADVANCED,
    TRAINER,
    FINANCE,
)
"""The categories that have a default role; all but `OTHER`."""

CATEGORIES: Final = (*WITH_DEFAULTS, OTHER)


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that a role may allow.

    Attributes:
        name: ``<service>.<thing>:<read|edit|delete>``.
        description: A sentence on what it allows.
        categories: Whose roles have it from the start.
        since: The edition of the catalogue that it came with; roles that are older are given
            it by their category, once.
    """

    name: str
    description: str
    categories: tuple[str, ...] = ()
    since: int = 1


_SUPERVISORS: Final = (SUPERVISOR_BASIC, SUPERVISOR_ADVANCED)
_WHO_SEE_PEOPLE: Final = (PLANNER, *_SUPERVISORS, TRAINER)
_WHO_SEE_USERS: Final = (*_WHO_SEE_PEOPLE, FINANCE)

CATALOGUE: Final = (
    Permission("accounts.users:read", "See the user list and its users.", _WHO_SEE_USERS),
    Permission("accounts.users:edit", "Create and change users, invite and unlock them."),
    Permission("accounts.users:delete", "Delete users for ever."),
    Permission(
        "accounts.imports:edit", "Create users from files, and see what became of them.", since=2
    ),
    Permission("accounts.roles:read", "See roles and what they allow.", _WHO_SEE_USERS),
    Permission("accounts.roles:edit", "Create, change and delete roles."),
    Permission("accounts.security:read", "See how many have a second factor."),
    Permission("accounts.security:edit", "Enforce second factors and reset them."),
    Permission("accounts.tenant:read", "See the organisation's settings."),
    Permission("accounts.tenant:edit", "Change the organisation's settings."),
    Permission("accounts.plugins:read", "See plugins and their settings.", since=3),
    Permission("accounts.plugins:edit", "Switch plugins on and off, and set them up.", since=3),
    Permission("accounts.webhooks:read", "See webhooks and what was sent to them.", since=3),
    Permission(
        "accounts.webhooks:edit",
        "Set webhooks up, which send everything that happens to users out of the house.",
        since=3,
    ),
    Permission(
        "accounts.scim:edit",
        "Create, change, deactivate and delete users and their roles by SCIM, from outside.",
        since=3,
    ),
    Permission("accounts.audit:read", "See who did what to users, roles and settings."),
    Permission("accounts.digest:read", "Compare what accounts knows with other services."),
    Permission(
        "scheduling.catalogue:read",
        "See contracts, skills, activities and planning units.",
        _WHO_SEE_PEOPLE,
        since=2,
    ),
    Permission(
        "scheduling.catalogue:edit",
        "Create, change and delete contracts, skills, activities and planning units.",
        (PLANNER, SUPERVISOR_ADVANCED),
        since=2,
    ),
    Permission("scheduling.employees:read", "See employees.", _WHO_SEE_PEOPLE),
    Permission(
        "scheduling.employees:edit",
        "Create and change employees.",
        (PLANNER, SUPERVISOR_ADVANCED),
    ),
    Permission(
        "scheduling.memberships:edit",
        "Begin and end staff memberships, and so deactivate and reactivate users.",
        (PLANNER, SUPERVISOR_ADVANCED),
        since=2,
    ),
    Permission(
        "scheduling.billing:read",
        "See how many active users each month is billed for, and who they are.",
        (FINANCE,),
        since=2,
    ),
    Permission("scheduling.shifts:read", "See who works when.", _WHO_SEE_PEOPLE, since=2),
    Permission(
        "scheduling.shifts:edit",
        "Plan, move and delete shifts.",
        (PLANNER, SUPERVISOR_ADVANCED),
        since=2,
    ),
    Permission("scheduling.audit:read", "See who did what to employees."),
    Permission("scheduling.digest:read", "Compare what scheduling knows with other services."),
    Permission("people.profile:read", "See people's profiles.", _WHO_SEE_PEOPLE),
    Permission(
        "people.profile:edit", "Create and change people's profiles.", (SUPERVISOR_ADVANCED,)
    ),
    Permission(
        "people.sensitive:read",
        "See dates of birth, private phones, addresses, emergency contacts and notes.",
        (SUPERVISOR_ADVANCED,),
        since=2,
    ),
    Permission(
        "people.sensitive:edit",
        "Change dates of birth, private phones, addresses, emergency contacts and notes.",
        (SUPERVISOR_ADVANCED,),
        since=2,
    ),
    Permission("people.audit:read", "See who did what to profiles."),
    Permission("people.digest:read", "Compare what people knows with other services."),
    Permission(
        "export.users:read",
        "Download the user list.",
        (PLANNER, SUPERVISOR_ADVANCED, FINANCE),
    ),
    Permission("export.audit:read", "See who exported the user list.", since=3),
    Permission("export.digest:read", "Compare what export knows with other services."),
)

EDITION: Final = max(permission.since for permission in CATALOGUE)
"""Of this catalogue."""

NAMES: Final = frozenset(permission.name for permission in CATALOGUE)


def defaults(category: str, *, after: int = 0) -> tuple[str, ...]:
    """What roles of the category have from the start, sorted; none in *Other*.

    Args:
        after: Only what came with later editions.
    """
    found: Iterable[str] = (
        permission.name
        for permission in CATALOGUE
        if category in permission.categories and permission.since > after
    )
    return tuple(sorted(found))
