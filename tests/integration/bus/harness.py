"""What the bus tests hold in their hands: messages, and the two ends of a queue."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

from staffroll.bus import Broker, Delivery, Message
from staffroll.events import Event
from staffroll.ids import new_id
from tests.support.waiting import eventually

Treat = Callable[[Delivery], None]


def an_event(event_type: str = "user.created", tenant: str = "acme") -> Event:
    return Event(event_type, "accounts", tenant, new_id(), 1, {"note": "päivää"})


def a_message(event_type: str = "user.created", tenant: str = "acme") -> Message:
    return Message.event(an_event(event_type, tenant))


def a_request(owner: str = "accounts") -> Message:
    return Message.request(an_event("user.requested"), owner)


def a_direct(queue: str) -> Message:
    return Message.direct(an_event(), queue)


def message_id(delivery: Delivery) -> str:
    return str(json.loads(delivery.body)["id"])


def ack(delivery: Delivery) -> None:
    delivery.ack()


def hold(_delivery: Delivery) -> None:
    """Leave it unsettled."""


class Inbox:
    """Receives from queues, remembers what came, and treats it in one way."""

    def __init__(
        self, broker: Broker, queues: Sequence[str], treat: Treat = ack, prefetch: int = 50
    ) -> None:
        self.deliveries: list[Delivery] = []
        self.times: list[float] = []
        self._treat = treat
        self.receiver = broker.receiver(queues, self._take, prefetch=prefetch)

    @property
    def ids(self) -> list[str]:
        return [message_id(delivery) for delivery in self.deliveries]

    def await_ids(self, *messages: Message, timeout: float = 15.0) -> None:
        expected = {message.id for message in messages}
        eventually(lambda: expected <= set(self.ids), timeout)

    def await_count(self, count: int, timeout: float = 15.0) -> None:
        eventually(lambda: len(self.deliveries) >= count, timeout)

    def release(self) -> None:
        """Acknowledge what is held, and from now on at once."""
        held = len(self.deliveries)
        self._treat = ack
        for delivery in self.deliveries[:held]:
            delivery.ack()

    def _take(self, delivery: Delivery) -> None:
        self.times.append(time.monotonic())
        self.deliveries.append(delivery)
        self._treat(delivery)


class Outgoing:
    """Sends, and remembers what was confirmed."""

    def __init__(self, broker: Broker) -> None:
        self.confirmed: list[str] = []
        self.sender = broker.sender(self.confirmed.extend)
        eventually(lambda: self.sender.is_connected)

    def send(self, *messages: Message) -> None:
        """Hand over all of them, waiting for room where there is none."""
        for message in messages:
            eventually(lambda message=message: self.sender.send(message))

    def await_confirmed(self, *messages: Message, timeout: float = 15.0) -> None:
        expected = {message.id for message in messages}
        eventually(lambda: expected <= set(self.confirmed), timeout)
