"""State and news are one write; the outbox sends them, whoever wrote them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from staffroll import clock
from staffroll.bus import Message
from staffroll.events import Event, payload_of
from staffroll.ids import new_id
from staffroll.mongo import Document, Outbox, connect, ensure_indexes, outbox_index
from staffroll.mongo import outbox as outboxes
from staffroll.mongo.outbox import MAX_PER_DOCUMENT, entries
from tests.support.accounts import Accounts, Tenant, a_user
from tests.support.waiting import eventually


def _waiting(tenant: Tenant, user_id: str) -> list[Event]:
    return [Event.from_json(e["body"]) for e in tenant.document(user_id).get("outbox", [])]


def test_f3_while_the_broker_is_away_creation_works_and_the_event_waits(
    lonely_tenant: Tenant,
) -> None:
    response = lonely_tenant.post("/v1/users", a_user())

    assert response.status_code == 201
    (event,) = _waiting(lonely_tenant, response.json["id"])
    assert (event.type, event.subject, event.sequence) == ("user.created", response.json["id"], 1)
    assert event.actor == lonely_tenant.admin_id
    assert event.correlation_id == response.headers["X-Request-Id"]


def test_f3_state_and_event_say_the_same(lonely_tenant: Tenant) -> None:
    user = lonely_tenant.create()

    edited = lonely_tenant.patch(f"/v1/users/{user['id']}", {"first_name": "Anne"}).json

    created, updated = _waiting(lonely_tenant, user["id"])
    assert (updated.type, updated.sequence) == ("user.updated", 2)
    assert payload_of(updated).first_name == edited["first_name"] == "Anne"
    assert payload_of(updated).changed == ["first_name"]
    assert payload_of(created).first_name == user["first_name"]


def test_a_refused_edit_says_nothing(lonely_tenant: Tenant) -> None:
    user = lonely_tenant.create()
    before = lonely_tenant.document(user["id"])

    lonely_tenant.patch(f"/v1/users/{user['id']}", {"email": "admin@x.example"})
    lonely_tenant.patch(f"/v1/users/{user['id']}", {"first_name": user["first_name"]})

    assert lonely_tenant.document(user["id"]) == before


def test_no_secret_is_in_what_is_said(lonely_tenant: Tenant) -> None:
    user = lonely_tenant.post("/v1/users", a_user(password="a very long password")).json

    (entry,) = lonely_tenant.document(user["id"])["outbox"]

    assert "password" not in entry["body"]
    assert "argon2" not in entry["body"]


def test_readiness_says_that_the_broker_is_away_and_stays_ready(lonely_tenant: Tenant) -> None:
    response = lonely_tenant.get("/readyz", token=None)

    assert response.status_code == 200
    assert response.json["checks"]["database"] == "ok"
    assert "broker" in response.json["checks"]["broker"]
    assert lonely_tenant.get("/healthz", token=None).status_code == 200


def test_a_document_that_says_too_much_waits_for_the_broker(lonely_tenant: Tenant) -> None:
    user = lonely_tenant.create()
    path = f"/v1/users/{user['id']}"
    waiting = _waiting(lonely_tenant, user["id"]) * (MAX_PER_DOCUMENT - 2)
    database = lonely_tenant.accounts.runtime.platform.database
    for event in waiting:
        _leave(database, "users", lonely_tenant.id, user["id"], event, clock.now())
    assert lonely_tenant.patch(path, {"first_name": "The last"}).status_code == 200

    response = lonely_tenant.patch(path, {"first_name": "One too many"})

    assert (response.status_code, response.json["code"]) == (503, "outbox_full")
    assert int(response.headers["Retry-After"]) > 0
    assert lonely_tenant.get(path).json["first_name"] == "The last"
    assert lonely_tenant.post("/v1/users", a_user()).status_code == 201


def test_news_that_newer_news_covers_makes_room_for_more(lonely_tenant: Tenant) -> None:
    user = lonely_tenant.create()
    path = f"/v1/users/{user['id']}"
    assert lonely_tenant.patch(path, {"first_name": "Anne"}).status_code == 200
    created, updated = _waiting(lonely_tenant, user["id"])
    database = lonely_tenant.accounts.runtime.platform.database
    later = (replace(updated, id=new_id(), sequence=n) for n in range(3, MAX_PER_DOCUMENT + 1))
    messages = [Message.event(event) for event in later]
    database["users"].update_one(
        {"tenant_id": lonely_tenant.id, "_id": user["id"]},
        {"$push": {"outbox": {"$each": entries(messages, clock.now())}}},
    )

    for name in ("One too many", "And another"):
        assert lonely_tenant.patch(path, {"last_name": name}).status_code == 200

    first, *_, last = waiting = _waiting(lonely_tenant, user["id"])
    assert (first.id, last.data["last_name"]) == (created.id, "And another")
    assert len(waiting) < MAX_PER_DOCUMENT


def test_when_very_much_waits_nothing_more_is_accepted(
    lonely_tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = lonely_tenant.create()
    monkeypatch.setattr(outboxes, "MAX_WAITING", 1)
    monkeypatch.setattr(outboxes, "LEASE", timedelta(0))

    response = eventually(lambda: _refused(lonely_tenant))
    edited = lonely_tenant.patch(f"/v1/users/{user['id']}", {"first_name": "Anne"})

    assert response.json["code"] == edited.json["code"] == "outbox_full"
    assert lonely_tenant.get(f"/v1/users/{user['id']}").json == user
    monkeypatch.undo()
    eventually(lambda: lonely_tenant.post("/v1/users", a_user()).status_code == 201)


def test_when_the_disk_is_nearly_full_no_more_news_piles_up(
    lonely_tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    lonely_tenant.create()
    monkeypatch.setattr(outboxes, "LEASE", timedelta(0))
    monkeypatch.setattr(outboxes, "MAX_DISK", 0.0)

    response = eventually(lambda: _refused(lonely_tenant))

    assert response.json["code"] == "outbox_full"
    monkeypatch.undo()
    eventually(lambda: lonely_tenant.post("/v1/users", a_user()).status_code == 201)


def _refused(tenant: Tenant) -> Any:
    answer = tenant.post("/v1/users", a_user())
    return answer if answer.status_code == 503 else None


def test_what_is_sent_leaves_the_document(tenant: Tenant) -> None:
    user = tenant.create()

    eventually(lambda: not _waiting(tenant, user["id"]))

    assert "outbox_lease_until" not in tenant.document(user["id"])


def test_f1_what_a_dead_process_left_is_sent_by_another(accounts: Accounts, tenant: Tenant) -> None:
    user = tenant.create()
    eventually(lambda: not _waiting(tenant, user["id"]))

    long_ago = clock.now() - timedelta(minutes=1)
    event = Event("user.updated", "accounts", tenant.id, user["id"], 1, {})
    _leave(accounts.runtime.platform.database, "users", tenant.id, user["id"], event, long_ago)

    eventually(lambda: not _waiting(tenant, user["id"]))


class _Wire:
    """A broker that notes what it is given and confirms when told to."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_connected = True
        self.confirm: Callable[[Sequence[str]], None] = lambda ids: None

    def sender(self, confirmed: Callable[[Sequence[str]], None]) -> _Wire:
        self.confirm = confirmed
        return self

    def send(self, message: Message) -> bool:
        self.sent.append(message.id)
        return True

    def close(self, timeout_seconds: float = 5.0) -> None:
        """Nothing is open."""


