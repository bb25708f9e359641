"""What becomes of accounts' news."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staffroll.bus import Delivery, Message
from staffroll.bus.applying import Reject
from staffroll.bus.topology import queues
from staffroll.events import Event, SnapshotWish, TenantState
from staffroll.ids import new_id
from staffroll.process import consumer_on
from staffroll_export.sync import make_handler
from tests.integration.export.house import House, a_role, a_tombstone, a_user, told
from tests.support.waiting import eventually

TOMBSTONE = {"_id", "tenant_id", "seen", "told_at", "status", "token_generation", "outbox", "audit"}


def story(tenant_id: str, id_: str, states: list[str]) -> list[Event]:
    """Version after version of one user: a last name, ``-`` for deactivated, ``x`` for deleted."""
    events = []
    for version, state in enumerate(states, 1):
        user = a_tombstone() if state == "x" else a_user(last_name=state)
        if state == "-":
            user = a_user(status="deactivated")
        kind = "user.deleted" if state == "x" else "user.updated"
        events.append(told(kind, id_, version, user, tenant_id=tenant_id))
    return events


def lasting(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what differs by who and when."""
    gone = {"_id", "tenant_id", "told_at", "outbox", "outbox_lease_until", "erasing_since", "audit"}
    return [{k: v for k, v in document.items() if k not in gone} for document in documents]


def test_a_new_user_appears_in_the_export(house: House) -> None:
    tenant_id = house.new_tenant()

    house.keep(tenant_id, a_user(last_name="Müller", first_name="Anna", email="a@example.org"))

    assert house.lines(tenant_id) == ["Müller,Anna,a@example.org"]


def test_a_changed_user_is_exported_as_changed(house: House) -> None:
    tenant_id = house.new_tenant()
    [id_] = house.keep(tenant_id, a_user(last_name="Before"))

    house.handle(told("user.updated", id_, 2, a_user(last_name="After"), tenant_id=tenant_id))

    assert house.lines(tenant_id) == ["After,Bo,bo@example.org"]


def test_older_and_equal_versions_change_nothing(house: House) -> None:
    tenant_id = house.new_tenant()
    id_ = new_id()
    house.handle(told("user.updated", id_, 5, a_user(last_name="New"), tenant_id=tenant_id))

    for version in (5, 4, 1):
        old = a_user(last_name="Old")
        house.handle(told("user.updated", id_, version, old, tenant_id=tenant_id))

    assert house.lines(tenant_id) == ["New,Bo,bo@example.org"]


def test_a_deactivated_user_moves_to_the_unbilled(house: House) -> None:
    tenant_id = house.new_tenant()
    [id_] = house.keep(tenant_id, a_user())

    gone = a_user(status="deactivated")
    house.handle(told("user.deactivated", id_, 2, gone, tenant_id=tenant_id))

    assert house.lines(tenant_id) == []
    assert house.lines(tenant_id, ("status", "unbilled")) == ["Berg,Bo,bo@example.org"]


def test_r61_a_deleted_user_leaves_nothing_personal_and_is_not_exported(house: House) -> None:
    tenant_id = house.new_tenant()
    [id_] = house.keep(tenant_id, a_user(last_name="Secretman", email="secret@example.org"))

    house.handle(told("user.deleted", id_, 2, a_tombstone(), tenant_id=tenant_id))

    house.finish_erasing()
    [tombstone] = house.rows(tenant_id)
    assert set(tombstone) - {"outbox_lease_until"} == TOMBSTONE
    assert "secret" not in str(tombstone).lower()
    assert house.lines(tenant_id) == house.lines(tenant_id, ("status", "unbilled")) == []


def test_late_news_of_a_deleted_tenant_brings_nothing_of_it_back(house: House) -> None:
    tenant_id = house.new_tenant()
    state = TenantState(name="", status="deleted", languages=["en"], time_zone="Europe/Berlin")
    house.handle(told("tenant.deleted", tenant_id, 9, state, tenant_id=tenant_id))

    late = told("user.created", new_id(), 1, a_user(), tenant_id=tenant_id)
    make_handler(house.runtime)(late)

    assert house.rows(tenant_id) == []


