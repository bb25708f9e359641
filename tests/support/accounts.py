"""Accounts in this process: its app on a real database, with tenants made as needed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol, cast

from flask import Flask
from werkzeug.datastructures import Headers

from staffroll import clock
from staffroll.events import Event
from staffroll.ids import new_id
from staffroll.mongo import Document
from staffroll.runtime import Runtime
from staffroll.scope import Actor, Scope
from staffroll_accounts.actions import AccountsScope, tenants
from staffroll_accounts.actions.tenants import NewTenant
from staffroll_accounts.cli import service
from staffroll_accounts.domain.roles import Role, RoleDecision, told
from staffroll_accounts.here import keys_of, store_of
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.store import decoys
from staffroll_accounts.tokens import Issuer
from tests.support.waiting import eventually

PASSWORD: Final = "correct horse battery"
SECRET: Final = "a secret of this test run that is long enough"


class Answer(Protocol):
    """What the test client answers, whose JSON tests look into as they like."""

    status_code: int
    headers: Headers
    data: bytes
    text: str
    content_type: str
    json: Any


def environ_of(mongodb_uri: str, prefix: str, **settings: object) -> dict[str, str]:
    """The environment of a service that is quick and belongs to one test module."""
    named = {f"STAFFROLL_{name.upper()}": str(value) for name, value in settings.items()}
    return {
        "STAFFROLL_MONGODB_URI": mongodb_uri,
        "STAFFROLL_MONGODB_PREFIX": prefix,
        "STAFFROLL_BROKER_URL": "embedded:",
        "STAFFROLL_BROKER_PREFIX": prefix,
        "STAFFROLL_SECRET_KEY": SECRET,
        "STAFFROLL_ARGON2_MEMORY_KIB": "8",
        "STAFFROLL_ARGON2_TIME_COST": "1",
        "STAFFROLL_TRIES_PER_ADDRESS": "0",
        "STAFFROLL_TRIES_PER_ACCOUNT": "0",
        "STAFFROLL_HASHES_WAITING": "1000",
        **named,
    }


class Accounts:
    """Accounts' app and handler on one runtime; `close` it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = dict(environ)
        self.runtime: Runtime = service.runtime("serve", environ)
        eventually(lambda: self.runtime.is_prepared, 30)
        self.app = service.make_app(self.runtime)
        self.handle = service.make_handler(self.runtime)
        self.keys = keys_of(self.runtime)
        self._passwords = Passwords(self.runtime.settings)  # type: ignore[arg-type]

    def close(self) -> None:
        self.runtime.close()

    def scope(self, tenant_id: str) -> AccountsScope:
        store = store_of(self.runtime, tenant_id)
        return Scope(tenant_id, Actor.system("test"), store, clock.now())

    def tenant(self) -> Tenant:
        """A new tenant with default roles and one admin."""
        tenant_id = f"t-{secrets.token_hex(6)}"
        wish = NewTenant(
            id=tenant_id,
            name=tenant_id,
            languages=("en", "de"),
            time_zone="Europe/Berlin",
            admin_email="admin@x.example",
            admin_first_name="Ada",
            admin_last_name="Admin",
            admin_password=PASSWORD,
        )
        admin = tenants.create(wish, self.scope(tenant_id), self._passwords)
        return Tenant(self, tenant_id, admin.id)

    def token(
        self,
        tenant_id: str,
        user_id: str,
        *,
        is_admin: bool = False,
        permissions: Iterable[str] = (),
        generation: int = 1,
        good_for_seconds: int = 600,
        entered_at: datetime | None = None,
    ) -> str:
        """A token of no session, whose owner entered their password just now."""
        return Issuer(self.keys, good_for_seconds).issue(
            subject=user_id,
            tenant_id=tenant_id,
            is_admin=is_admin,
            permissions=permissions,
            generation=generation,
            authenticated_at=entered_at or clock.now(),
        )

    def send(self, method: str, path: str, token: str | None, **options: Any) -> Answer:
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        client = self.app.test_client()
        return cast(Answer, client.open(path, method=method, headers=headers, **options))

    @staticmethod
    def app_of(runtime: Runtime) -> Flask:
        """The app of another process on the same database."""
        return service.make_app(runtime)

    def dump_whole(self, name: str) -> list[Document]:
        """A collection as it is stored, waiting news included."""
        return list(self.runtime.platform[name].find({}))

    def dump(self) -> dict[str, list[Document]]:
        """Everything that is stored, waiting news and writes that keep nothing left out."""
        database = self.runtime.platform.database
        return {
            name: list(database[name].find({}, {"outbox": 0, "outbox_lease_until": 0}).sort("_id"))
            for name in sorted(database.list_collection_names())
            if name != decoys.COLLECTION
        }


