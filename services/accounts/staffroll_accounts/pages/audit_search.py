"""Whom somebody means who typed a name, an e-mail address or an id above the audit trail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from staffroll.errors import FieldError, Invalid, StaffrollError
from staffroll.ids import UUID_PATTERN
from staffroll.scope import SYSTEM_PREFIX
from staffroll.search import parse_terms
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.domain.users import User
from staffroll_accounts.pages.audit_names import ANONYMOUS

_MOST: Final = 6


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom a filter means.

    Attributes:
        typed: As it stood in the field.
        id: None where nobody was typed, or it is not clear who.
        user: Whose id it is, where it is a user's whom the reader may see.
        candidates: Who fits, where several do.
    """

    typed: str = ""
    id: str | None = None
    user: User | None = None
    candidates: list[User] = field(default_factory=list)

    @property
    def is_clear(self) -> bool:
        """Whether lines can be found by it."""
        return not self.typed or self.id is not None

    @property
    def shown(self) -> str:
        """What stands in the field: something that finds the same one again."""
        return self.user.email if self.user is not None and self.user.email else self.typed

    def check(self) -> None:
        """Raises `Invalid` where it is not clear who is meant."""
        if not self.is_clear:
            problem = FieldError(
                "user_unclear",
                "Nobody fits “{typed}”, or several people do.",
                {"typed": self.typed},
            )
            raise Invalid(errors={"user": [problem]})


def meant(typed: str, scope: AccountsScope) -> Meant:
    """Whom this means; names and addresses only help those who may see users."""
    typed = typed.strip()
    may_see = scope.actor.may("accounts.users:read")
    if UUID_PATTERN.match(typed):
        return Meant(typed, typed, scope.store.users.find(typed) if may_see else None)
    if typed in (ANONYMOUS, scope.tenant_id) or typed.startswith(SYSTEM_PREFIX):
        return Meant(typed, typed)
    if not typed or not may_see:
        return Meant(typed)
    found = _named(typed, scope)
    if len(found) == 1:
        return Meant(typed, found[0].id, found[0])
    return Meant(typed, candidates=found)


def _named(typed: str, scope: AccountsScope) -> list[User]:
    users = scope.store.users
    try:
        exact = users.find_by_email(typed)
        terms = parse_terms(typed)
    except StaffrollError:
        return []
    if exact is not None:
        return [exact]
    if not terms:
        return []
    found: list[User] = []
    for status in ("active", "deactivated"):
        here, _, _ = users.page(status=status, terms=terms, roles=(), after=None, limit=_MOST)
        found += here
    return found[:_MOST]
