"""What all services show of one tenant, read over HTTP while nothing is under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from staffroll.followed import EDITABLE
from tests.storm.clients import FIRST_DAY, Tenant
from tests.storm.schedule import DAYS, SERVICES
from tests.support.apart import PLACES, Apart
from tests.support.rabbitmq import RabbitNode

Shown = Mapping[str, Any]

_FOLLOWERS: Final = ("scheduling", "people")


@dataclass(frozen=True, slots=True)
class World:
    """One tenant.

    Attributes:
        places: Who is shown, by service and id; refused and pending ones among them.
        exported: The rows, by e-mail.
        roles: Those of accounts by id.
    """

    places: Mapping[str, Mapping[str, Shown]]
    exported: Mapping[str, list[tuple[str, str]]]
    shifts: list[Shown]
    roles: Mapping[str, Shown]

    @property
    def users(self) -> Mapping[str, Shown]:
        return self.places["accounts"]

    def confirmed(self, place: str) -> Mapping[str, Shown]:
        shown = self.places[place]
        return {
            id_: one for id_, one in shown.items() if one.get("state", "confirmed") == "confirmed"
        }

    def under_way(self) -> list[str]:
        """Wishes that accounts has not answered."""
        return [
            f"{place}: {id_} {what}"
            for place in _FOLLOWERS
            for id_, one in self.places[place].items()
            for what in ("creation", "change", "deletion")
            if one["state" if what == "creation" else what] == "pending"
            or (one.get(what) or {}).get("state") == "pending"
        ]


def look(tenant: Tenant) -> World:
    tabs = ({"status": "billed"}, {"status": "unbilled"})
    users = [one for tab in tabs for one in _all(tenant, "accounts", "/v1/users", **tab)]
    places = {"accounts": {one["id"]: one for one in users}}
    for place in _FOLLOWERS:
        listed = _all(tenant, place, PLACES[place])
        places[place] = {one["id"]: one for one in listed}
    exported: dict[str, list[tuple[str, str]]] = {}
    for tab in tabs:
        for last, first, email in _rows(tenant, **tab):
            exported.setdefault(email, []).append((last, first))
    shifts = _all(
        tenant,
        "scheduling",
        "/v1/shifts",
        **{
            "from": FIRST_DAY.isoformat(),
            "to": (FIRST_DAY + timedelta(days=DAYS + 1)).isoformat(),
        },
    )
    roles = tenant.read("accounts", "/v1/roles") or {}
    return World(places, exported, shifts, {one["id"]: one for one in roles["items"]})


def unsent(suite: Apart) -> list[str]:
    """Documents in which news waits."""
    found = []
    for service in SERVICES:
        database = suite.database(service)
        for name in database.list_collection_names():
            count = database[name].count_documents({"outbox.0": {"$exists": True}})
            if count:
                found.append(f"{service}: {count} of {name} wait to be told")
    return found


def queued(suite: Apart, broker: RabbitNode) -> list[str]:
    """Queues of the suite that hold anything, dead letters among them."""
    lines = broker.control("list_queues", "name", "messages").splitlines()
    counts = dict(line.split("\t") for line in lines if "\t" in line)
    return [
        f"{count} in {name}"
        for name, count in counts.items()
        if name.startswith(suite.prefix) and count.isdigit() and int(count)
    ]


def unerased(tenant: Tenant) -> list[str]:
    page = tenant.read("accounts", "/v1/erasures", complete="false")
    return [f"{one['user_id']} is not erased everywhere" for one in (page or {})["items"]]


def differences(world: World) -> list[str]:
    """Where services do not show the same of the same human."""
    found = []
    users = world.users
    for place in _FOLLOWERS:
        shown = world.confirmed(place)
        found += [f"{place} lacks {id_}" for id_ in users.keys() - shown.keys()]
        found += [f"{place} has {id_}, accounts not" for id_ in shown.keys() - users.keys()]
        for id_ in users.keys() & shown.keys():
            found += [f"{place}: {id_} {text}" for text in _unlike(users[id_], shown[id_])]
    told = {one["email"]: [(one["last_name"], one["first_name"])] for one in users.values()}
    if told != world.exported:
        odd = [email for email in {*told, *world.exported} if told.get(email) != world.exported.get(email)]  # fmt: skip
        found += [f"export: {email}: {world.exported.get(email)}, accounts {told.get(email)}" for email in odd]  # fmt: skip
    return found


def _unlike(user: Shown, copy: Shown) -> list[str]:
    names = {name: name for name in (*EDITABLE, "roles", "is_admin")} | {"status": "user_status"}
    return [
        f"{name} is {copy[there]!r}, in accounts {user[name]!r}"
        for name, there in names.items()
        if user[name] != copy[there]
    ]


def _all(tenant: Tenant, service: str, path: str, **parameters: str) -> list[Shown]:
    items: list[Shown] = []
    cursor = None
    while True:
        asked = {**parameters, "limit": 200, **({"cursor": cursor} if cursor else {})}
        page = tenant.read(service, path, **asked)
        assert page is not None, f"{service} does not answer {path}"
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


def _rows(tenant: Tenant, **parameters: str) -> list[list[str]]:
    return [line.split(",") for line in tenant.csv(**parameters)[1:]]