@pytest.mark.parametrize("version", [1, 2, 3, 99])
def test_r61_no_message_older_or_newer_brings_a_deleted_user_back(
    house: House, version: int
) -> None:
    tenant_id = house.new_tenant()
    [id_] = house.keep(tenant_id, a_user())
    house.handle(told("user.deleted", id_, 2, a_tombstone(), tenant_id=tenant_id))

    house.handle(told("user.updated", id_, version, a_user(), tenant_id=tenant_id))

    [tombstone] = house.rows(tenant_id)
    assert tombstone["status"] == "deleted"
    assert house.lines(tenant_id) == []


def test_r61_a_deletion_counts_also_where_newer_news_came_before_it(house: House) -> None:
    tenant_id = house.new_tenant()
    [id_] = house.keep(tenant_id, a_user())
    house.handle(told("user.updated", id_, 9, a_user(), tenant_id=tenant_id))

    house.handle(told("user.deleted", id_, 2, a_tombstone(), tenant_id=tenant_id))

    [tombstone] = house.rows(tenant_id)
    assert (tombstone["status"], tombstone["seen"]) == ("deleted", {"accounts": 2})
    assert house.lines(tenant_id) == []


def test_r64_a_tombstone_takes_a_newer_version_and_never_an_older_one(house: House) -> None:
    tenant_id = house.new_tenant()
    [id_] = house.keep(tenant_id, a_user())
    versions = []

    for version in (4, 1004, 5):
        house.handle(told("user.deleted", id_, version, a_tombstone(), tenant_id=tenant_id))
        versions += [row["seen"]["accounts"] for row in house.rows(tenant_id)]

    assert versions == [4, 1004, 1004]


def test_r62_dead_letters_that_tell_of_the_deleted_are_dropped(house: House) -> None:
    tenant_id = house.new_tenant()
    [id_] = house.keep(tenant_id, a_user())
    letter = told("user.updated", id_, 1, a_user(), tenant_id=tenant_id)
    consumer = consumer_on(house.runtime, _cannot, queues("export"))
    consumer.start()
    try:
        house.runtime.broker.publish([Message.event(letter)])
        eventually(lambda: house.runtime.broker.dead_letters("export").count() == 1)
    finally:
        consumer.stop()

    house.handle(told("user.deleted", id_, 2, a_tombstone(), tenant_id=tenant_id))
    house.finish_erasing()

    assert house.runtime.broker.dead_letters("export").count() == 0
    assert "erasing_since" not in house.rows(tenant_id)[0]


def _cannot(_event: Event) -> None:
    raise Reject("nobody can apply this")


def test_r62_the_erasure_is_confirmed_with_the_users_version(house: House) -> None:
    tenant_id = house.new_tenant()
    [id_] = house.keep(tenant_id, a_user())

    with listening(house, "*.user.erased") as heard:
        house.handle(told("user.deleted", id_, 2, a_tombstone(), tenant_id=tenant_id))
        house.finish_erasing()
        [receipt] = eventually(lambda: heard)

    assert (receipt.source, receipt.subject, receipt.sequence) == ("export", id_, 2)
    assert (receipt.tenant_id, dict(receipt.data)) == (tenant_id, {"service": "export"})
    eventually(lambda: house.rows(tenant_id)[0]["outbox"] == [])


def test_r62_a_deletion_that_is_told_again_is_confirmed_again(house: House) -> None:
    tenant_id = house.new_tenant()
    deleted = told("user.deleted", new_id(), 2, a_tombstone(), tenant_id=tenant_id)

    with listening(house, "*.user.erased") as heard:
        house.handle(deleted)
        house.finish_erasing()
        eventually(lambda: len(heard) == 1)
        house.handle(deleted)
        house.finish_erasing()
        eventually(lambda: len(heard) == 2)

    assert {receipt.subject for receipt in heard} == {deleted.subject}


def test_an_unknown_tombstone_is_kept_so_that_late_news_finds_it(house: House) -> None:
    tenant_id = house.new_tenant()
    id_ = new_id()

    house.handle(told("user.deleted", id_, 7, a_tombstone(), tenant_id=tenant_id))
    house.handle(told("user.created", id_, 1, a_user(), tenant_id=tenant_id))

    [tombstone] = house.rows(tenant_id)
    assert (tombstone["status"], tombstone["seen"]) == ("deleted", {"accounts": 7})


STATES = st.lists(st.sampled_from(["Ahlgren", "Berg", "Ülker", "-"]), min_size=1, max_size=5)


