"""For tests of a subscriber: events as they would come, without a broker.

::

    def test_who_leaves_is_paid_no_more() -> None:
        happens(subscriber, a_user_event(1))
        happens(subscriber, a_user_event(2, status="deactivated"))

        assert payroll.stopped == [...]
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from staffroll.events import EmployeeState, Event, UserState, dump_payload
from staffroll.subscribe.subscriber import Subscriber

TENANT: Final = "acme"
SOMEBODY: Final = "018f3a1e-9f0b-7c43-9a55-0d1f2b3c4d60"

_ANNA: Final = UserState(
    status="active",
    token_generation=1,
    created_at="2026-03-02T08:30:00Z",
    created_in="accounts",
    first_name="Anna",
    last_name="Müller",
    email="anna@acme.example",
    language="de",
    time_zone="Europe/Berlin",
)


def a_user_event(
    sequence: int, *, subject: str = SOMEBODY, tenant_id: str = TENANT, **state: Any
) -> Event:
    """Anna's state at a version, with other fields where they are named."""
    user = replace(_ANNA, **state)
    if user.status == "deleted":
        user = UserState("deleted", user.token_generation, user.created_at, user.created_in)
    kind = "user.created" if sequence == 1 else "user.updated"
    data = dump_payload(user)
    return Event(kind, "accounts", tenant_id, subject, sequence, data)


def an_employee_event(
    sequence: int, *, subject: str = SOMEBODY, tenant_id: str = TENANT, **state: Any
) -> Event:
    """An employee's state at a version; employed unless said otherwise, dates as text."""
    employee = EmployeeState("employed", personnel_number="P-7K3QX2MA")
    kind = "employee.created" if sequence == 1 else "employee.updated"
    data = dump_payload(employee) | state
    return Event(kind, "scheduling", tenant_id, subject, sequence, data)


def happens(subscriber: Subscriber, *events: Event) -> list[str]:
    """Hand the events to the handlers; the types of what has happened, in order."""
    return [name for event in _each(events) for name in subscriber.handle(event)]


def _each(events: Iterable[Event]) -> Iterable[Event]:
    """As they come over the wire."""
    return (Event.from_json(event.to_json()) for event in events)
