"""Every service in this process, told by accounts of two tenants, as a client meets it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from flask import Flask

from staffroll import bootstrap
from staffroll.events import PLATFORM_TENANT, SnapshotWish
from staffroll.mongo import Document, limiting
from staffroll.runtime import Runtime
from staffroll_accounts.store import decoys
from staffroll_accounts.sync import snapshot
from staffroll_scheduling.domain.assignments import Kind
from tests.support.accounts import Accounts, Answer, Tenant, environ_of
from tests.support.catalogues import ASSIGNMENT, ENTRIES, fill_catalogues
from tests.support.installed import SERVICES, service_of
from tests.support.mongo import drop_databases
from tests.support.planned import SHIFT, plan_shift
from tests.support.waiting import eventually


@dataclass(frozen=True)
class Route:
    """One operation of a service's own OpenAPI document, references resolved.

    Attributes:
        path: With parameters in braces.
        body: The JSON Schema of the body, None where there is none.
        queries: JSON Schemas of the query parameters by name.
        permission: What it needs; None where signing in is enough, or nothing is needed.
    """

    method: str
    path: str
    body: dict[str, Any] | None
    queries: dict[str, dict[str, Any]]
    is_public: bool
    permission: str | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Place:
    """A service, a tenant with a human whom it knows, and another tenant."""

    name: str
    app: Flask
    runtime: Runtime
    tenant: Tenant
    stranger: Tenant
    human_id: str
    role_id: str
    webhook_id: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = self.send("GET", "/openapi.json", token=None).json
        return found

    @property
    def routes(self) -> list[Route]:
        return list(_routes(self.document))

    def send(self, method: str, path: str, *, token: str | None = "", **options: Any) -> Answer:
        """Ask as the tenant's admin, or with another token, or with none."""
        headers = dict(options.pop("headers", {}))
        token = self.tenant.token if token == "" else token
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {token}")
        client = self.app.test_client()
        return cast(Answer, client.open(path, method=method, headers=headers, **options))

    def path(self, route: Route, id_: str | None = None) -> str:
        """The route's path about the human, or another id, with the queries it needs."""
        path = route.path
        for name in _names(path):
            path = path.replace(f"{{{name}}}", id_ or self._good(name))
        needed = [f"{n}={q['enum'][0]}" for n, q in route.queries.items() if q.get("needed")]
        return f"{path}?{'&'.join(needed)}" if needed else path

    def _good(self, name: str) -> str:
        if name == "role_id":
            return self.role_id
        if name == "name":
            return "password_strength"
        if name == "webhook_id":
            return self.webhook_id
        if name == "shift_id":
            return SHIFT
        if name == "assignment_id":
            return ASSIGNMENT
        kind = name.removesuffix("_id")
        if kind in ENTRIES:
            return ENTRIES[cast(Kind, kind)]
        return self.human_id[-2:] if name == "bucket" else self.human_id

    def dump(self) -> dict[str, list[Document]]:
        """Everything that is stored; left out are waiting news, writes that keep nothing, and
        counts that the database lets go of by itself."""
        database = self.runtime.platform.database
        hidden = {"outbox": 0, "outbox_lease_until": 0}
        return {
            name: list(database[name].find({}, hidden).sort("_id"))
            for name in sorted(database.list_collection_names())
            if name not in (decoys.COLLECTION, limiting.COLLECTION)
        }


@pytest.fixture(scope="module", params=SERVICES)
def place(request: pytest.FixtureRequest, mongodb_uri: str) -> Iterator[Place]:
    """Each installed service in turn."""
    prefix = f"test_{uuid.uuid4().hex[:12]}_"
    environ = environ_of(mongodb_uri, prefix)
    accounts = Accounts(environ)
    runtime: Runtime | None = None
    try:
        tenant, stranger = accounts.tenant(), accounts.tenant()
        human_id = tenant.create()["id"]
        stranger.create()
        role_id = tenant.post("/v1/roles", {"name": "Spare", "category": "other"}).json["id"]
        hook = {"url": "https://hooks.example.org/", "events": ["*"]}
        webhook_id = tenant.post("/v1/webhooks", hook).json["id"]
        if request.param == "accounts":
            app, used = accounts.app, accounts.runtime
        else:
            service = service_of(request.param)
            used = runtime = service.runtime("serve", environ)
            eventually(lambda: used.is_prepared, 30)
            app = service.make_app(runtime)
            handle = service.make_handler(runtime)
            for event in snapshot(accounts.runtime, accounts.keys, SnapshotWish(queue="unused")):
                handle(event)
            caught_up = {"tenant_id": PLATFORM_TENANT, "_id": "accounts", "is_done": True}
            runtime.platform[bootstrap.COLLECTION].insert_one(caught_up)
            if request.param == "scheduling":
                fill_catalogues(runtime, tenant.id, human_id)
                plan_shift(runtime, tenant.id)
        eventually(lambda: _is_quiet(used))
        yield Place(request.param, app, used, tenant, stranger, human_id, role_id, webhook_id)
    finally:
        if runtime is not None:
            runtime.close()
        accounts.close()
        drop_databases(mongodb_uri, prefix)


def _is_quiet(runtime: Runtime) -> bool:
    database = runtime.platform.database
    return not any(
        database[name].count_documents({"outbox.0": {"$exists": True}})
        for name in database.list_collection_names()
    )


def _routes(document: dict[str, Any]) -> Iterator[Route]:
    for path, operations in document["paths"].items():
        shared = operations.get("parameters", [])
        for method, operation in operations.items():
            if method in ("parameters", "summary", "description"):
                continue
            content = operation.get("requestBody", {}).get("content", {})
            body = content.get("application/json", {}).get("schema")
            parameters = [*shared, *operation.get("parameters", [])]
            yield Route(
                method=method.upper(),
                path=path,
                body=_resolved(document, body) if body else None,
                queries={
                    each["name"]: {**each["schema"], "needed": each.get("required", False)}
                    for each in (_resolved(document, p) for p in parameters)
                    if each["in"] == "query"
                },
                is_public=not operation.get("security"),
                permission=operation.get("x-permission"),
            )


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Any = document
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return _resolved(document, found)


def _names(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)
