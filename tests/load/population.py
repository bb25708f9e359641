"""Many people of one tenant, as the services themselves have stored one.

One user is created over HTTP; once every service knows them, their stored documents are the
pattern of all others, who are written in bulk. That leaves out what each creation costs, and
nothing else: ``staffroll check`` finds such a tenant in step.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from pymongo import WriteConcern

from staffroll.ids import new_id
from staffroll.local.demo_names import COUNTRIES
from staffroll.search import email_key, index_fields
from tests.support.apart import PASSWORD, Apart, Client
from tests.support.waiting import eventually

COLLECTIONS: Final = {
    "accounts": "users",
    "scheduling": "employees",
    "people": "people",
    "export": "rows",
}
_WITH_COPY: Final = ("scheduling", "people")
"""Services in whose documents the user is one field."""

_BATCH: Final = 2_000
_DEACTIVATED: Final = 0.1
_SETTLED_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Human:
    """Whom the database is filled with."""

    number: int
    first_name: str
    last_name: str
    email: str
    is_active: bool
    role: float
    """Which role, from 0 to 1, as a share of all that there are."""


def humans(*, seed: int = 1) -> Iterator[Human]:
    """People without end, the same ones each time."""
    draw = random.Random(seed)
    countries = list(COUNTRIES)
    number = 0
    while True:
        country = draw.choice(countries)
        first, last = draw.choice(country.first_names), draw.choice(country.last_names)
        email = f"u{number}.{email_key(last)[:8].replace(' ', '')}@acme.example"
        is_active = draw.random() >= _DEACTIVATED
        yield Human(number, first, last, email, is_active, draw.random())
        number += 1


class Population:
    """The people of one tenant in some services.

    Args:
        everybody_active: As at work; else a tenth is deactivated, in accounts alone.
    """

    def __init__(
        self, suite: Apart, client: Client, services: Iterable[str], *, everybody_active: bool
    ) -> None:
        self._suite = suite
        self._services = tuple(services)
        self._everybody_active = everybody_active
        self._humans = humans()
        self.ids: list[str] = []
        self.emails: list[str] = []
        self._roles = [item["id"] for item in client.get("accounts", "/v1/roles").json()["items"]]
        self._patterns = self._stored(client)

    @property
    def size(self) -> int:
        """Those who were written in bulk."""
        return len(self.ids)

    def grow_to(self, size: int) -> None:
        """Write whom it lacks, while no process runs; indexes are made anew at the end, which
        is quicker than to keep them meanwhile."""
        rows = {name: self._collection(name) for name in self._services}
        for collection in rows.values():
            collection.drop_indexes()
        missing = islice(self._humans, size - self.size)
        while some := list(islice(missing, _BATCH)):
            known = [
                (new_id(), human, index_fields(human.last_name, human.first_name, human.email))
                for human in some
            ]
            for name, collection in rows.items():
                documents = [self._document(name, *one) for one in known]
                collection.insert_many(documents, ordered=False)
            self.ids += [id_ for id_, _, _ in known]
            self.emails += [human.email for human in some]
        for name in self._services:
            self._suite.command_here("indexes", name)

    def _collection(self, service: str) -> Any:
        quick = WriteConcern(w=1, j=False)
        return self._suite.database(service)[COLLECTIONS[service]].with_options(write_concern=quick)

    def _stored(self, client: Client) -> dict[str, dict[str, Any]]:
        """The pattern: somebody of whom nothing waits to be told or noted any more."""
        human = next(self._humans)
        body = {
            "first_name": human.first_name,
            "last_name": human.last_name,
            "email": f"pattern@{client.tenant_id}.example",
            "password": PASSWORD,
        }
        response = client.post("accounts", "/v1/users", json=body)
        assert response.status_code == 201, response.text
        id_ = response.json()["id"]
        eventually(lambda: self._is_settled(id_), timeout=60)
        return self._found(id_)

    def _found(self, id_: str) -> dict[str, Any]:
        return {name: self._collection(name).find_one({"_id": id_}) for name in self._services}

    def _is_settled(self, id_: str) -> bool:
        """Whether nothing of them waits, nor has changed for a while."""
        found = self._found(id_)
        if not all(one and not (one.get("outbox") or one.get("audit")) for one in found.values()):
            return False
        time.sleep(_SETTLED_SECONDS)
        return found == self._found(id_)

    def _document(
        self, service: str, id_: str, human: Human, searched: Mapping[str, Any]
    ) -> dict[str, Any]:
        names: dict[str, Any] = {
            "first_name": human.first_name,
            "last_name": human.last_name,
            "email": human.email,
            "roles": [self._roles[int(human.role * len(self._roles))]],
        }
        if service == "accounts":
            names["email_key"] = email_key(human.email)
            if not (human.is_active or self._everybody_active):
                names["status"] = "deactivated"
        pattern = self._patterns[service]
        if service == "scheduling":
            number = f"P-{human.number:08}"
            pattern = {**pattern, "own": {**pattern["own"], "personnel_number": number}}
        return stamped(pattern, id_, names, searched, service in _WITH_COPY)


def stamped(
    pattern: Mapping[str, Any],
    id_: str,
    names: Mapping[str, Any],
    searched: Mapping[str, Any],
    is_copy: bool,
) -> dict[str, Any]:
    """Another document like `pattern`.

    Args:
        is_copy: The names stand in the field ``user``.
    """
    named = {"user": {**pattern["user"], **names}} if is_copy else names
    return {**pattern, **named, **searched, "_id": id_}
