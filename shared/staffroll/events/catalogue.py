"""All that is ever said, on one screen: types, who says or hears them, what they carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from marshmallow import Schema, ValidationError

from staffroll.events import payloads as p
from staffroll.events.envelope import Event, NotAnEvent

_USER: Final = p.UserStateSchema()
_EMPLOYEE: Final = p.EmployeeStateSchema()

EVENTS: Final[Mapping[str, Schema]] = {
    # accounts
    "user.created": _USER,
    "user.updated": _USER,
    "user.deactivated": _USER,
    "user.reactivated": _USER,
    "user.deleted": _USER,
    "user.locked": _USER,
    "user.unlocked": _USER,
    "user.sessions-revoked": _USER,
    "role.updated": p.RoleStateSchema(),
    "role.deleted": p.RoleStateSchema(),
    "tenant.created": p.TenantStateSchema(),
    "tenant.updated": p.TenantStateSchema(),
    "tenant.suspended": p.TenantStateSchema(),
    "tenant.deleted": p.TenantStateSchema(),
    "keys.updated": p.SigningKeysSchema(),
    # scheduling
    "employee.created": _EMPLOYEE,
    "employee.updated": _EMPLOYEE,
    "membership.started": _EMPLOYEE,
    "membership.changed": _EMPLOYEE,
    "membership.ended": _EMPLOYEE,
    # people
    "person.updated": p.PersonStateSchema(),
    # every service
    "user.erased": p.UserErasedSchema(),
    "request.rejected": p.RequestRejectedSchema(),
    "snapshot.done": p.SnapshotDoneSchema(),
}
"""Facts, published to whoever listens."""

REQUESTS: Final[Mapping[str, Schema]] = {
    "user.requested": p.UserWishSchema(),
    "user.change-requested": p.UserChangeWishSchema(),
    "user.deletion-requested": p.DeletionWishSchema(),
    "membership.change-requested": p.MembershipChangeWishSchema(),
    "snapshot.requested": p.SnapshotWishSchema(),
}
"""Wishes, sent to the one owner."""

USER_EVENTS: Final = frozenset(name for name, schema in EVENTS.items() if schema is _USER)
"""All that carry a user's whole state, so that it does not matter which it is."""

_SCHEMAS: Final[Mapping[str, Schema]] = {**EVENTS, **REQUESTS}


def is_known(event_type: str) -> bool:
    return event_type in _SCHEMAS


def payload_of(event: Event) -> Any:
    """The event's data as the dataclass of its type.

    Raises:
        NotAnEvent: The data do not fit the type's schema; names the fields, not values.
        KeyError: The type is not in the catalogue; ask `is_known` first.
    """
    try:
        return _SCHEMAS[event.type].load(event.data)
    except ValidationError as error:
        wrong = ", ".join(sorted(map(str, error.messages_dict)))
        raise NotAnEvent(f"{event.type} with a wrong {wrong}") from error


def dump_payload(payload: Any) -> dict[str, Any]:
    """The dataclass as JSON-ready data, by the schema that declares it."""
    for schema in _SCHEMAS.values():
        if isinstance(schema, p.Payload) and schema.target is type(payload):
            return dict(schema.dump(payload))
    return asdict(payload)
