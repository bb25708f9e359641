"""What people of a tenant do all day, over HTTP, each request on a connection that is kept."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

from tests.bench.load import new_human
from tests.load.population import Population
from tests.support.apart import PASSWORD, PLACES, SERVICES, Apart, Client

_NAMES: Final = ("muller", "smith", "garcia", "rossi", "novak", "anna", "le", "vogel", "khan")
_LEAVE_DATES: Final = ("2031-01-31", "2031-06-30", "2031-12-31")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: 0 where the connection broke.
    """

    status: int
    body: Any = None

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


class Caller:
    """The connections of one thread to all services."""

    def __init__(self, suite: Apart, token: str) -> None:
        self._places = {name: urlsplit(suite.url(name)) for name in SERVICES}
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._open: dict[str, http.client.HTTPConnection] = {}

    def call(
        self,
        method: str,
        service: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = {**self._headers, **(headers or {})}
        payload = None if body is None else json.dumps(body)
        for _ in range(2):
            is_new = service not in self._open
            try:
                connection = self._connection(service)
                connection.request(method, path, payload, sent)
                response = connection.getresponse()
                content = response.read()
            except (OSError, http.client.HTTPException):
                self._open.pop(service).close()
                if is_new:
                    break
                continue  # the server had closed it, as nothing was asked for some seconds
            return Answer(response.status, json.loads(content) if content else None)
        return Answer(0)

    def _connection(self, service: str) -> http.client.HTTPConnection:
        if service not in self._open:
            place = self._places[service]
            made = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
            self._open[service] = made
        return self._open[service]


Act = Callable[[Caller, float], Answer]


@dataclass(slots=True)
class Acts:
    """By kind, what is done; the draw from 0 to 1 says to whom."""

    client: Client
    population: Population
    roles: Sequence[str]
    created: dict[str, float] = field(default_factory=dict)
    _addresses: Any = field(default_factory=itertools.count)

    def by_kind(self) -> dict[str, Act]:
        lists = {f"list {_plural(name)}": _listing(name) for name in PLACES}
        searches = {f"search {_plural(name)}": _searching(name) for name in PLACES}
        return {
            **lists,
            **searches,
            "sign in": self._sign_in,
            "read a user": self._reading("accounts"),
            "read an employee": self._reading("scheduling"),
            "edit a user": self._edit_user,
            "edit a person": self._edit_person,
            "give a role": self._give_role,
            "set a leave date": self._set_leave_date,
            "create a user": lambda caller, _: caller.call(
                "POST", "accounts", "/v1/users", new_human()
            ),
        }

    def _id(self, draw: float) -> str:
        return self.population.ids[int(draw * self.population.size)]

    def _sign_in(self, caller: Caller, draw: float) -> Answer:
        number = next(self._addresses)
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        body = {
            "tenant": self.client.tenant_id,
            "email": self.population.emails[int(draw * self.population.size)],
            "password": PASSWORD,
        }
        headers = {"X-Forwarded-For": address}
        return caller.call("POST", "accounts", "/v1/sign-in", body, headers)

    def _reading(self, service: str) -> Act:
        return lambda caller, draw: caller.call(
            "GET", service, f"{PLACES[service]}/{self._id(draw)}"
        )

    def _edit_user(self, caller: Caller, draw: float) -> Answer:
        changes = {"first_name": f"Edited {secrets.token_hex(3)}"}
        return caller.call("PATCH", "accounts", f"/v1/users/{self._id(draw)}", changes)

    def _edit_person(self, caller: Caller, draw: float) -> Answer:
        changes = {"title": f"Dr. {secrets.token_hex(3)}"}
        return caller.call("PATCH", "people", f"/v1/people/{self._id(draw)}", changes)

    def _give_role(self, caller: Caller, draw: float) -> Answer:
        changes = {"roles": [random.choice(self.roles)]}
        return caller.call("PATCH", "accounts", f"/v1/users/{self._id(draw)}", changes)

    def _set_leave_date(self, caller: Caller, draw: float) -> Answer:
        changes = {"leave_date": random.choice(_LEAVE_DATES)}
        path = f"/v1/employees/{self._id(draw)}/memberships/current"
        return caller.call("PATCH", "scheduling", path, changes)


def _plural(service: str) -> str:
    return PLACES[service].rpartition("/")[2]


def _listing(service: str) -> Act:
    return lambda caller, _: caller.call("GET", service, PLACES[service])


def _searching(service: str) -> Act:
    def act(caller: Caller, draw: float) -> Answer:
        name = _NAMES[int(draw * len(_NAMES))]
        return caller.call("GET", service, f"{PLACES[service]}?q={quote(name)}")

    return act
