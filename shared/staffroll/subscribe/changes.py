"""What has happened since the state that is known: derived from states, never from types.

Every event is a snapshot, and a later one may overtake an earlier. Who only looked at the
type would miss a deactivation whose own event came too late to be newer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from staffroll.events import EVENTS, USER_EVENTS, Event
from staffroll.subscribe.versions import Known, Marks

_EMPLOYEE_EVENTS: Final = frozenset(
    {
        "employee.created",
        "employee.updated",
        "membership.started",
        "membership.changed",
        "membership.ended",
    }
)

_USER_MARKS: Final = ("status", "locked", "token_generation")
_EMPLOYEE_MARKS: Final = ("status", "join_date", "leave_date")
_NEVER_COMPARED: Final = {"changed", "applied_requests"}

Since = Callable[[Marks | None, Marks, int], list[str]]


@dataclass(frozen=True, slots=True)
class Stream:
    """Events about one kind of thing, counted by one owner in one sequence.

    Attributes:
        owner: Who counts, and tells it again when asked.
        types: What is said in it.
        marks: Fields that stay comparable; of all others only a hash is kept.
        since: The types that have happened between two states.
    """

    owner: str
    types: frozenset[str]
    marks: tuple[str, ...]
    since: Since

    def known(self, event: Event) -> Known:
        """What is to be kept of the event's state: nothing personal."""
        data = {name: value for name, value in event.data.items() if name not in _NEVER_COMPARED}
        kept: dict[str, Any] = {name: data.pop(name, None) for name in self.marks}
        if kept.get("status") != "deleted":
            text = json.dumps(data, sort_keys=True, ensure_ascii=False)
            kept["rest"] = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        return Known(event.sequence, kept)


def stream_of(event_type: str) -> Stream | None:
    """None for what is no state of anything, as a receipt."""
    return _STREAMS.get(event_type)


def _users(old: Marks | None, new: Marks, sequence: int) -> list[str]:
    if new["status"] == "deleted":
        return ["user.deleted"]
    if old is None:
        # Of who begins deactivated it is said by `user.created` itself.
        was_active = new["status"] == "deactivated" and sequence > 1
        found = {
            "user.created": True,
            "user.deactivated": was_active,
            "user.locked": new["locked"],
        }
        return [name for name, happened in found.items() if happened]
    found = {
        "user.deactivated": (old["status"], new["status"]) == ("active", "deactivated"),
        "user.reactivated": (old["status"], new["status"]) == ("deactivated", "active"),
        "user.locked": bool(new["locked"]) and not old["locked"],
        "user.unlocked": bool(old["locked"]) and not new["locked"],
        "user.sessions-revoked": new["token_generation"] > old["token_generation"],
        "user.updated": new["rest"] != old["rest"],
    }
    return [name for name, happened in found.items() if happened]


def _employees(old: Marks | None, new: Marks, _sequence: int) -> list[str]:
    if old is None:
        return ["employee.created"] if new["status"] != "deleted" else ["employee.updated"]
    dates = [(marks["join_date"], marks["leave_date"]) for marks in (old, new)]
    turned = new["status"] != old["status"] and new["status"] != "deleted"
    found = {
        "membership.started": turned and new["status"] == "employed",
        "membership.ended": turned and new["status"] == "not_employed",
        "membership.changed": not turned and dates[0] != dates[1],
        "employee.updated": new["status"] == "deleted" or new["rest"] != old["rest"],
    }
    return [name for name, happened in found.items() if happened]


def _one_type(name: str) -> Since:
    def since(old: Marks | None, new: Marks, _sequence: int) -> list[str]:
        return [] if old == new else [name]

    return since


def _by_status(kind: str) -> Since:
    """Roles and tenants: gone, new, or changed."""

    def since(old: Marks | None, new: Marks, _sequence: int) -> list[str]:
        if new.get("status") == "deleted" or new.get("is_deleted"):
            return [f"{kind}.deleted"]
        if old is None and f"{kind}.created" in EVENTS:
            return [f"{kind}.created"]
        if new.get("status") == "suspended" and (old or {}).get("status") != "suspended":
            return [f"{kind}.suspended"]
        return [] if old == new else [f"{kind}.updated"]

    return since


def _types(prefix: str) -> frozenset[str]:
    return frozenset(name for name in EVENTS if name.startswith(f"{prefix}."))


_ALL: Final = (
    Stream("accounts", USER_EVENTS, _USER_MARKS, _users),
    Stream("accounts", _types("role"), ("is_deleted",), _by_status("role")),
    Stream("accounts", _types("tenant"), ("status",), _by_status("tenant")),
    Stream("accounts", _types("keys"), (), _one_type("keys.updated")),
    Stream("scheduling", _EMPLOYEE_EVENTS, _EMPLOYEE_MARKS, _employees),
    Stream("people", _types("person"), ("status",), _one_type("person.updated")),
)
_STREAMS: Final[Mapping[str, Stream]] = {name: stream for stream in _ALL for name in stream.types}
