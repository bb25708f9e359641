"""What the planning units of roles are called: scheduling knows, accounts has their ids (R71).

Scheduling is asked with the reader's own token, so nobody learns of more than they may see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from staffroll.web.pages import cookies
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.pages.elsewhere import ask

_PERMISSION: Final = "scheduling.catalogue:read"
_PAGES: Final = 5


@dataclass(frozen=True, slots=True)
class UnitNames:
    """As far as they are known at the moment.

    Attributes:
        by_id: Sorted by name.
        is_whole: Whether these are all planning units there are.
    """

    by_id: Mapping[str, str] = field(default_factory=dict)
    is_whole: bool = False

    def of(self, id_: str) -> str:
        """The unit's name, or else its id."""
        return self.by_id.get(id_, id_)

    def choices(self, present: Iterable[str]) -> dict[str, str]:
        """Labels by id of all that can be chosen, `present` whatever it is."""
        return {id_: self.of(id_) for id_ in (*self.by_id, *present)}


def unit_names(scope: AccountsScope, urls: Mapping[str, str]) -> UnitNames:
    """Of all planning units that the reader may see.

    Args:
        urls: Where this service reaches the others.
    """
    begin = urls["scheduling"].rstrip("/")
    if not begin or not scope.actor.may(_PERMISSION):
        return UnitNames()
    token = cookies.get(cookies.ACCESS) or ""
    found: dict[str, str] = {}
    cursor = ""
    for _ in range(_PAGES):
        told = ask(f"{begin}/v1/planning-units?limit=200{cursor}", token)
        if not told:
            return UnitNames(found)
        found |= {unit["id"]: unit["name"] for unit in told["items"]}
        if told["next_cursor"] is None:
            return UnitNames(found, is_whole=True)
        cursor = f"&cursor={quote(told['next_cursor'], safe='')}"
    return UnitNames(found)
