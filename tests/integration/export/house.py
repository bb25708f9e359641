"""A running export service in this process, and accounts' part of the conversation."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OKPKey

from staffroll.events import (
    PLATFORM_TENANT,
    Cause,
    Event,
    RoleState,
    SigningKeys,
    TenantState,
    UserState,
)
from staffroll.ids import new_id
from staffroll.mongo.audit import AuditWriter
from staffroll.runtime import Runtime
from staffroll.search import index_fields
from staffroll.web.guard import PLATFORM_ACTOR
from staffroll.web.tokens import ALGORITHM, AUDIENCE
from staffroll_export import due
from staffroll_export.cli import service
from staffroll_export.store import AUDITED
from staffroll_export.sync import make_handler

READ = "export.users:read"


def environ(mongodb_uri: str, prefix: str) -> dict[str, str]:
    return {
        "STAFFROLL_MONGODB_URI": mongodb_uri,
        "STAFFROLL_MONGODB_PREFIX": prefix,
        "STAFFROLL_BROKER_URL": "embedded:",
        "STAFFROLL_BROKER_PREFIX": prefix,
    }


def told(
    event_type: str,
    subject: str,
    sequence: int,
    payload: Any,
    *,
    tenant_id: str = "acme",
    at: datetime | None = None,
) -> Event:
    cause = Cause("accounts", tenant_id, "system:test", at or datetime.now(UTC))
    return cause.event(event_type, subject, sequence, payload)


def a_user(**changes: Any) -> UserState:
    fields: dict[str, Any] = {
        "status": "active",
        "token_generation": 1,
        "created_at": "2026-01-01T00:00:00Z",
        "created_in": "accounts",
        "first_name": "Bo",
        "last_name": "Berg",
        "email": "bo@example.org",
        "language": "en",
        "time_zone": "Europe/Berlin",
    }
    return UserState(**{**fields, **changes})


def a_tombstone(token_generation: int = 2) -> UserState:
    return UserState(
        status="deleted",
        token_generation=token_generation,
        created_at="2026-01-01T00:00:00Z",
        created_in="accounts",
    )


@dataclass
class House:
    """Export's runtime, handler and app."""

    environ: Mapping[str, str]
    runtime: Runtime
    handle: Callable[[Event], None]
    client: FlaskClient
    key: OKPKey = field(repr=False)

    def new_tenant(self, time_zone: str = "Europe/Berlin") -> str:
        tenant_id = f"t{uuid.uuid4().hex[:8]}"
        state = TenantState(name="A", status="active", languages=["en"], time_zone=time_zone)
        self.handle(told("tenant.created", tenant_id, 1, state, tenant_id=tenant_id))
        return tenant_id

    def keep(self, tenant_id: str, *users: UserState) -> list[str]:
        ids = [new_id() for _ in users]
        for id_, user in zip(ids, users, strict=True):
            self.handle(told("user.created", id_, 1, user, tenant_id=tenant_id))
        return ids

    def token(
        self,
        tenant_id: str,
        subject: str = PLATFORM_ACTOR,
        *,
        permissions: Sequence[str] = (READ,),
        generation: int = 1,
    ) -> dict[str, str]:
        """The header of somebody who is signed in; of the platform team unless named.

        Whoever is named has a role with `permissions` from now on, and no other.
        """
        if subject != PLATFORM_ACTOR:
            role_id = new_id()
            role = RoleState(name=role_id[-6:], category="other", permissions=list(permissions))
            self.handle(told("role.updated", role_id, 1, role, tenant_id=tenant_id))
            self.runtime.platform["rows"].update_one(
                {"tenant_id": tenant_id, "_id": subject}, {"$set": {"roles": [role_id]}}
            )
        now = int(time.time())
        claims = {
            "sub": subject,
            "tid": tenant_id,
            "adm": subject == PLATFORM_ACTOR,
            "perms": list(permissions),
            "gen": generation,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 600,
            "jti": new_id(),
        }
        header = {"alg": ALGORITHM, "kid": self.key.kid, "typ": "at+jwt"}
        token = jwt.encode(header, claims, self.key, algorithms=[ALGORITHM])
        return {"Authorization": f"Bearer {token}"}

    def get(self, path: str, tenant_id: str, query: Iterable[tuple[str, str]] = ()) -> Any:
        return self.client.get(
            path, query_string=list(query), headers=self.token(tenant_id), buffered=True
        )

    def lines(self, tenant_id: str, *query: tuple[str, str]) -> list[str]:
        """The exported lines without the header."""
        response = self.get("/v1/users/export", tenant_id, query)
        assert response.status_code == 200, response.text
        text: str = response.get_data(as_text=True)
        return text.split("\r\n")[1:-1]

    def finish_erasing(self) -> None:
        """What a consumer process does every second."""
        AuditWriter(self.runtime.platform, AUDITED).run()
        due.erase_users(self.runtime).run()

    def rows(self, tenant_id: str) -> list[dict[str, Any]]:
        """The documents as they are stored."""
        found = self.runtime.platform["rows"].find({"tenant_id": tenant_id})
        return sorted(found, key=lambda document: document["_id"])


def switch_on(house: House, tenant_id: str, version: int = 2, **plugins: dict[str, Any]) -> None:
    """What accounts tells when the tenant has these plugins, and no others."""
    state = TenantState(
        name="A", status="active", languages=["en"], time_zone="Europe/Berlin", plugins=plugins
    )
    house.handle(told("tenant.updated", tenant_id, version, state, tenant_id=tenant_id))


@contextmanager
def open_house(variables: Mapping[str, str]) -> Iterator[House]:
    runtime = service.runtime("serve", variables)
    try:
        assert runtime.wait_until_prepared(30)
        handle = make_handler(runtime)
        key = OKPKey.generate_key("Ed25519", parameters={"kid": new_id(), "use": "sig"})
        public = SigningKeys(keys=[key.as_dict(private=False)])
        handle(told("keys.updated", "signing", 1, public, tenant_id=PLATFORM_TENANT))
        runtime.platform["bootstraps"].update_one(
            {"tenant_id": PLATFORM_TENANT, "_id": "accounts"},
            {"$set": {"is_done": True}},
            upsert=True,
        )
        app = service.make_app(runtime)
        app.testing = True
        yield House(variables, runtime, handle, app.test_client(), key)
    finally:
        runtime.close()


def a_role() -> RoleState:
    return RoleState(name="Planner", category="planner", permissions=[READ])


def fill(house: House, tenant_id: str, count: int, *, name: str = "Nguyen") -> None:
    """Many active users at once, put where the handler would put them."""
    rows = house.runtime.platform["rows"]
    for start in range(0, count, 5_000):
        numbers = range(start, min(start + 5_000, count))
        rows.insert_many([_document(tenant_id, name, number) for number in numbers])


def _document(tenant_id: str, name: str, number: int) -> dict[str, Any]:
    last_name, first_name = f"{name} {number % 977:03}", f"Kim {number:06}"
    email = f"kim.{number}@example.org"
    return {
        "_id": new_id(),
        "tenant_id": tenant_id,
        "seen": {"accounts": 1},
        "told_at": datetime.now(UTC),
        "status": "active",
        "first_name": first_name,
        "last_name": last_name,
        "email": email,
        "language": "en",
        "time_zone": "Europe/Berlin",
        "roles": [],
        "is_admin": False,
        "token_generation": 1,
        **index_fields(last_name, first_name, email),
    }
