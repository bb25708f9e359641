"""Whether somebody who signed in once may still be here, and what they may."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Grant:
    """What one role gives.

    Attributes:
        planning_units: Where it gives that, by id; None: everywhere.
    """

    permissions: frozenset[str]
    planning_units: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A user's right to be here, as this service last heard of it.

    Attributes:
        token_generation: Access tokens of a smaller one are void.
        permissions: What the user's roles allow now (R74).
        limits: The planning units that a permission reaches, for those that do not reach all.
    """

    is_active: bool
    token_generation: int
    is_admin: bool = False
    permissions: frozenset[str] = frozenset()
    limits: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def planning_units(self, permission: str | None) -> frozenset[str] | None:
        """Where `permission` is good; None: everywhere. Without a permission: nowhere.

        Source: R73.
        """
        if self.is_admin:
            return None
        if permission is None or permission not in self.permissions:
            return frozenset()
        return self.limits.get(permission)


def limits_of(grants: Iterable[Grant]) -> dict[str, frozenset[str]]:
    """The planning units that each permission reaches, where no role gives it everywhere.

    A role gives its permissions in its own units: reading everywhere by one role and editing
    in one unit by another is not editing everywhere. Source: R73.
    """
    limits: dict[str, frozenset[str]] = {}
    everywhere: set[str] = set()
    for grant in grants:
        if grant.planning_units is None:
            everywhere |= grant.permissions
            continue
        for permission in grant.permissions:
            limits[permission] = limits.get(permission, frozenset()) | grant.planning_units
    return {name: units for name, units in limits.items() if name not in everywhere}
