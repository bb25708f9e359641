"""A service in this process, on a real database and bus, and accounts' part of the talk."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OKPKey
from pymongo.collection import Collection
from werkzeug.test import TestResponse

from staffroll.bus.consumer import Consumer
from staffroll.events import (
    PLATFORM_TENANT,
    REQUESTS,
    Cause,
    Event,
    RequestRejected,
    RoleState,
    SigningKeys,
    TenantState,
    UserChangeWish,
    UserState,
    UserWish,
    payload_of,
)
from staffroll.ids import new_id
from staffroll.runtime import Runtime
from staffroll.service import Chore, Service, installed
from staffroll.web.tokens import ALGORITHM, AUDIENCE
from tests.support.mongo import drop_databases
from tests.support.waiting import eventually

FOLLOWERS = ("scheduling", "people")
AGENT_ROLE = new_id()
_emails = itertools.count(1)


def told(
    event_type: str,
    subject: str,
    sequence: int,
    payload: Any,
    *,
    tenant_id: str = "acme",
    request_id: str | None = None,
    replay: bool = False,
) -> Event:
    """What accounts says."""
    cause = Cause("accounts", tenant_id, "system:test", datetime.now(UTC), request_id=request_id)
    return replace(cause.event(event_type, subject, sequence, payload), replay=replay)


def a_user(**changes: Any) -> UserState:
    fields: dict[str, Any] = {
        "status": "active",
        "token_generation": 1,
        "created_at": "2026-01-01T08:00:00Z",
        "created_in": "accounts",
        "first_name": "Bo",
        "last_name": "Berg",
        "email": f"bo.{next(_emails)}@example.org",
        "language": "en",
        "time_zone": "Europe/Berlin",
        "roles": [AGENT_ROLE],
    }
    return UserState(**{**fields, **changes})


def a_tombstone(**changes: Any) -> UserState:
    fields = {"token_generation": 9, "created_at": "2026-01-01T08:00:00Z", "created_in": "people"}
    return UserState(status="deleted", **{**fields, **changes})


def grant(wish: Event, user_id: str | None = None) -> Event:
    """Accounts does as it is asked."""
    asked: UserWish | UserChangeWish = payload_of(wish)
    if isinstance(asked, UserChangeWish):
        user = a_user(**asked.fields, applied_requests=[wish.request_id])
        kind, version = "user.updated", asked.base_version + 1
    else:
        user = a_user(
            status="active" if asked.active else "deactivated",
            first_name=asked.first_name,
            last_name=asked.last_name,
            email=asked.email,
            language=asked.language or "en",
            time_zone=asked.time_zone or "Europe/Berlin",
            roles=[AGENT_ROLE] if asked.roles is None else asked.roles,
            applied_requests=[wish.request_id],
        )
        kind, version = "user.created", 1
    return told(
        kind,
        user_id or wish.subject,
        version,
        user,
        tenant_id=wish.tenant_id,
        request_id=wish.request_id,
    )


def refuse(wish: Event, code: str = "email_taken", field_name: str = "email") -> Event:
    """Accounts refuses what it is asked for."""
    attempt = payload_of(wish).attempt
    errors = {field_name: [{"code": code, "detail": f"It is {code}."}]}
    rejection = RequestRejected(attempt=attempt, code=code, detail=f"It is {code}.", errors=errors)
    return told(
        "request.rejected",
        wish.subject,
        attempt,
        rejection,
        tenant_id=wish.tenant_id,
        request_id=wish.request_id,
    )


def body_of(response: TestResponse) -> dict[str, Any]:
    """The JSON object that an answer holds."""
    body = response.json
    assert isinstance(body, dict), response.text
    return body


@dataclass
class ServiceHere:
    """A service's runtime, handler and app in this process.

    Attributes:
        heard: Everything that anybody said on the bus.
        accounts: How accounts answers a wish; by default not at all.
    """

    service: Service
    runtime: Runtime
    handle: Callable[[Event], None]
    client: FlaskClient
    key: OKPKey = field(repr=False)
    heard: list[Event] = field(default_factory=list)
    accounts: Callable[[Event], Event | None] = lambda _: None

    def on_message(self, event: Event) -> None:
        self.heard.append(event)
        answer = self.accounts(event) if event.type in REQUESTS else None
        if answer is not None:
            self.handle(answer)

    @property
    def records(self) -> Collection[dict[str, Any]]:
        """The documents as they are stored, of all tenants."""
        return self.runtime.platform[self.service.outboxes[0]]

    def chore(self, name: str) -> Chore:
        return next(one for one in self.service.make_chores(self.runtime) if one.name == name)

    def new_tenant(self, time_zone: str = "Europe/Berlin") -> TenantHere:
        tenant = TenantHere(self, f"t{uuid.uuid4().hex[:8]}")
        state = TenantState(name="A", status="active", languages=["en", "de"], time_zone=time_zone)
        self.handle(told("tenant.created", tenant.id, 1, state, tenant_id=tenant.id))
        tenant.know_role(AGENT_ROLE, [])
        tenant.hear("user.created", tenant.admin, 1, a_user(last_name="Admin", is_admin=True))
        return tenant


@dataclass
class TenantHere:
    """One tenant of a service here, and its signed-in admin."""

    here: ServiceHere
    id: str
    admin: str = field(default_factory=new_id)

    @property
    def path(self) -> str:
        return "/v1/employees" if self.here.service.name == "scheduling" else "/v1/people"

    @property
    def permission(self) -> str:
        scheduling = self.here.service.name == "scheduling"
        return "scheduling.employees" if scheduling else "people.profile"

    def hear(
        self,
        event_type: str,
        subject: str,
        sequence: int,
        payload: Any,
        *,
        replay: bool = False,
    ) -> None:
        """Let the service's handler apply what accounts says."""
        self.here.handle(
            told(event_type, subject, sequence, payload, tenant_id=self.id, replay=replay)
        )

    def know_role(self, role_id: str, permissions: Sequence[str]) -> None:
        state = RoleState(name=role_id[-6:], category="other", permissions=list(permissions))
        self.hear("role.updated", role_id, 1, state)

    def token(
        self,
        subject: str | None = None,
        *,
        permissions: Sequence[str] | None = None,
        generation: int = 1,
        entered_at: float | None = None,
    ) -> dict[str, str]:
        """The header of the admin, or of somebody who has a role with `permissions` from now on."""
        if subject is not None and permissions is not None:
            role_id = new_id()
            self.know_role(role_id, permissions)
            self.here.records.update_one(
                {"tenant_id": self.id, "_id": subject}, {"$set": {"user.roles": [role_id]}}
            )
        now = int(time.time())
        claims = {
            "sub": subject or self.admin,
            "tid": self.id,
            "adm": permissions is None,
            "perms": list(permissions or ()),
            "gen": generation,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 600,
            "jti": new_id(),
            "auth_time": now if entered_at is None else int(entered_at),
        }
        header = {"alg": ALGORITHM, "kid": self.here.key.kid, "typ": "at+jwt"}
        token = jwt.encode(header, claims, self.here.key, algorithms=[ALGORITHM])
        return {"Authorization": f"Bearer {token}"}

    def request(
        self, method: str, path: str = "", *, as_: dict[str, str] | None = None, **options: Any
    ) -> TestResponse:
        """Ask the API as the admin; the path is below the records' own."""
        headers = {**(as_ or self.token()), **options.pop("headers", {})}
        return self.here.client.open(
            f"{self.path}{path}", method=method, headers=headers, **options
        )

    def create(self, wait: int | None = None, **fields: Any) -> TestResponse:
        body = {"last_name": "Berg", "email": f"ada.{next(_emails)}@example.org", **fields}
        headers = {} if wait is None else {"Prefer": f"wait={wait}"}
        return self.request("POST", json=body, headers=headers)

    def read(self, id_: str) -> dict[str, Any]:
        response = self.request("GET", f"/{id_}")
        assert response.status_code == 200, response.text
        return body_of(response)

    def change(self, id_: str, wait: int | None = None, **fields: Any) -> TestResponse:
        headers = {} if wait is None else {"Prefer": f"wait={wait}"}
        return self.request("PATCH", f"/{id_}", json=fields, headers=headers)

    def known(self, **changes: Any) -> str:
        """Somebody whom accounts has told of."""
        id_ = new_id()
        self.hear("user.created", id_, 1, a_user(**changes))
        return id_

    def pending(self, **fields: Any) -> tuple[str, Event]:
        """Somebody created here whom accounts has not answered, and the wish it got."""
        response = self.create(**fields)
        assert response.status_code == 202, response.text
        id_: str = body_of(response)["id"]
        return id_, self.said(id_, "user.requested")

    def rejected(self, **fields: Any) -> tuple[str, Event]:
        """Somebody created here whom accounts refused, and the wish it refused."""
        id_, wish = self.pending(**fields)
        self.here.handle(refuse(wish))
        return id_, wish

    def document(self, id_: str) -> dict[str, Any] | None:
        """As it is stored, if it is."""
        return self.here.records.find_one({"tenant_id": self.id, "_id": id_})

    def stored(self, id_: str) -> dict[str, Any]:
        """As it is stored."""
        document = self.document(id_)
        assert document is not None
        return document

    def finish_erasing(self) -> None:
        """What a consumer process does every second, until nobody here is left to erase."""
        writing = self.here.chore("writing the audit trail")
        erasing = self.here.chore("erasing deleted users")
        due = {"tenant_id": self.id, "erasing_since": {"$exists": True}}

        def is_done() -> bool:
            writing.run()
            erasing.run()
            return self.here.records.find_one(due) is None

        eventually(is_done)

    def make_due(self, id_: str) -> None:
        """Let the creation of somebody seem to have been asked for long ago."""
        eventually(lambda: not self.stored(id_)["outbox"])
        asked, due = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
        changes = {"creation.sent_at": asked, "creation.resend_at": due, "due_at": due}
        self.here.records.update_one({"tenant_id": self.id, "_id": id_}, {"$set": changes})

    def said(self, id_: str, event_type: str, nth: int = 0) -> Event:
        """The nth message of the type about somebody, once it is on the bus."""

        def find() -> Event | None:
            fitting = [
                event
                for event in list(self.here.heard)
                if event.subject == id_ and event.type == event_type
            ]
            return fitting[nth] if len(fitting) > nth else None

        found = eventually(find)
        assert found
        return found


