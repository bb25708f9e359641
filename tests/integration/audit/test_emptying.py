"""News and audit entries of one document leave it in one write, and neither leaves too early."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from staffroll import clock
from staffroll.audit import AuditEntry
from staffroll.bus import Message
from staffroll.events import Event
from staffroll.ids import new_id
from staffroll.mongo import Document, Platform, connect, emptying, ensure_indexes, outbox_index
from staffroll.mongo.audit import AuditWriter
from staffroll.mongo.audit_trail import AuditFilter, AuditTrail, audit_indexes, waiting
from staffroll.mongo.emptying import Emptying, Place
from staffroll.mongo.outbox import entries
from tests.integration.audit.test_writing import TENANT, an_entry
from tests.support.waiting import eventually


@pytest.fixture
def platform(mongodb_uri: str, database_name: str) -> Iterator[Platform]:
    client = connect(mongodb_uri, name="test")
    with client:
        database = client[f"{database_name}emptying"]
        ensure_indexes(database, [*audit_indexes(["things"]), outbox_index("things")])
        yield Platform(database)


@pytest.fixture
def trail(platform: Platform) -> AuditTrail:
    return AuditTrail(platform.tenant(TENANT))


@pytest.fixture
def done() -> list[str]:
    """Ids of the news that was dealt with."""
    return []


@pytest.fixture
def emptier(
    platform: Platform, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Emptying]:
    monkeypatch.setattr(emptying, "LINGER_SECONDS", 0.0)
    running = Emptying(platform.database, done.extend)
    yield running
    running.close(5)


def put(platform: Platform, *noted: AuditEntry, news: int = 1) -> tuple[str, list[str]]:
    """A document in which news and entries wait, and the ids of the news."""
    id_ = new_id()
    messages = [
        Message.event(Event("user.updated", "accounts", TENANT, id_, n, {})) for n in range(news)
    ]
    document: Document = {
        "_id": id_,
        "tenant_id": TENANT,
        "outbox": entries(messages, clock.now()),
        "audit": waiting(noted),
        "outbox_lease_until": clock.now(),
    }
    platform["things"].insert_one(document)
    return id_, [message.id for message in messages]


def confirm(emptier: Emptying, id_: str, news: Sequence[str], done: list[str]) -> None:
    """As the broker does; afterwards it was dealt with."""
    emptier.confirmed((one, Place("things", TENANT, id_)) for one in news)
    eventually(lambda: set(news) <= set(done))


def left_in(platform: Platform, id_: str) -> tuple[list[str], list[str]]:
    """Ids of the news and the entries that still wait."""
    document = platform["things"].find_one({"_id": id_})
    assert document is not None
    return [one["id"] for one in document["outbox"]], [one["id"] for one in document["audit"]]


def writer(platform: Platform) -> AuditWriter:
    return AuditWriter(platform, ["things"], timedelta(0))


def test_what_was_sent_leaves_together_with_what_was_written(
    platform: Platform, trail: AuditTrail, emptier: Emptying, done: list[str]
) -> None:
    entry = an_entry()
    id_, news = put(platform, entry)

    writer(platform).run()
    left_by_the_writer = left_in(platform, id_)
    confirm(emptier, id_, news, done)

    assert left_by_the_writer == (news, [entry.id])
    assert left_in(platform, id_) == ([], [])
    document = platform["things"].find_one({"_id": id_})
    assert document is not None
    assert "outbox_lease_until" not in document
    assert trail.verify().lines == 1


def test_r9_an_entry_that_is_not_in_the_trail_yet_stays(
    platform: Platform, trail: AuditTrail, emptier: Emptying, done: list[str]
) -> None:
    written, later = an_entry(), an_entry()
    id_, news = put(platform, written, news=2)
    writer(platform).run()
    platform["things"].update_one({"_id": id_}, {"$push": {"audit": waiting([later])[0]}})

    confirm(emptier, id_, news[:1], done)
    between = left_in(platform, id_)
    confirm(emptier, id_, news[1:], done)
    writer(platform).run()

    assert between == (news[1:], [later.id])
    assert left_in(platform, id_) == ([], [])
    assert trail.verify().lines == 2


def test_news_that_was_sent_before_the_writer_came_leaves_alone(
    platform: Platform, trail: AuditTrail, emptier: Emptying, done: list[str]
) -> None:
    entry = an_entry()
    id_, news = put(platform, entry)

    confirm(emptier, id_, news, done)
    before = left_in(platform, id_)
    writer(platform).run()

    assert before == ([], [entry.id])
    assert left_in(platform, id_) == ([], [])
    assert trail.verify().lines == 1


def test_r9_while_the_broker_is_away_the_writer_takes_out_what_it_wrote(
    platform: Platform, trail: AuditTrail
) -> None:
    entry = an_entry()
    id_, news = put(platform, entry)
    mine = writer(platform)

    seen = []
    for _ in range(3):
        mine.run()
        seen.append(left_in(platform, id_)[1])

    assert seen == [[entry.id], [entry.id], []]
    assert left_in(platform, id_) == (news, [])
    assert trail.verify().lines == 1


def test_r9_many_documents_with_news_are_written_in_one_run(
    platform: Platform, trail: AuditTrail
) -> None:
    for _ in range(450):
        put(platform, an_entry())

    writer(platform).run()

    assert trail.verify().lines == 450
    assert trail.verify().broken is None


class Killed(Exception):
    """The process ends here."""


def test_r9_a_deletion_whose_writer_died_is_left_to_the_next_one(
    platform: Platform,
    trail: AuditTrail,
    emptier: Emptying,
    done: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(platform, an_entry(actor="anna"))
    writer(platform).run()
    id_, news = put(platform, an_entry(subject="anna", action="user.deleted", actor="bo"))
    dying = writer(platform)

    def die(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(dying, "_erase_deleted", die)
    with pytest.raises(Killed):
        dying.run()
    confirm(emptier, id_, news, done)
    addresses_before = [line["actor"] for line in trail.find(AuditFilter()) if "personal" in line]
    writer(platform).run()

    assert addresses_before == ["bo", "anna"]
    assert [line["actor"] for line in trail.find(AuditFilter()) if "personal" in line] == ["bo"]
    assert left_in(platform, id_) == ([], [])


def test_what_was_confirmed_is_taken_out_at_the_end(platform: Platform) -> None:
    id_, news = put(platform)
    done: list[str] = []
    running = Emptying(platform.database, done.extend)

    running.confirmed((one, Place("things", TENANT, id_)) for one in news)
    running.close(10)

    assert left_in(platform, id_) == ([], [])
    assert done == news


def test_a_crowded_document_is_emptied_at_once(
    platform: Platform,
    emptier: Emptying,
    done: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(emptying, "LINGER_SECONDS", 3600.0)
    lonely, one = put(platform)
    crowded, many = put(platform, news=emptying.CROWDED)

    emptier.confirmed([(one[0], Place("things", TENANT, lonely))])
    emptier.confirmed((id_, Place("things", TENANT, crowded)) for id_ in many[:-1])
    assert done == []
    emptier.confirmed([(many[-1], Place("things", TENANT, crowded))])

    eventually(lambda: set(many) <= set(done))
    assert left_in(platform, crowded) == ([], [])
