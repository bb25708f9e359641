"""The dead letters of one service: look, try again, forget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pika
import structlog
from pika.exceptions import ChannelClosedByBroker, UnroutableError

from staffroll.bus.amqp.commands import command_channel
from staffroll.bus.amqp.form import as_new, dead_letter_of, letter_id
from staffroll.bus.amqp.naming import Names
from staffroll.bus.contract import DIRECT, DeadLetter, NoQueue
from staffroll.bus.topology import dead_letters_queue, events_queue, is_replay

_NOT_FOUND: Final = 404

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Taken:
    """A letter out of the queue; unless it is acknowledged it goes back."""

    tag: int
    properties: pika.BasicProperties
    body: bytes


class AmqpDeadLetters:
    """A `staffroll.bus.contract.DeadLetters`.

    AMQP cannot look without taking: while one of these methods runs, another one may not
    see the letters it holds.
    """

    def __init__(self, parameters: pika.URLParameters, names: Names, service: str) -> None:
        self._parameters = parameters
        self._names = names
        self._events = events_queue(service)
        self._queue = names.queue(dead_letters_queue(service))

    def list(self, limit: int = 100) -> Sequence[DeadLetter]:
        with self._open() as channel:
            found = [
                dead_letter_of(letter.properties, letter.body, self._names)
                for letter in self._take(channel, limit)
            ]
            self._put_back(channel)
            return found

    def count(self) -> int:
        with self._open() as channel:
            return self._count(channel)

    def retry(self, ids: Iterable[str] | None = None) -> int:
        return self._settle(_among(ids), self._send_again)

    def drop(self, ids: Iterable[str] | None = None) -> int:
        return self._settle(_among(ids), _forget)

    def drop_where(self, is_meant: Callable[[DeadLetter], bool]) -> int:
        return self._settle(
            lambda letter: is_meant(dead_letter_of(letter.properties, letter.body, self._names)),
            _forget,
        )

    @contextmanager
    def _open(self) -> Iterator[Any]:
        try:
            with command_channel(self._parameters) as channel:
                yield channel
        except ChannelClosedByBroker as error:
            if error.reply_code == _NOT_FOUND:
                raise NoQueue(self._queue) from error
            raise

    def _settle(
        self, is_meant: Callable[[_Taken], bool], treat: Callable[[Any, _Taken], bool]
    ) -> int:
        settled = 0
        with self._open() as channel:
            channel.confirm_delivery()
            for letter in self._take(channel, self._count(channel)):
                if is_meant(letter) and treat(channel, letter):
                    channel.basic_ack(letter.tag)
                    settled += 1
            self._put_back(channel)
        return settled

    def _send_again(self, channel: Any, letter: _Taken) -> bool:
        died_in = dead_letter_of(letter.properties, letter.body, self._names).queue
        queues = [self._events] if is_replay(died_in) else [died_in, self._events]
        for queue in queues:
            try:
                channel.basic_publish(
                    DIRECT,
                    self._names.queue(queue),
                    letter.body,
                    as_new(letter.properties),
                    mandatory=True,
                )
            except UnroutableError:
                log.warning("bus.queue_gone", queue=queue)
            else:
                return True
        return False

    def _put_back(self, channel: Any) -> None:
        """All that are still held. The end of the channel does it too, but some time later, in
        which who comes next finds nothing."""
        channel.basic_nack(0, multiple=True, requeue=True)
        # Asked on the same channel, so that the queue answers after it has them.
        self._count(channel)

    def _count(self, channel: Any) -> int:
        declared = channel.queue_declare(self._queue, passive=True)
        return int(declared.method.message_count)

    def _take(self, channel: Any, limit: int) -> Iterator[_Taken]:
        for _ in range(limit):
            method, properties, body = channel.basic_get(self._queue)
            if method is None:
                return
            yield _Taken(method.delivery_tag, properties, body)


def _among(ids: Iterable[str] | None) -> Callable[[_Taken], bool]:
    wanted = None if ids is None else set(ids)
    return lambda letter: wanted is None or letter_id(letter.properties, letter.body) in wanted


def _forget(_channel: object, _letter: _Taken) -> bool:
    return True
