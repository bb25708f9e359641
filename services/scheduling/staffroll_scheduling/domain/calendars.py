"""Secret addresses under which people read their shifts as a calendar. Pure.

Such an address holds for as long as its owner may sign in: the next deactivation ends it for
ever, as it ends sessions and tokens (R51), and a new address voids the one before.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from staffroll_scheduling.domain.employees import CalendarAddress, Employee

BACK: Final = timedelta(weeks=4)
AHEAD: Final = timedelta(weeks=26)

_SECRET_BYTES: Final = 32
MOST_CHARACTERS: Final = 200
"""Of a token; ids of tenants and employees are not that long."""


@dataclass(frozen=True, slots=True)
class CalendarToken:
    """What stands in the address: ``<tenant>.<employee>.<secret>``.

    The first two find the employee without a look into other tenants; the secret decides.
    """

    tenant_id: str
    employee_id: str
    secret: str

    def __str__(self) -> str:
        return f"{self.tenant_id}.{self.employee_id}.{self.secret}"

    @property
    def hash(self) -> str:
        return hashlib.sha256(str(self).encode()).hexdigest()


def new_token(tenant_id: str, employee_id: str) -> CalendarToken:
    return CalendarToken(tenant_id, employee_id, secrets.token_urlsafe(_SECRET_BYTES))


def read_token(text: str) -> CalendarToken | None:
    """None where it cannot be one."""
    parts = text.split(".") if len(text) <= MOST_CHARACTERS and text.isascii() else []
    return CalendarToken(*parts) if len(parts) == 3 and all(parts) else None


def address_of(token: CalendarToken, now: datetime) -> CalendarAddress:
    """What is kept of a token."""
    return CalendarAddress(token.hash, now)


def is_good(token: CalendarToken, record: Employee | None) -> bool:
    """Whether the token opens the calendar of this employee, in the same time for all."""
    calendar = record.own.calendar if record is not None else None
    is_same = hmac.compare_digest(calendar.hash if calendar else "", token.hash)
    if record is None or calendar is None or not is_same:
        return False
    if record.followed.state != "confirmed" or not record.followed.user.is_active:
        return False
    # News of a deactivation may be overtaken by that of the reactivation; this fact is not.
    ends = (one.ended_at for one in record.own.memberships)
    return not any(ended_at and ended_at >= calendar.created_at for ended_at in ends)
