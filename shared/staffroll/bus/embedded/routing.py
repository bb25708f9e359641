"""From a message to the queues it is meant for."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from staffroll.bus.contract import DIRECT, EVENTS, REQUESTS, Message
from staffroll.bus.topology import requests_queue


@dataclass(frozen=True, slots=True)
class Binding:
    """A declared queue.

    Attributes:
        patterns: Of the routing keys that reach it; ``*`` is one word, ``#`` any number.
        expires_seconds: It vanishes when unused so long; None for never.
    """

    queue: str
    patterns: Sequence[str]
    expires_seconds: int | None = None


def targets(message: Message, bindings: Iterable[Binding]) -> list[str] | None:
    """The queues that get the message; None where nobody may believe it has arrived.

    An event that nobody is bound to is no loss. A request or direct message whose queue
    does not exist is one, and so is an event before anything was declared.
    """
    known = list(bindings)
    if message.exchange == EVENTS:
        bound = [b.queue for b in known if any(matches(p, message.key) for p in b.patterns)]
        return bound if known else None
    if message.exchange == REQUESTS:
        queue = requests_queue(message.key)
    elif message.exchange == DIRECT:
        queue = message.key
    else:
        return None
    return [queue] if any(b.queue == queue for b in known) else None


def matches(pattern: str, key: str) -> bool:
    """Whether a topic pattern of AMQP 0-9-1 takes the routing key."""
    return _expression(pattern).fullmatch(f".{key}") is not None


@functools.lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    wildcards = {"*": r"\.[^.]*", "#": r"(?:\.[^.]*)*"}
    words = [wildcards.get(word, r"\." + re.escape(word)) for word in pattern.split(".")]
    return re.compile("".join(words), re.DOTALL)