@pytest.fixture
def database(mongodb_uri: str, database_name: str) -> Iterator[Database[Document]]:
    client: MongoClient[Document] = connect(mongodb_uri, name="test")
    with client:
        database = client[f"{database_name}things"]
        ensure_indexes(database, [outbox_index("things")])
        yield database


@pytest.fixture
def start(
    database: Database[Document], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[_Wire], Outbox]]:
    """Starts outboxes on the database, as in several processes, and ends them."""
    monkeypatch.setattr(outboxes, "_SWEEP_EVERY_SECONDS", 0.02)
    running: list[Outbox] = []

    def begin(wire: _Wire) -> Outbox:
        outbox = Outbox(database, ["things"], wire)  # type: ignore[arg-type]
        running.append(outbox)
        return outbox

    yield begin
    for outbox in running:
        outbox.close()


def _leave(
    database: Database[Document],
    collection: str,
    tenant_id: str,
    id_: str,
    event: Event,
    at: Any,
) -> None:
    message = Message.event(event)
    database[collection].update_one(
        {"tenant_id": tenant_id, "_id": id_},
        {"$push": {"outbox": {"$each": entries([message], at)}}},
        upsert=True,
    )


def _leave_many(database: Database[Document], count: int) -> list[str]:
    long_ago = clock.now() - timedelta(minutes=1)
    events = [Event("user.updated", "accounts", "acme", f"s{n}", 1, {}) for n in range(count)]
    for event in events:
        _leave(database, "things", "acme", event.subject, event, long_ago)
    return [event.id for event in events]


