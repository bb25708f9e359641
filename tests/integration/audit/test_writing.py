"""R9: from the documents into the chain: nothing lost, nothing doubled, no gap."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import AutoReconnect

from staffroll import clock
from staffroll.audit import AuditEntry, noted
from staffroll.events import Cause
from staffroll.ids import new_id
from staffroll.mongo import Document, Platform, audit, connect, ensure_indexes
from staffroll.mongo.audit import AuditWriter
from staffroll.mongo.audit_trail import (
    COLLECTION,
    LEASES,
    NOTES,
    AuditFilter,
    AuditTrail,
    audit_indexes,
    waiting,
)

TENANT = "acme"
EVERYBODY = AuditFilter()


@pytest.fixture
def platform(mongodb_uri: str, database_name: str) -> Iterator[Platform]:
    client = connect(mongodb_uri, name="test")
    with client:
        database = client[f"{database_name}audit"]
        ensure_indexes(database, audit_indexes(["things"]))
        yield Platform(database)


@pytest.fixture
def trail(platform: Platform) -> AuditTrail:
    return AuditTrail(platform.tenant(TENANT))


def an_entry(
    subject: str = "thing", action: str = "thing.updated", actor: str = "somebody"
) -> AuditEntry:
    cause = Cause("accounts", TENANT, actor, clock.now(), "c1", address="192.0.2.7")
    return noted(cause, action, subject, ["name"])


def put(platform: Platform, *entries: AuditEntry, tenant_id: str = TENANT) -> str:
    """A document in which entries wait."""
    document: Document = {"_id": new_id(), "tenant_id": tenant_id, "audit": waiting(entries)}
    platform["things"].insert_one(document)
    return str(document["_id"])


def still_waiting(platform: Platform) -> int:
    return platform["things"].count_documents({"audit.0": {"$exists": True}})


def ids(trail: AuditTrail) -> list[str]:
    return [line["_id"] for line in trail.find(EVERYBODY)]


def writer(platform: Platform, lease: timedelta = timedelta(seconds=30)) -> AuditWriter:
    return AuditWriter(platform, ["things"], lease)


def test_r9_what_waits_in_documents_becomes_a_chain(platform: Platform, trail: AuditTrail) -> None:
    first, second, third = (an_entry() for _ in range(3))
    put(platform, first, second)
    put(platform, third)

    writer(platform).run()

    assert ids(trail) == [third.id, second.id, first.id]
    assert [line["n"] for line in trail.find(EVERYBODY)] == [3, 2, 1]
    assert trail.verify().broken is None
    assert still_waiting(platform) == 0


def test_r9_each_tenant_has_a_trail_of_its_own(platform: Platform, trail: AuditTrail) -> None:
    put(platform, an_entry())
    put(platform, an_entry(), tenant_id="other")

    writer(platform).run()

    other = AuditTrail(platform.tenant("other"))
    assert trail.verify().lines == other.verify().lines == 1


class Killed(Exception):
    """The process ends here."""


@pytest.mark.parametrize("step", ["_claim", "_chain", "_erase_deleted", "_pull"])
@pytest.mark.parametrize("after", [False, True])
def test_r9_a_writer_that_dies_between_any_two_steps_loses_and_doubles_nothing(
    platform: Platform,
    trail: AuditTrail,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    *,
    after: bool,
) -> None:
    entries = [an_entry() for _ in range(5)]
    for entry in entries[:3]:
        put(platform, entry)
    put(platform, *entries[3:])
    dying = writer(platform, timedelta(0))
    real = getattr(dying, step)

    def die(*args: Any) -> None:
        if after:
            real(*args)
        raise Killed

    monkeypatch.setattr(dying, step, die)
    with pytest.raises(Killed):
        dying.run()

    writer(platform).run()

    assert sorted(ids(trail)) == sorted(entry.id for entry in entries)
    assert trail.verify().broken is None
    assert trail.verify().lines == 5
    assert still_waiting(platform) == 0


def test_r9_a_failed_insert_in_the_middle_leaves_no_gap(
    platform: Platform, trail: AuditTrail, mongodb_uri: str
) -> None:
    entries = [an_entry() for _ in range(4)]
    put(platform, *entries)
    with MongoClient[Document](mongodb_uri) as admin:
        command = {"failCommands": ["insert"], "closeConnection": True, "appName": "test"}
        admin.admin.command(
            {"configureFailPoint": "failCommand", "mode": {"times": 2}, "data": command}
        )
        with pytest.raises(AutoReconnect):
            writer(platform, timedelta(0)).run()

    writer(platform).run()

    assert trail.verify().lines == 4
    assert trail.verify().broken is None


def test_r9_a_leased_tenant_is_left_to_its_writer(platform: Platform, trail: AuditTrail) -> None:
    later = clock.now() + timedelta(seconds=30)
    lease = {"_id": TENANT, "tenant_id": TENANT, "holder": "another", "until": later}
    platform[LEASES].insert_one(lease)
    put(platform, an_entry())

    writer(platform).run()
    left = trail.verify().lines
    platform[LEASES].update_one({"_id": TENANT}, {"$set": {"until": clock.now()}})
    writer(platform).run()

    assert (left, trail.verify().lines) == (0, 1)


def test_a_writer_that_is_done_leaves_the_next_round_to_anybody(
    platform: Platform, trail: AuditTrail
) -> None:
    for _ in range(2):
        put(platform, an_entry())
        writer(platform).run()

    assert trail.verify().lines == 2


def test_r9_writers_at_once_after_a_lease_ran_out_meet_at_the_number(
    platform: Platform, trail: AuditTrail
) -> None:
    entries = [an_entry() for _ in range(60)]
    for entry in entries:
        put(platform, entry)
    start = threading.Barrier(6)

    def write() -> None:
        mine = writer(platform, timedelta(seconds=-60))
        start.wait()
        while still_waiting(platform):
            mine.run()

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(ids(trail)) == sorted(entry.id for entry in entries)
    assert trail.verify().lines == 60
    assert trail.verify().broken is None


def test_r9_a_writer_that_is_overtaken_gives_way(
    platform: Platform, trail: AuditTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = writer(platform, timedelta(seconds=-60)), writer(platform)
    put(platform, an_entry(), an_entry())
    real = slow._chain

    def overtaken(tenant_id: str, entries: Any) -> Any:
        lines = real(tenant_id, entries)
        monkeypatch.setattr(slow, "_chain", real)
        put(platform, an_entry())
        quick.run()
        return lines

    monkeypatch.setattr(slow, "_chain", overtaken)
    slow.run()

    assert trail.verify().lines == 3
    assert trail.verify().broken is None


def test_r9_more_than_fits_one_round_is_written_in_one_run(
    platform: Platform, trail: AuditTrail
) -> None:
    for _ in range(450):
        put(platform, an_entry())

    writer(platform).run()

    assert trail.verify().lines == 450
    assert still_waiting(platform) == 0


def test_r9_tampering_and_cutting_off_the_end_show(platform: Platform, trail: AuditTrail) -> None:
    put(platform, *(an_entry() for _ in range(3)))
    writer(platform).run()
    lines = platform[COLLECTION]

    lines.update_one({"n": 2}, {"$set": {"actor": "nobody"}})
    changed = trail.verify().broken
    lines.update_one({"n": 2}, {"$set": {"actor": "somebody"}})
    lines.delete_one({"n": 3})
    cut = trail.verify().broken

    assert changed is not None
    assert (changed.n, changed.reason) == (2, "was changed")
    assert cut is not None
    assert (cut.n, cut.reason) == (3, "is missing")
    assert platform[LEASES].count_documents({}) == 1


def test_r9_a_deletion_erases_the_addresses_of_who_was_deleted_and_breaks_nothing(
    platform: Platform, trail: AuditTrail
) -> None:
    put(platform, an_entry(actor="anna"), an_entry(actor="bo"))
    put(platform, an_entry(subject="anna", action="sign-in.failed", actor="anonymous"))
    put(platform, an_entry(subject="anna", action="user.deleted", actor="bo"))

    writer(platform).run()

    theirs = {line["actor"] for line in trail.find(EVERYBODY) if "personal" in line}
    assert theirs == {"bo"}
    assert trail.verify().broken is None


def test_r9_what_somebody_did_just_before_their_deletion_is_written_without_an_address(
    platform: Platform, trail: AuditTrail
) -> None:
    put(platform, an_entry(subject="anna", action="user.deleted", actor="bo"))
    writer(platform).run()
    put(platform, an_entry(actor="anna"))

    writer(platform).run()

    assert [("personal" in line, line["actor"]) for line in trail.find(EVERYBODY)] == [
        (False, "anna"),
        (True, "bo"),
    ]
    assert trail.verify().broken is None


def test_entries_of_a_document_that_is_gone_are_written_and_their_keeper_goes(
    platform: Platform, trail: AuditTrail
) -> None:
    entries = waiting([an_entry(), an_entry()])
    trail.keep_apart(entries)
    trail.keep_apart(entries)

    writer(platform).run()

    assert trail.verify().lines == 2
    assert platform[NOTES].count_documents({}) == 0


def test_a_deletion_is_noted_with_what_waited_in_the_document(
    platform: Platform, trail: AuditTrail
) -> None:
    before, deletion = an_entry(), an_entry(action="thing.removed")
    one = {"_id": put(platform, before)}

    assert trail.delete(platform.tenant(TENANT)["things"], one, deletion)

    writer(platform).run()
    assert set(ids(trail)) == {before.id, deletion.id}
    assert platform["things"].count_documents({}) == 0


def test_a_deletion_that_somebody_forestalled_is_not_noted(
    platform: Platform, trail: AuditTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, things = an_entry(), platform.tenant(TENANT)["things"]
    monkeypatch.setattr(things, "delete_one", lambda _: False)
    one = {"_id": put(platform, before)}

    assert not trail.delete(things, one, an_entry(action="thing.removed"))

    writer(platform).run()
    assert ids(trail) == [before.id]
    assert platform[NOTES].count_documents({}) == 0


@pytest.mark.parametrize("is_deleted", [False, True])
def test_whether_a_deletion_is_noted_that_was_cut_off_is_seen_by_what_is_there(
    platform: Platform, trail: AuditTrail, monkeypatch: pytest.MonkeyPatch, *, is_deleted: bool
) -> None:
    things = platform.tenant(TENANT)["things"]
    delete_one = things.delete_one

    def die(where: Any) -> bool:
        if is_deleted:
            delete_one(where)
        raise Killed

    monkeypatch.setattr(things, "delete_one", die)
    one, deletion = {"_id": put(platform)}, an_entry(action="thing.removed")
    with pytest.raises(Killed):
        trail.delete(things, one, deletion)

    writer(platform).run()
    at_first = ids(trail)
    monkeypatch.setattr(audit, "HELD", timedelta(0))
    writer(platform).run()

    assert (at_first, ids(trail)) == ([], [deletion.id] * is_deleted)
    assert platform[NOTES].count_documents({}) == 0


def test_a_deletion_that_took_very_long_is_noted_all_the_same(
    platform: Platform, trail: AuditTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    things = platform.tenant(TENANT)["things"]
    delete_one = things.delete_one

    def be_slow(where: Any) -> bool:
        monkeypatch.setattr(audit, "HELD", timedelta(0))
        writer(platform).run()
        return delete_one(where)

    monkeypatch.setattr(things, "delete_one", be_slow)
    before, deletion = an_entry(), an_entry(action="thing.removed")

    assert trail.delete(things, {"_id": put(platform, before)}, deletion)

    writer(platform).run()
    assert set(ids(trail)) == {before.id, deletion.id}


def test_no_part_of_the_writers_look_goes_over_all_documents(platform: Platform) -> None:
    look = {"audit.at": {"$exists": True}}

    plan = platform["things"].find(look, hint="audit_waiting").explain()

    assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])
