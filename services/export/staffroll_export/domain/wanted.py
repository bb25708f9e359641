"""What is asked for: which users, in which form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from staffroll.search import Term, parse_terms


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which users, in which form; as the user list takes it (R10-R13).

    Attributes:
        status: ``billed`` or ``unbilled``.
        q: What people type into the search field.
        terms: What that means.
        roles: Ids.
    """

    format_name: str
    status: str
    q: str
    terms: tuple[Term, ...]
    roles: tuple[str, ...]

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> Wanted:
        """From what a client sends, or a job keeps. Raises `TooManyTerms`."""
        q = asked["q"]
        return cls(asked["format"], asked["status"], q, parse_terms(q), tuple(asked["role"]))

    def kept(self) -> dict[str, Any]:
        """The reverse of `of`."""
        return {
            "format": self.format_name,
            "status": self.status,
            "q": self.q,
            "role": list(self.roles),
        }
