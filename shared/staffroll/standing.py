"""Whether somebody who signed in once may still be here, and what they may."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """A user's right to be here, as this service last heard of it.

    Attributes:
        token_generation: Access tokens of a smaller one are void.
        permissions: What the user's roles allow now (R74).
    """

    is_active: bool
    token_generation: int
    is_admin: bool = False
    permissions: frozenset[str] = frozenset()
