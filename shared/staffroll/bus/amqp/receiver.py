"""Receiving from some queues, and settling what came, from any thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import pika
import structlog
from pika import spec

from staffroll.bus.amqp.declaring import dead_letters_of, whole_topology
from staffroll.bus.amqp.form import as_dead, letter_id, returned_before
from staffroll.bus.amqp.link import Link
from staffroll.bus.amqp.naming import Names, service_of
from staffroll.bus.contract import DEAD_LETTERS, DELIVERY_LIMIT, Delivery
from staffroll.bus.topology import SERVICES
from staffroll.faults import log_fault

_PAUSE_AFTER_FAILURE_SECONDS: Final = 1.0

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class AmqpDelivery:
    """A `staffroll.bus.contract.Delivery`; settling one of a dead channel does nothing."""

    queue: str
    deliveries: int
    body: bytes = field(repr=False)
    tag: int
    properties: pika.BasicProperties = field(repr=False)
    receiver: AmqpReceiver = field(repr=False)

    def ack(self) -> None:
        self.receiver.settle(self, self.receiver.ack)

    def retry(self, after_seconds: float) -> None:
        if self.deliveries >= DELIVERY_LIMIT:
            self.bury("delivery_limit")
        else:
            self.receiver.settle(self, partial(self.receiver.give_back_later, after_seconds))

    def bury(self, reason: str, error: str = "") -> None:
        self.receiver.settle(self, partial(self.receiver.bury, reason, error))


class AmqpReceiver:
    """A `staffroll.bus.contract.Receiver`: one channel, one consumer for each queue.

    Settling happens on the I/O thread alone (`ack`, `give_back_later`, `bury` are for it);
    `settle` brings it there.
    """

    def __init__(
        self,
        parameters: pika.URLParameters,
        names: Names,
        queues: Sequence[str],
        deliver: Callable[[Delivery], None],
        *,
        prefetch: int,
    ) -> None:
        self._names = names
        self._queues = queues
        self._deliver = deliver
        self._prefetch = prefetch
        self._channel: Any = None
        self._consumers: list[str] = []
        self._ready_consumers = 0
        self._in_hand: dict[int, AmqpDelivery] = {}
        self._unsettled: set[int] = set()
        self._given_back: Counter[str] = Counter()
        self._next_tag = 1
        self._burials: dict[int, AmqpDelivery] = {}
        self._refused: set[str] = set()
        self._stopping = False
        self._idle = threading.Event()
        self._link = Link(
            parameters,
            thread_name="bus-receiver",
            opened=self._on_opened,
            lost=self._on_lost,
            declare=self._declare,
        )
        self._link.start()

    @property
    def is_connected(self) -> bool:
        return self._link.is_ready

    def in_hand(self, queue: str) -> int:
        """How many deliveries of the queue are not yet off our hands."""
        return sum(delivery.queue == queue for delivery in list(self._in_hand.values()))

    def stop(self, timeout_seconds: float = 10.0) -> None:
        self._link.call(self._begin_stop)
        self._idle.wait(timeout_seconds)
        self._link.close(timeout_seconds=2.0)

    def settle(self, delivery: AmqpDelivery, how: Callable[[AmqpDelivery], None]) -> None:
        """Do `how` on the I/O thread, unless the delivery is settled or its channel dead."""
        self._link.call(partial(self._settle, delivery, how))

    def ack(self, delivery: AmqpDelivery) -> None:
        self._channel.basic_ack(delivery.tag)
        self._given_back.pop(self._identity(delivery), None)
        self._off_hand(delivery)

    def give_back_later(self, after_seconds: float, delivery: AmqpDelivery) -> None:
        if self._stopping:
            self._give_back(delivery)
        else:
            self._link.call_later(after_seconds, partial(self._give_back, delivery))

    def bury(self, reason: str, error: str, delivery: AmqpDelivery) -> None:
        """Publish a copy; the original goes when the copy is safe."""
        self._burials[self._next_tag] = delivery
        self._next_tag += 1
        self._channel.basic_publish(
            self._names.exchange(DEAD_LETTERS),
            service_of(delivery.queue),
            delivery.body,
            as_dead(
                delivery.properties,
                reason=reason,
                error=error,
                queue=delivery.queue,
                deliveries=delivery.deliveries,
            ),
            mandatory=True,
        )

    def _declare(self, channel: Any) -> None:
        for piece in whole_topology(self._names):
            piece.declare(channel)

    def _on_opened(self, channel: Any) -> None:
        if self._stopping:
            return
        self._channel = channel
        channel.add_on_cancel_callback(lambda _frame: self._link.break_off())
        channel.add_on_return_callback(self._on_returned)
        channel.confirm_delivery(self._on_confirm, callback=lambda _frame: None)
        for service in {service_of(queue) for queue in self._queues}.difference(SERVICES):
            for piece in dead_letters_of(self._names, service):
                piece.declare(channel)
        channel.basic_qos(prefetch_count=self._prefetch, callback=lambda _frame: None)
        for queue in self._queues:
            consumer = channel.basic_consume(
                self._names.queue(queue),
                partial(self._on_delivery, queue),
                callback=lambda _frame: self._on_consuming(),
            )
            self._consumers.append(consumer)

    def _on_consuming(self) -> None:
        self._ready_consumers += 1
        if self._ready_consumers == len(self._queues):
            self._link.ready()

    def _on_lost(self) -> None:
        self._channel = None
        self._consumers.clear()
        self._ready_consumers = 0
        self._in_hand.clear()
        self._unsettled.clear()
        self._next_tag = 1
        self._burials.clear()
        self._refused.clear()
        self._check_idle()

    def _on_delivery(
        self, queue: str, _channel: Any, method: spec.Basic.Deliver, properties: Any, body: bytes
    ) -> None:
        before = returned_before(properties)
        delivery = AmqpDelivery(queue, 1, body, method.delivery_tag, properties, self)
        if before is None:
            before = max(self._given_back[self._identity(delivery)], int(method.redelivered))
        delivery.deliveries = before + 1
        self._in_hand[delivery.tag] = delivery
        self._unsettled.add(delivery.tag)
        try:
            self._deliver(delivery)
        except Exception as error:  # noqa: BLE001 - the others' messages must go on
            log_fault("bus.deliver_failed", error, queue=queue)
            delivery.retry(_PAUSE_AFTER_FAILURE_SECONDS)

    def _settle(self, delivery: AmqpDelivery, how: Callable[[AmqpDelivery], None]) -> None:
        if self._in_hand.get(delivery.tag) is delivery and delivery.tag in self._unsettled:
            self._unsettled.discard(delivery.tag)
            how(delivery)

    def _give_back(self, delivery: AmqpDelivery) -> None:
        if self._in_hand.get(delivery.tag) is not delivery:
            return
        if returned_before(delivery.properties) is None:
            self._given_back[self._identity(delivery)] = delivery.deliveries
        self._channel.basic_nack(delivery.tag, requeue=True)
        self._off_hand(delivery)

    def _on_returned(self, _channel: Any, _method: Any, properties: Any, body: bytes) -> None:
        self._refused.add(letter_id(properties, body))

    def _on_confirm(self, frame: Any) -> None:
        method = frame.method
        for tag in sorted(self._burials):
            if tag == method.delivery_tag or (method.multiple and tag < method.delivery_tag):
                delivery = self._burials.pop(tag)
                name = letter_id(delivery.properties, delivery.body)
                if isinstance(method, spec.Basic.Ack) and name not in self._refused:
                    self.ack(delivery)
                else:
                    log.error("bus.not_buried", queue=delivery.queue)
                    self.give_back_later(_PAUSE_AFTER_FAILURE_SECONDS, delivery)
                self._refused.discard(name)

    def _begin_stop(self) -> None:
        """Give back at once what only waits for its next try."""
        self._stopping = True
        if self._channel is not None:
            for consumer in self._consumers:
                self._channel.basic_cancel(consumer, callback=lambda _frame: None)
            burying = {delivery.tag for delivery in self._burials.values()}
            for delivery in list(self._in_hand.values()):
                if delivery.tag not in self._unsettled and delivery.tag not in burying:
                    self._give_back(delivery)
        self._check_idle()

    def _off_hand(self, delivery: AmqpDelivery) -> None:
        self._in_hand.pop(delivery.tag, None)
        self._check_idle()

    def _check_idle(self) -> None:
        if self._stopping and not self._in_hand:
            self._idle.set()

    @staticmethod
    def _identity(delivery: AmqpDelivery) -> str:
        return f"{delivery.queue} {letter_id(delivery.properties, delivery.body)}"
