"""The contract over a RabbitMQ node or cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from weakref import WeakSet

from pika.exceptions import ChannelClosedByBroker

from staffroll.bus.amqp.commands import command_channel, command_connection, parameters_of
from staffroll.bus.amqp.dead_letters import AmqpDeadLetters
from staffroll.bus.amqp.declaring import (
    Piece,
    bindings,
    expiring_queue,
    subscription,
    whole_topology,
)
from staffroll.bus.amqp.naming import Names
from staffroll.bus.amqp.receiver import AmqpReceiver
from staffroll.bus.amqp.sender import AmqpSender
from staffroll.bus.contract import (
    BrokerAway,
    Delivery,
    Message,
    QueueState,
    TopologyConflict,
)

_NOT_FOUND: Final = 404
_PRECONDITION_FAILED: Final = 406


class AmqpBroker:
    """A `staffroll.bus.contract.Broker`.

    Args:
        url: ``amqp(s)://user:password@host:port/vhost``; pika's query parameters
            (``?heartbeat=30``) are honoured.
        prefix: Put before every exchange and queue name.
        name: Shown in the broker's list of connections.
    """

    def __init__(self, url: str, *, prefix: str = "", name: str = "staffroll") -> None:
        self._parameters = parameters_of(url, name)
        self._names = Names(prefix)
        self._receivers: WeakSet[AmqpReceiver] = WeakSet()

    def declare(self) -> None:
        self._declare(whole_topology(self._names))

    def sender(self, confirmed: Callable[[Sequence[str]], None]) -> AmqpSender:
        return AmqpSender(
            self._parameters,
            self._names,
            lambda messages: confirmed([message.id for message in messages]),
        )

    def receiver(
        self,
        queues: Sequence[str],
        deliver: Callable[[Delivery], None],
        *,
        prefetch: int = 50,
    ) -> AmqpReceiver:
        receiver = AmqpReceiver(
            self._parameters, self._names, tuple(queues), deliver, prefetch=prefetch
        )
        self._receivers.add(receiver)
        return receiver

    def publish(self, messages: Iterable[Message], timeout_seconds: float = 30.0) -> int:
        deadline = time.monotonic() + timeout_seconds
        confirmed: list[Message] = []
        lost: list[Message] = []
        sender = AmqpSender(self._parameters, self._names, confirmed.extend, lost=lost.extend)

        def is_hopeless() -> bool:
            return bool(lost) or sender.breaks > 0

        sent = 0
        try:
            for message in messages:
                sender.wait(lambda: sender.has_room or is_hopeless(), deadline)
                if is_hopeless() or not sender.send(message):
                    raise BrokerAway(f"given up after {sent} messages")
                sent += 1
            sender.wait(lambda: len(confirmed) == sent or is_hopeless(), deadline)
        finally:
            sender.close(timeout_seconds=1.0)
        if len(confirmed) < sent:
            raise BrokerAway(f"{sent - len(confirmed)} of {sent} messages were not confirmed")
        return sent

    def open_queue(
        self, name: str, patterns: Sequence[str] = (), *, expires_seconds: int = 600
    ) -> None:
        self._declare(expiring_queue(self._names, name, patterns, expires_seconds))

    def open_subscription(self, name: str, patterns: Sequence[str]) -> None:
        self._declare(subscription(self._names, name, patterns))

    def bind(self, queue: str, patterns: Sequence[str]) -> None:
        with self._existing(queue) as channel:
            for piece in bindings(self._names, queue, patterns):
                piece.declare(channel)

    def unbind(self, queue: str, patterns: Sequence[str]) -> None:
        with self._existing(queue) as channel:
            for piece in bindings(self._names, queue, patterns):
                piece.undo(channel)

    def close_queue(self, name: str) -> None:
        with command_channel(self._parameters) as channel:
            channel.queue_delete(self._names.queue(name))

    def waiting(self, queue: str) -> int:
        """As the contract says, but AMQP does not tell what other processes have in hand:
        only receivers of this object are counted in."""
        found = self.look([queue]).get(queue)
        return 0 if found is None else found.messages

    def look(self, queues: Sequence[str]) -> Mapping[str, QueueState]:
        found: dict[str, QueueState] = {}
        with command_connection(self._parameters) as connection:
            for queue in queues:
                in_hand = self._in_hand(queue)
                try:
                    # One that is not there closes the channel.
                    channel = connection.channel()
                    declared = channel.queue_declare(self._names.queue(queue), passive=True).method
                except ChannelClosedByBroker as error:
                    if error.reply_code != _NOT_FOUND:
                        raise
                else:
                    # What came into our hands meanwhile lies nowhere else.
                    in_hand = max(in_hand, self._in_hand(queue))
                    messages = int(declared.message_count) + in_hand
                    found[queue] = QueueState(messages, int(declared.consumer_count))
        return found

    def dead_letters(self, service: str) -> AmqpDeadLetters:
        return AmqpDeadLetters(self._parameters, self._names, service)

    def close(self) -> None:
        """Nothing stays open between calls."""

    def _in_hand(self, queue: str) -> int:
        return sum(receiver.in_hand(queue) for receiver in list(self._receivers))

    @contextmanager
    def _existing(self, queue: str) -> Iterator[Any]:
        """A channel to do something with a queue; that it is not there is as if nothing was."""
        try:
            with command_channel(self._parameters) as channel:
                yield channel
        except ChannelClosedByBroker as error:
            if error.reply_code == _NOT_FOUND:
                raise BrokerAway(f"there is no queue {queue}") from error
            raise

    def _declare(self, pieces: Iterable[Piece]) -> None:
        with command_channel(self._parameters) as channel:
            for piece in pieces:
                try:
                    piece.declare(channel)
                except ChannelClosedByBroker as error:
                    if error.reply_code == _PRECONDITION_FAILED:
                        conflict = f"{piece.kind} {piece.name}: {error.reply_text}"
                        raise TopologyConflict(conflict) from error
                    raise