@settings(deadline=None, max_examples=20)
@given(
    st.data(),
    st.lists(st.tuples(STATES, st.booleans()), min_size=1, max_size=4),
)
def test_f7_shuffled_and_doubled_news_ends_as_in_order(
    shared_house: House, data: st.DataObject, lives: list[tuple[list[str], bool]]
) -> None:
    in_order, at_random = shared_house.new_tenant(), shared_house.new_tenant()
    lives_told = [states + ["x"] * is_deleted for states, is_deleted in lives]

    def everything(tenant_id: str) -> list[Event]:
        return [event for states in lives_told for event in story(tenant_id, new_id(), states)]

    for event in everything(in_order):
        shared_house.handle(event)
    mixed = everything(at_random)
    doubled = data.draw(st.lists(st.sampled_from(mixed), max_size=8))
    for event in data.draw(st.permutations(mixed + doubled)):
        shared_house.handle(event)

    expected = lasting(shared_house.rows(in_order))
    assert sorted(map(str, lasting(shared_house.rows(at_random)))) == sorted(map(str, expected))
    assert shared_house.lines(at_random) == shared_house.lines(in_order)


def test_f9_of_versions_that_arrive_at_the_same_moment_the_newest_stays(
    shared_house: House,
) -> None:
    tenant_id = shared_house.new_tenant()

    for _ in range(60):
        events = story(tenant_id, new_id(), ["One", "Two", "Three", "Four"])
        at_once(shared_house, events)

    versions = {row["seen"]["accounts"] for row in shared_house.rows(tenant_id)}
    assert versions == {4}


def test_news_reaches_export_through_its_queue_and_unknown_types_do_not_matter(
    house: House,
) -> None:
    tenant_id = house.new_tenant()
    user = told("user.created", new_id(), 1, a_user(), tenant_id=tenant_id)
    unknown = replace(user, type="user.promoted", id=new_id(), sequence=2)
    consumer = consumer_on(house.runtime, house.handle, queues("export"))

    consumer.start()
    try:
        house.runtime.broker.publish([Message.event(unknown), Message.event(user)])
        eventually(lambda: house.lines(tenant_id) == ["Berg,Bo,bo@example.org"])
        eventually(lambda: house.runtime.broker.waiting("export.events") == 0)
    finally:
        consumer.stop()

    assert house.runtime.broker.dead_letters("export").count() == 0


def test_news_that_export_does_not_need_is_ignored(house: House) -> None:
    tenant_id = house.new_tenant()

    wish = SnapshotWish(queue="somebody.replay.1")
    house.handle(told("snapshot.requested", "export", 0, wish, tenant_id=tenant_id))
    house.handle(told("role.updated", new_id(), 1, a_role(), tenant_id=tenant_id))

    assert house.rows(tenant_id) == []


def test_r1_a_user_of_one_tenant_is_invisible_to_another(house: House) -> None:
    ours, theirs = house.new_tenant(), house.new_tenant()
    [id_] = house.keep(theirs, a_user())

    house.handle(told("user.updated", id_, 9, a_user(last_name="Forged"), tenant_id=ours))

    assert house.lines(ours) == []
    assert house.lines(theirs) == ["Berg,Bo,bo@example.org"]


def at_once(house: House, events: list[Event]) -> None:
    barrier = threading.Barrier(len(events))

    def apply(event: Event) -> None:
        barrier.wait(10)
        house.handle(event)

    threads = [threading.Thread(target=apply, args=(event,)) for event in events]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


class listening:  # noqa: N801 (reads as a word in a with statement)
    """Hears what is published while the block runs, as events, in a list that grows."""

    def __init__(self, house: House, pattern: str) -> None:
        self._broker = house.runtime.broker
        self._queue = f"test.replay.{new_id()}"
        self._pattern = pattern
        self._heard: list[Event] = []

    def __enter__(self) -> list[Event]:
        self._broker.open_queue(self._queue, [self._pattern])
        self._receiver = self._broker.receiver([self._queue], self._hear)
        return self._heard

    def __exit__(self, *_: object) -> None:
        self._receiver.stop()
        self._broker.close_queue(self._queue)

    def _hear(self, delivery: Delivery) -> None:
        self._heard.append(Event.from_json(delivery.body))
        delivery.ack()
