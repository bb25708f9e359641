"""The contract of `staffroll.bus.contract`, run whole over every broker."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staffroll.bus import DELIVERY_LIMIT, BrokerAway, Delivery
from staffroll.bus.topology import WEBHOOKS
from tests.integration.bus.harness import (
    a_direct,
    a_message,
    a_request,
    hold,
    message_id,
)
from tests.support.waiting import eventually

HOLDER = Path(__file__).with_name("receive_and_hold.py")
EVENT_QUEUES = ("accounts.events", "scheduling.events", "people.events", "export.events")
REQUEST_QUEUES = ("accounts.requests", "scheduling.requests", "people.requests")


# Who gets what


@pytest.mark.parametrize(
    "event_type, listeners",
    [
        ("user.created", {"scheduling.events", "people.events", "export.events"}),
        ("user.erased", set(EVENT_QUEUES)),
        ("membership.ended", {"accounts.events"}),
        ("employee.updated", {"accounts.events"}),
        ("employee.created", set()),
        ("request.rejected", {"scheduling.events", "people.events"}),
        ("person.updated", set()),
    ],
)
def test_an_event_reaches_every_queue_bound_to_it_and_no_other(broker, event_type, listeners):
    bus = broker()

    bus.publish([a_message(event_type)])

    assert {queue for queue in EVENT_QUEUES if bus.waiting(queue)} == listeners
    assert not any(bus.waiting(queue) for queue in REQUEST_QUEUES)


def test_looking_tells_what_lies_in_queues_and_who_reads_them_and_takes_nothing(broker, inbox):
    bus = broker()
    bus.publish([a_message("user.created"), a_message("user.created")])
    inbox(bus, "export.events", treat=hold).await_count(2)

    seen = bus.look(["people.events", "export.events", "nobody.events"])

    assert set(seen) == {"people.events", "export.events"}
    assert [state.messages for state in seen.values()] == [2, 2]
    # The embedded broker does not know who reads.
    assert [state.consumers for state in seen.values()] in ([0, 1], [None, None])
    assert bus.look(["people.events"])["people.events"].messages == 2


def test_a_request_reaches_only_its_owner(broker):
    bus = broker()

    bus.publish([a_request("accounts"), a_request("accounts"), a_request("scheduling")])

    assert [bus.waiting(queue) for queue in REQUEST_QUEUES] == [2, 1, 0]
    assert not any(bus.waiting(queue) for queue in EVENT_QUEUES)


@pytest.mark.parametrize(
    "pattern, taken",
    [
        ("*.user.#", {"a.user.created", "a.user.x.v2", "b.user.created"}),
        ("a.#", {"a.user.created", "a.user.x.v2", "a.role.updated"}),
        ("a.*.created", {"a.user.created"}),
        ("#.updated", {"a.role.updated"}),
        ("#", {"a.user.created", "a.user.x.v2", "b.user.created", "a.role.updated"}),
        ("a.user", set()),
    ],
)
def test_in_a_pattern_a_star_is_one_word_and_a_hash_any_number(broker, inbox, pattern, taken):
    bus = broker()
    bus.open_queue("listener.tail", [pattern])
    keys = ["a.user.created", "a.user.x.v2", "b.user.created", "a.role.updated"]
    messages = [a_message(event_type, tenant) for tenant, event_type in _split(keys)]

    bus.publish(messages)

    assert bus.waiting("listener.tail") == len(taken)
    listener = inbox(bus, "listener.tail")
    listener.await_ids(*(message for message in messages if message.key in taken))


def test_two_patterns_that_both_match_bring_a_message_once(broker):
    bus = broker()
    bus.open_queue("listener.tail", ["*.user.#", "acme.#"])

    bus.publish([a_message("user.created", "acme")])

    assert bus.waiting("listener.tail") == 1


def test_what_arrives_is_what_was_sent(broker, inbox):
    bus = broker()
    sent = a_message()
    bus.publish([sent])

    export = inbox(bus, "export.events")

    export.await_count(1)
    delivery = export.deliveries[0]
    assert delivery.body.decode() == sent.body
    assert (delivery.queue, delivery.deliveries) == ("export.events", 1)


# Sending


def test_every_sent_message_is_reported_confirmed_once(broker, outgoing):
    mine = outgoing(broker())
    messages = [a_message() for _ in range(200)]

    mine.send(*messages)

    mine.await_confirmed(*messages)
    assert Counter(mine.confirmed) == Counter(message.id for message in messages)


def test_an_event_that_nobody_wants_is_confirmed(broker, outgoing):
    mine = outgoing(broker())
    message = a_message("nobody.listens")

    mine.send(message)

    mine.await_confirmed(message)


@pytest.mark.parametrize("stray", [a_request("nobody"), a_direct("nobody.events")])
def test_what_must_find_a_queue_and_finds_none_is_never_confirmed(broker, outgoing, stray):
    mine = outgoing(broker())
    after = a_request("accounts")

    mine.send(stray, after)

    mine.await_confirmed(after)
    mine.sender.close()
    assert mine.confirmed == [after.id]


def test_a_closed_sender_takes_nothing_and_has_its_confirms(broker, outgoing):
    mine = outgoing(broker())
    messages = [a_message() for _ in range(100)]
    mine.send(*messages)

    mine.sender.close()

    assert set(mine.confirmed) == {message.id for message in messages}
    assert not mine.sender.is_connected
    assert not mine.sender.send(a_message())


def test_many_threads_may_send_at_once(broker, outgoing, inbox):
    bus = broker()
    mine = outgoing(bus)
    export = inbox(bus, "export.events")
    batches = [[a_message() for _ in range(100)] for _ in range(8)]
    threads = [threading.Thread(target=mine.send, args=batch) for batch in batches]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    everything = [message for batch in batches for message in batch]
    mine.await_confirmed(*everything)
    export.await_ids(*everything)


def test_publish_returns_when_all_is_safe(broker):
    bus = broker()

    published = bus.publish(a_request("people") for _ in range(1500))

    assert published == 1500
    assert bus.waiting("people.requests") == 1500


def test_publish_says_so_when_a_message_found_no_queue(broker):
    bus = broker()

    with pytest.raises(BrokerAway):
        bus.publish([a_request("accounts"), a_direct("nobody.events")], timeout_seconds=1.0)


# Receiving and settling


def test_what_a_stopped_receiver_did_not_settle_is_delivered_again(broker, inbox):
    bus = broker()
    messages = [a_message() for _ in range(5)]
    bus.publish(messages)
    first = inbox(bus, "export.events", treat=hold)
    first.await_ids(*messages)

    first.receiver.stop(timeout_seconds=0.1)

    second = inbox(broker(), "export.events")
    second.await_ids(*messages)
    assert {delivery.deliveries for delivery in second.deliveries} == {2}


def test_f4_what_a_killed_receiver_had_is_delivered_again(broker, broker_address, inbox):
    bus = broker()
    message = a_message()
    address = (broker_address["url"], broker_address["prefix"])
    command = [sys.executable, HOLDER, "export.events", *address]
    command.append(broker_address.get("mongodb_uri", ""))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        bus.publish([message])
        assert process.stdout.readline() == b"received\n"

        process.kill()

    survivor = inbox(bus, "export.events")
    survivor.await_ids(message, timeout=60)
    assert survivor.deliveries[0].deliveries == 2


def test_settling_after_the_receiver_stopped_does_no_harm(broker, inbox):
    bus = broker()
    message = a_message()
    bus.publish([message])
    first = inbox(bus, "export.events", treat=hold)
    first.await_ids(message)
    first.receiver.stop(timeout_seconds=0.1)

    first.deliveries[0].ack()

    second = inbox(bus, "export.events")
    second.await_ids(message)


def test_settling_twice_counts_once(broker, inbox):
    bus = broker()
    first, second = a_message(), a_message()

    def settle_twice(delivery: Delivery) -> None:
        delivery.ack()
        delivery.ack()
        delivery.bury("late")

    export = inbox(bus, "export.events", treat=settle_twice)
    bus.publish([first])
    export.await_ids(first)
    bus.publish([second])

    export.await_ids(second)
    eventually(lambda: bus.waiting("export.events") == 0)
    assert export.ids == [first.id, second.id]
    assert bus.dead_letters("export").count() == 0


def test_a_message_may_be_settled_from_another_thread(broker, inbox):
    bus = broker()
    messages = [a_message() for _ in range(50)]
    bus.publish(messages)
    export = inbox(bus, "export.events", treat=hold)
    export.await_ids(*messages)

    threads = [threading.Thread(target=delivery.ack) for delivery in export.deliveries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    eventually(lambda: bus.waiting("export.events") == 0)


def test_deliveries_are_counted(broker, inbox):
    bus = broker()

    def third_time_lucky(delivery: Delivery) -> None:
        if delivery.deliveries < 3:
            delivery.retry(0.01)
        else:
            delivery.ack()

    export = inbox(bus, "export.events", treat=third_time_lucky)
    bus.publish([a_message()])

    export.await_count(3)
    assert [delivery.deliveries for delivery in export.deliveries] == [1, 2, 3]
    eventually(lambda: bus.waiting("export.events") == 0)


def test_a_retry_waits_while_others_go_on(broker, inbox):
    bus = broker()
    slow, quick = a_message(), a_message()

    def slow_once(delivery: Delivery) -> None:
        if message_id(delivery) == slow.id and delivery.deliveries == 1:
            delivery.retry(0.5)
        else:
            delivery.ack()

    export = inbox(bus, "export.events", treat=slow_once, prefetch=2)
    bus.publish([slow])
    export.await_ids(slow)
    bus.publish([quick])

    export.await_count(3)
    assert export.ids == [slow.id, quick.id, slow.id]
    assert export.times[2] - export.times[0] >= 0.5


def test_a_message_that_never_succeeds_is_buried_at_the_delivery_limit(broker, inbox):
    bus = broker()
    bad, good = a_message(), a_message()

    def fail(delivery: Delivery) -> None:
        if message_id(delivery) == bad.id:
            delivery.retry(0)
        else:
            delivery.ack()

    export = inbox(bus, "export.events", treat=fail)
    bus.publish([bad, good])

    eventually(lambda: bus.dead_letters("export").count() == 1)
    (letter,) = bus.dead_letters("export").list()
    assert (letter.id, letter.reason) == (bad.id, "delivery_limit")
    assert letter.deliveries == DELIVERY_LIMIT
    assert Counter(export.ids) == {bad.id: DELIVERY_LIMIT, good.id: 1}
    eventually(lambda: bus.waiting("export.events") == 0)


def test_a_failing_deliver_loses_nothing(broker, inbox):
    bus = broker()

    def fail_once(delivery: Delivery) -> None:
        if delivery.deliveries == 1:
            raise RuntimeError("a bug in the consumer")
        delivery.ack()

    export = inbox(bus, "export.events", treat=fail_once)
    bus.publish([a_message()])

    export.await_count(2)
    eventually(lambda: bus.waiting("export.events") == 0)


def test_no_more_than_the_prefetch_of_each_queue_is_in_hand(broker, inbox):
    bus = broker()
    queues = ("export.events", "people.events")
    bus.publish([a_message() for _ in range(30)])

    both = inbox(bus, *queues, treat=hold, prefetch=7)

    both.await_count(14)
    both.deliveries[0].ack()
    both.await_count(15)
    assert _by_queue(both.deliveries[:14]) == {"export.events": 7, "people.events": 7}
    assert both.deliveries[14].queue == both.deliveries[0].queue
    both.release()
    both.await_count(60)


def test_receivers_of_one_queue_share_it(broker, inbox):
    bus = broker()
    one = inbox(bus, "export.events", treat=hold, prefetch=10)
    other = inbox(broker(), "export.events", treat=hold, prefetch=10)
    messages = [a_message() for _ in range(100)]

    bus.publish(messages)

    one.await_count(10)
    other.await_count(10)
    one.release()
    other.release()
    eventually(lambda: len(one.ids + other.ids) == len(messages))
    assert set(one.ids + other.ids) == {message.id for message in messages}


def test_stop_waits_for_what_is_in_hand(broker, inbox):
    bus = broker()
    bus.publish([a_message()])
    export = inbox(bus, "export.events", treat=hold)
    export.await_count(1)
    stopping = threading.Thread(target=export.receiver.stop)

    stopping.start()
    stopping.join(0.3)
    waited = stopping.is_alive()
    export.deliveries[0].ack()
    stopping.join(5)

    assert waited
    assert not stopping.is_alive()
    assert not export.receiver.is_connected
    assert bus.waiting("export.events") == 0


# Dead letters


def test_a_dead_letter_keeps_reason_error_queue_and_body(broker, inbox):
    bus = broker()
    sent = a_message()
    inbox(bus, "people.events", treat=lambda delivery: delivery.bury("refused", "ValueError"))

    bus.publish([sent])

    letters = bus.dead_letters("people")
    eventually(lambda: letters.count() == 1)
    (letter,) = letters.list()
    assert (letter.id, letter.type, letter.queue) == (sent.id, "user.created", "people.events")
    assert (letter.reason, letter.error, letter.deliveries) == ("refused", "ValueError", 1)
    assert letter.body.decode() == sent.body
    assert abs(datetime.now(UTC) - letter.died_at) < timedelta(minutes=1)
    eventually(lambda: bus.waiting("people.events") == 0)
    assert bus.dead_letters("export").count() == 0


def test_listing_dead_letters_changes_nothing(broker, inbox):
    bus = broker()
    _bury(bus, inbox, 5)
    letters = bus.dead_letters("export")
    before = sorted(letters.list(), key=lambda letter: letter.id)

    for _ in range(DELIVERY_LIMIT + 5):
        letters.list(limit=3)

    assert len(letters.list(limit=3)) == 3
    assert sorted(letters.list(), key=lambda letter: letter.id) == before
    assert letters.count() == 5


def test_a_retried_dead_letter_comes_again_as_if_new(broker, inbox):
    bus = broker()
    chosen, *others = _bury(bus, inbox, 3)
    letters = bus.dead_letters("export")

    retried = letters.retry([chosen.id])

    assert retried == 1
    export = inbox(bus, "export.events")
    export.await_ids(chosen)
    assert export.deliveries[0].deliveries == 1
    assert export.deliveries[0].body.decode() == chosen.body
    assert {letter.id for letter in letters.list()} == {message.id for message in others}


def test_all_dead_letters_may_be_retried(broker, inbox):
    bus = broker()
    messages = _bury(bus, inbox, 3)

    retried = bus.dead_letters("export").retry()

    assert retried == 3
    inbox(bus, "export.events").await_ids(*messages)
    assert bus.dead_letters("export").count() == 0
    assert bus.waiting("people.events") == 3


def test_dead_letters_are_dropped_by_what_they_hold(broker, inbox):
    bus = broker()
    chosen, *others = _bury(bus, inbox, 3)
    letters = bus.dead_letters("export")

    dropped = letters.drop_where(lambda letter: letter.body.decode() == chosen.body)

    assert dropped == 1
    assert {letter.id for letter in letters.list()} == {message.id for message in others}


def test_dropped_dead_letters_are_gone(broker, inbox):
    bus = broker()
    chosen, *others = _bury(bus, inbox, 3)
    letters = bus.dead_letters("export")

    dropped = letters.drop([chosen.id, "unknown"])

    assert dropped == 1
    assert {letter.id for letter in letters.list()} == {message.id for message in others}
    assert letters.drop() == 2
    assert letters.list() == []
    assert bus.waiting("export.events") == 0


def test_a_poisonous_body_can_be_buried_and_dropped(broker, inbox):
    bus = broker()
    message = a_message()
    poison = type(message)(message.id, message.exchange, message.key, "not.json", "{no json")
    inbox(bus, "export.events", treat=lambda delivery: delivery.bury("malformed"))

    bus.publish([poison])

    letters = bus.dead_letters("export")
    eventually(lambda: letters.count() == 1)
    assert letters.list()[0].body == b"{no json"
    assert letters.drop([message.id]) == 1


def test_dead_letters_that_were_looked_at_are_there_at_once(broker, inbox):
    bus = broker()
    messages = [a_message() for _ in range(20)]
    inbox(bus, "export.events", treat=lambda delivery: delivery.bury("no_reason"))
    bus.publish(messages)
    letters = bus.dead_letters("export")
    eventually(lambda: letters.count() == len(messages))

    seen = [(len(letters.list()), letters.count()) for _ in range(20)]

    assert seen == [(20, 20)] * 20


# Queues that come and go


def test_an_opened_queue_takes_direct_messages_from_every_process(broker, inbox):
    one, other = broker(), broker()
    one.open_queue("people.replay.7", ["acme.role.#"])
    direct, by_pattern = a_direct("people.replay.7"), a_message("role.updated")

    other.publish([direct, by_pattern, a_message("user.created")])

    replay = inbox(other, "people.replay.7")
    replay.await_ids(direct, by_pattern)
    assert len(replay.ids) == 2
    eventually(lambda: other.waiting("people.replay.7") == 0)


def test_a_closed_queue_is_gone(broker):
    bus = broker()
    bus.open_queue("people.replay.7", ["#"])
    bus.publish([a_direct("people.replay.7")])

    bus.close_queue("people.replay.7")

    assert bus.waiting("people.replay.7") == 0
    with pytest.raises(BrokerAway):
        bus.publish([a_direct("people.replay.7")], timeout_seconds=1.0)


def test_an_unused_queue_vanishes(broker):
    bus = broker()
    bus.open_queue("people.replay.7", expires_seconds=1)

    def is_gone() -> bool:
        try:
            bus.publish([a_direct("people.replay.7")], timeout_seconds=0.5)
        except BrokerAway:
            return True
        return False

    eventually(is_gone, timeout=20)


def test_a_subscription_gets_what_it_asked_for_and_has_dead_letters_of_its_own(broker, inbox):
    bus = broker()
    bus.open_subscription("payroll", ["*.user.created"])
    bus.open_subscription("payroll", ["*.user.created", "acme.role.#"])
    created, role = a_message("user.created"), a_message("role.updated")

    bus.publish([created, role, a_message("tenant.updated")])

    assert bus.waiting("payroll.events") == 2
    payroll = inbox(bus, "payroll.events", treat=lambda delivery: delivery.bury("unusable"))
    payroll.await_ids(created, role)
    letters = bus.dead_letters("payroll")
    eventually(lambda: letters.count() == 2)
    assert letters.drop() == 2
    assert bus.waiting("people.events") == 3


def test_a_bound_queue_gets_what_it_is_bound_to_until_it_is_bound_no_longer(broker, inbox):
    bus = broker()
    bus.bind(WEBHOOKS, ["acme.#", "beta.#"])
    bus.bind(WEBHOOKS, ["acme.#"])
    first = [a_message(tenant=name) for name in ("acme", "beta", "gamma")]
    bus.publish(first)
    bus.unbind(WEBHOOKS, ["acme.#", "never.#"])
    second = [a_message(tenant=name) for name in ("acme", "beta")]
    bus.publish(second)

    heard = inbox(bus, WEBHOOKS)

    heard.await_ids(first[0], first[1], second[1])
    assert len(heard.deliveries) == 3


def test_what_cannot_be_applied_in_a_further_queue_lies_among_its_services_dead_letters(
    broker, inbox
):
    bus = broker()
    bus.bind(WEBHOOKS, ["acme.#"])
    bus.publish([a_message()])

    inbox(bus, WEBHOOKS, treat=lambda delivery: delivery.bury("unusable"))

    letters = bus.dead_letters("accounts")
    eventually(lambda: letters.count() == 1)
    assert letters.list()[0].queue == WEBHOOKS
    assert letters.retry() == 1
    eventually(lambda: letters.count() == 1)


def test_a_queue_that_is_not_there_is_bound_later(broker):
    with pytest.raises(BrokerAway):
        broker().bind("accounts.nothing", ["acme.#"])


def test_what_fails_in_an_opened_queue_is_counted_and_buried_too(broker, inbox):
    bus = broker()
    bus.open_queue("people.replay.7")
    replay = inbox(bus, "people.replay.7", treat=lambda delivery: delivery.retry(0))

    bus.publish([a_direct("people.replay.7")])

    letters = bus.dead_letters("people")
    eventually(lambda: letters.count() == 1)
    assert letters.list()[0].queue == "people.replay.7"
    assert [one.deliveries for one in replay.deliveries] == list(range(1, DELIVERY_LIMIT + 1))


def test_a_dead_letter_of_a_replay_that_is_over_comes_again_among_the_events(broker, inbox):
    bus = broker()
    replay, message = _bury_in_replay(bus, inbox)
    replay.receiver.stop()
    bus.close_queue("people.replay.7")

    assert bus.dead_letters("people").retry() == 1

    inbox(bus, "people.events").await_ids(message)
    assert bus.dead_letters("people").count() == 0


def test_a_dead_letter_of_a_replay_that_may_end_at_any_moment_comes_among_the_events(broker, inbox):
    bus = broker()
    replay, message = _bury_in_replay(bus, inbox)

    assert bus.dead_letters("people").retry() == 1

    inbox(bus, "people.events").await_ids(message)
    assert bus.dead_letters("people").count() == 0
    assert len(replay.deliveries) == 1


# The rest


def test_declaring_again_is_harmless(broker):
    bus = broker()
    bus.publish([a_message()])

    bus.declare()
    broker().declare()

    assert bus.waiting("export.events") == 1


def test_waiting_counts_what_is_in_hand(broker, inbox):
    bus = broker()
    bus.publish([a_message() for _ in range(5)])
    assert bus.waiting("export.events") == 5

    export = inbox(bus, "export.events", treat=hold, prefetch=2)

    export.await_count(2)
    eventually(lambda: bus.waiting("export.events") == 5)
    export.release()
    eventually(lambda: bus.waiting("export.events") == 0)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), count=st.integers(1, 60))
def test_f7_messages_in_any_order_arrive_as_the_same_set(broker, inbox, data, count):
    bus = broker()
    export = inbox(bus, "export.events")
    messages = [a_message(tenant=f"t{number % 3}") for number in range(count)]

    bus.publish(data.draw(st.permutations(messages)))

    eventually(lambda: len(export.ids) >= count)
    assert sorted(export.ids) == sorted(message.id for message in messages)
    export.receiver.stop()


def _split(keys: list[str]) -> list[list[str]]:
    return [key.split(".", 1) for key in keys]


def _by_queue(deliveries: list[Delivery]) -> Counter[str]:
    return Counter(delivery.queue for delivery in deliveries)


def _bury_in_replay(bus, inbox):
    bus.open_queue("people.replay.7")
    replay = inbox(bus, "people.replay.7", treat=lambda delivery: delivery.bury("test"))
    message = a_direct("people.replay.7")
    bus.publish([message])
    eventually(lambda: bus.dead_letters("people").count() == 1)
    return replay, message


def _bury(bus, inbox, count):
    """Bury `count` messages in the queue of export; nobody receives afterwards."""
    messages = [a_message() for _ in range(count)]
    undertaker = inbox(bus, "export.events", treat=lambda delivery: delivery.bury("test"))
    bus.publish(messages)
    eventually(lambda: bus.dead_letters("export").count() == count)
    undertaker.receiver.stop()
    return messages