@contextmanager
def service_here(name: str, mongodb_uri: str) -> Iterator[ServiceHere]:
    """The installed service of this name, ready, caught up, and with a signing key."""
    prefix = f"test_{uuid.uuid4().hex[:12]}_"
    service = installed()[name]
    runtime = service.runtime(
        "serve",
        {
            "STAFFROLL_MONGODB_URI": mongodb_uri,
            "STAFFROLL_MONGODB_PREFIX": prefix,
            "STAFFROLL_BROKER_URL": "embedded:",
            "STAFFROLL_BROKER_PREFIX": prefix,
        },
    )
    listener: Consumer | None = None
    try:
        assert runtime.wait_until_prepared(30)
        key = OKPKey.generate_key("Ed25519", parameters={"kid": new_id(), "use": "sig"})
        app = service.make_app(runtime)
        app.testing = True
        here = ServiceHere(service, runtime, service.make_handler(runtime), app.test_client(), key)
        public = SigningKeys(keys=[key.as_dict(private=False)])
        here.handle(told("keys.updated", "signing", 1, public, tenant_id=PLATFORM_TENANT))
        runtime.broker.open_queue("test.heard", ["#"])
        listener = Consumer(
            runtime.broker, ["test.heard", "accounts.requests"], here.on_message, threads=1
        )
        listener.start()
        yield here
    finally:
        if listener is not None:
            listener.stop()
        runtime.close()
        drop_databases(mongodb_uri, prefix)


@pytest.fixture(scope="module", params=FOLLOWERS)
def follower_here(request: pytest.FixtureRequest, mongodb_uri: str) -> Iterator[ServiceHere]:
    """Scheduling, then people: what follows accounts behaves the same in both."""
    with service_here(request.param, mongodb_uri) as here:
        yield here


def only(service: str) -> pytest.MarkDecorator:
    """For the tests of one service's own: `follower_here` is that service."""
    return pytest.mark.parametrize("follower_here", [service], indirect=True, scope="module")


@pytest.fixture
def tenant(follower_here: ServiceHere) -> Iterator[TenantHere]:
    """A tenant of its own for each test, in scheduling and in people."""
    yield follower_here.new_tenant()
    follower_here.accounts = lambda _: None
