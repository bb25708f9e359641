"""What is said between services: types, schemas, form. Needs no broker and no web."""

from staffroll.events.catalogue import (
    EVENTS,
    REQUESTS,
    USER_EVENTS,
    dump_payload,
    is_known,
    payload_of,
)
from staffroll.events.cause import Cause
from staffroll.events.envelope import CONTENT_TYPE, PLATFORM_TENANT, Event, NotAnEvent
from staffroll.events.payloads import (
    DeletionWish,
    EmployeeState,
    MembershipChangeWish,
    PersonState,
    RequestRejected,
    RoleState,
    SigningKeys,
    SnapshotDone,
    SnapshotWish,
    TenantState,
    UserChangeWish,
    UserErased,
    UserState,
    UserWish,
)

__all__ = [
    "CONTENT_TYPE",
    "EVENTS",
    "PLATFORM_TENANT",
    "REQUESTS",
    "USER_EVENTS",
    "Cause",
    "DeletionWish",
    "EmployeeState",
    "Event",
    "MembershipChangeWish",
    "NotAnEvent",
    "PersonState",
    "RequestRejected",
    "RoleState",
    "SigningKeys",
    "SnapshotDone",
    "SnapshotWish",
    "TenantState",
    "UserChangeWish",
    "UserErased",
    "UserState",
    "UserWish",
    "dump_payload",
    "is_known",
    "payload_of",
]