class Tenant:
    """A tenant, seen by its first admin unless another token is given."""

    def __init__(self, accounts: Accounts, tenant_id: str, admin_id: str) -> None:
        self.accounts = accounts
        self.id = tenant_id
        self.admin_id = admin_id
        self._token: str | None = None
        self._roles: dict[str, str] = {}

    @property
    def token(self) -> str:
        """A good token of the admin, however often their sessions ended; or the one that was set."""
        if self._token is not None:
            return self._token
        generation = self.document(self.admin_id)["token_generation"]
        return self.accounts.token(self.id, self.admin_id, is_admin=True, generation=generation)

    @token.setter
    def token(self, token: str) -> None:
        self._token = token

    def get(self, path: str, **options: Any) -> Answer:
        return self._send("GET", path, options)

    def post(self, path: str, json: Any = None, **options: Any) -> Answer:
        return self._send("POST", path, {"json": json, **options})

    def patch(self, path: str, json: Any = None, **options: Any) -> Answer:
        return self._send("PATCH", path, {"json": json, **options})

    def _send(self, method: str, path: str, options: dict[str, Any]) -> Answer:
        token = options.pop("token", self.token)
        return self.accounts.send(method, path, token, **options)

    def create(self, **changes: Any) -> dict[str, Any]:
        """A user, as answered at creation."""
        response = self.post("/v1/users", a_user(**changes))
        assert response.status_code == 201, response.json
        created: dict[str, Any] = response.json
        return created

    def token_of(self, user: Mapping[str, Any], *permissions: str, **options: Any) -> str:
        """A token of the user, who also gets a role with `permissions` where some are named."""
        if permissions:
            self.give(user["id"], permissions)
        return self.accounts.token(self.id, user["id"], is_admin=user["is_admin"], **options)

    def give(self, user_id: str, permissions: Iterable[str]) -> str:
        """The id of a new role with `permissions`, which the user has from now on."""
        scope = self.accounts.scope(self.id)
        name = f"Role {secrets.token_hex(4)}"
        role = Role(new_id(), 1, name, "R", "other", tuple(sorted(permissions)))
        decision = RoleDecision(role, (told(role, scope.cause("accounts")),))
        scope.store.roles.insert_missing([decision], scope.now)
        self.accounts.runtime.platform["users"].update_one(
            {"tenant_id": self.id, "_id": user_id}, {"$addToSet": {"roles": role.id}}
        )
        return role.id

    def role(self, name: str) -> str:
        """The id of a default role."""
        if not self._roles:
            items = self.get("/v1/roles").json["items"]
            self._roles.update({item["name"]: item["id"] for item in items})
        return self._roles[name]

    def document(self, user_id: str) -> Document:
        """The user as stored, outbox included."""
        database = self.accounts.runtime.platform.database
        found = database["users"].find_one({"tenant_id": self.id, "_id": user_id})
        assert found is not None
        return found

    def answers(self, request_id: str) -> list[Event]:
        """What was said in answer to a wish and still waits in an outbox."""
        database = self.accounts.runtime.platform.database
        events = [
            Event.from_json(entry["body"])
            for name in ("users", "requests")
            for document in database[name].find({"tenant_id": self.id})
            for entry in document.get("outbox", [])
        ]
        return [event for event in events if event.request_id == request_id]

    def wish(self, event_type: str, subject: str, data: dict[str, Any], **changes: Any) -> Event:
        """A wish of another service, for `Accounts.handle`."""
        known: dict[str, Any] = {
            "source": "people",
            "actor": self.admin_id,
            "sequence": 1,
            "request_id": new_id(),
            **changes,
        }
        return Event(type=event_type, tenant_id=self.id, subject=subject, data=data, **known)


def a_user(**changes: Any) -> dict[str, Any]:
    """What a client sends to create a user; the e-mail is new each time."""
    known = {
        "last_name": "Müller",
        "first_name": "Anna",
        "email": f"u{secrets.token_hex(6)}@x.example",
    }
    return {**known, **changes}
