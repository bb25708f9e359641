"""What the rules of accounts are tried on; each builder shows only what matters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from staffroll.events import Cause
from staffroll_accounts.domain.roles import Role
from staffroll_accounts.domain.users import House, NewUser, User

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
ID = "0197a000-0000-7000-8000-00000000000a"
AGENT = "0197a000-0000-7000-8000-0000000000a1"
PLANNER = "0197a000-0000-7000-8000-0000000000a2"


def a_house(**changes: Any) -> House:
    known: dict[str, Any] = {
        "languages": ("en", "de"),
        "time_zone": "Europe/Berlin",
        "roles": frozenset({AGENT, PLANNER}),
    }
    return House(**{**known, **changes})


def a_cause(request_id: str | None = None) -> Cause:
    return Cause("accounts", "acme", "somebody", NOW, "c1", request_id)


def a_wish(**changes: Any) -> NewUser:
    known: dict[str, Any] = {
        "last_name": "Müller",
        "first_name": "Anna",
        "email": "anna@x.example",
    }
    return NewUser(**{**known, **changes})


def a_user(**changes: Any) -> User:
    known: dict[str, Any] = {
        "id": ID,
        "version": 1,
        "status": "active",
        "first_name": "Anna",
        "last_name": "Müller",
        "email": "anna@x.example",
        "language": "en",
        "time_zone": "Europe/Berlin",
        "created_at": NOW,
        "created_in": "accounts",
    }
    return User(**{**known, **changes})


def a_role(*permissions: str, id_: str = AGENT) -> Role:
    return Role(id_, 1, "Role", "R", "other", permissions)
