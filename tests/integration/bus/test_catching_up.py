"""Another team's service that is told what there was before: all of it is settled first."""

from __future__ import annotations

import queue
import threading

from staffroll import clock
from staffroll.bus import Message
from staffroll.events import PLATFORM_TENANT, Cause, Event, SnapshotDone, payload_of
from staffroll.ids import new_id
from staffroll.subscribe.catching_up import CatchingUp


def _a_role() -> Event:
    return Event(
        "role.updated", "accounts", "acme", new_id(), 1, {"name": "Planner", "category": "planner"}
    )


def test_what_waits_for_its_next_try_is_waited_for_however_much_was_told_twice(broker, inbox):
    bus = broker()
    states = [_a_role() for _ in range(3)]
    failing = states[-1].id
    tries: list[str] = []

    def handle(event: Event) -> None:
        tries.append(event.id)
        if event.id == failing and tries.count(failing) <= 3:
            raise RuntimeError("not yet")

    def answer(delivery):
        replay = payload_of(Event.from_json(delivery.body)).queue
        cause = Cause("accounts", PLATFORM_TENANT, "system:accounts", clock.now())
        # The first is what was told before accounts ended in the middle and began anew.
        done = cause.event("snapshot.done", "accounts", 2, SnapshotDone(sent=2))
        bus.publish([Message.direct(event, replay) for event in [*states, done]])
        delivery.ack()

    accounts = threading.Thread(target=lambda: answer(wishes.get(timeout=30)))
    wishes = queue.SimpleQueue()
    inbox(bus, "accounts.requests", treat=wishes.put)
    accounts.start()

    try:
        assert CatchingUp(bus, "payroll", "accounts", None, handle).run(threading.Event())
    finally:
        accounts.join()

    assert tries.count(failing) == 4
