"""The small client for other teams' services.

::

    from staffroll.subscribe import Event, SqliteVersions, Subscriber, UserState

    subscriber = Subscriber("payroll", "amqp://…", versions=SqliteVersions("payroll.sqlite"))

    @subscriber.on("user.deactivated")
    def stop_paying(event: Event, user: UserState) -> None:
        ...

    subscriber.run()

Needs neither web framework nor database; ``pip install staffroll`` is enough.
"""

from staffroll.bus.applying import Reject
from staffroll.errors import Unavailable as TryLater
from staffroll.events import (
    EmployeeState,
    Event,
    PersonState,
    RoleState,
    TenantState,
    UserErased,
    UserState,
)
from staffroll.subscribe.subscriber import Health, Subscriber
from staffroll.subscribe.versions import Known, MemoryVersions, SqliteVersions, Versions

__all__ = [
    "EmployeeState",
    "Event",
    "Health",
    "Known",
    "MemoryVersions",
    "PersonState",
    "Reject",
    "RoleState",
    "SqliteVersions",
    "Subscriber",
    "TenantState",
    "TryLater",
    "UserErased",
    "UserState",
    "Versions",
]