def test_f9_two_processes_do_not_send_one_backlog_twice(
    database: Database[Document], start: Callable[[_Wire], Outbox]
) -> None:
    left = _leave_many(database, 50)
    one, other = _Wire(), _Wire()

    start(one)
    start(other)

    eventually(lambda: len(one.sent) + len(other.sent) >= 50)
    assert sorted(one.sent + other.sent) == sorted(left)
    leased = database["things"].count_documents({"outbox_lease_until": {"$gt": clock.now()}})
    assert leased == 50


def test_a_lease_that_ran_out_lets_another_process_send(
    database: Database[Document], start: Callable[[_Wire], Outbox]
) -> None:
    (left,) = _leave_many(database, 1)
    dead, alive = _Wire(), _Wire()
    process = start(dead)
    eventually(lambda: dead.sent == [left])
    process.close()
    start(alive)

    database["things"].update_one(
        {"_id": "s0"}, {"$set": {"outbox_lease_until": clock.now() - timedelta(seconds=1)}}
    )

    eventually(lambda: alive.sent == [left])


def test_what_is_confirmed_is_taken_out_and_the_rest_stays(
    database: Database[Document], start: Callable[[_Wire], Outbox]
) -> None:
    (first,) = _leave_many(database, 1)
    wire = _Wire()
    start(wire)
    eventually(lambda: wire.sent == [first])
    later = Event("user.updated", "accounts", "acme", "s0", 2, {})
    _leave(database, "things", "acme", "s0", later, clock.now())

    wire.confirm([first])

    eventually(lambda: [e["id"] for e in _entries(database)] == [later.id])
    document = database["things"].find_one({"_id": "s0"})
    assert document is not None
    assert "outbox_lease_until" not in document


def test_fresh_news_is_left_to_the_process_that_wrote_it(
    database: Database[Document], start: Callable[[_Wire], Outbox]
) -> None:
    fresh = Event("user.updated", "accounts", "acme", "fresh", 1, {})
    _leave(database, "things", "acme", "fresh", fresh, clock.now())
    left = _leave_many(database, 3)
    wire = _Wire()

    start(wire)

    eventually(lambda: sorted(wire.sent) == sorted(left))


def test_what_is_confirmed_while_it_ends_is_taken_out(database: Database[Document]) -> None:
    class Slow(_Wire):
        def close(self, timeout_seconds: float = 5.0) -> None:
            """Two confirms arrive, the second when the first was dealt with."""
            self.confirm([first.id])
            eventually(lambda: [e["id"] for e in _entries(database)] == [second.id])
            self.confirm([second.id])

    first, second = (Event("user.updated", "accounts", "acme", "s0", n, {}) for n in (1, 2))
    outbox = Outbox(database, ["things"], Slow())  # type: ignore[arg-type]
    for event in (first, second):
        _leave(database, "things", "acme", "s0", event, clock.now())
        outbox.committed("things", "acme", "s0", [Message.event(event)])

    outbox.close()

    assert _entries(database) == []


def test_news_that_cannot_be_read_does_not_end_the_sweeping(
    database: Database[Document], start: Callable[[_Wire], Outbox]
) -> None:
    long_ago = clock.now() - timedelta(minutes=2)
    broken = {"tenant_id": "acme", "_id": "broken", "outbox": [{"id": "1", "at": long_ago}]}
    database["things"].insert_one(broken)
    (left,) = _leave_many(database, 1)
    wire = _Wire()

    start(wire)

    eventually(lambda: wire.sent == [left])


def test_the_age_of_the_oldest_news_is_known(
    database: Database[Document], start: Callable[[_Wire], Outbox]
) -> None:
    outbox = start(_Wire())
    assert outbox.oldest_seconds == 0.0

    _leave_many(database, 1)

    eventually(lambda: outbox.oldest_seconds >= 60)


def _entries(database: Database[Document]) -> list[Document]:
    document = database["things"].find_one({"_id": "s0"}) or {}
    found: list[Document] = document.get("outbox", [])
    return found


def test_a_long_backlog_is_sent_in_one_go(
    database: Database[Document],
    start: Callable[[_Wire], Outbox],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = _leave_many(database, 1000)
    wire = _Wire()
    sent_before_each_round: list[int] = []
    look = Outbox._look

    def counted(outbox: Outbox) -> None:
        if outbox._sender is wire:
            sent_before_each_round.append(len(wire.sent))
        look(outbox)

    monkeypatch.setattr(Outbox, "_look", counted)

    start(wire)

    eventually(lambda: sorted(wire.sent) == sorted(left), 60)
    assert {0, 1000}.issuperset(sent_before_each_round)
