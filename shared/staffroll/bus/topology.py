"""Who hears what. Whoever starts declares all of it, so that no message finds no queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

SERVICES: Final = ("accounts", "scheduling", "people", "export")

_FROM_ACCOUNTS: Final = ("*.user.#", "*.role.#", "*.tenant.#", "*.keys.#")

EVENT_PATTERNS: Final[Mapping[str, Sequence[str]]] = {
    "accounts": ("*.membership.#", "*.employee.updated", "*.user.erased"),
    "scheduling": (*_FROM_ACCOUNTS, "*.request.#"),
    "people": (*_FROM_ACCOUNTS, "*.request.#"),
    "export": _FROM_ACCOUNTS,
}
"""Routing-key patterns of each service's event queue."""

WEBHOOKS: Final = "accounts.webhooks"
FURTHER_QUEUES: Final[Mapping[str, Sequence[str]]] = {"accounts": (WEBHOOKS,)}
"""Queues whose bindings change: the service itself sees to them."""

_REPLAY: Final = ".replay."


def events_queue(service: str) -> str:
    return f"{service}.events"


def requests_queue(service: str) -> str:
    return f"{service}.requests"


def dead_letters_queue(service: str) -> str:
    return f"{service}.dead-letters"


def replay_queue(service: str, name: str) -> str:
    """One of its own for what an owner tells again; it goes when all is told."""
    return f"{service}{_REPLAY}{name}"


def is_replay(queue: str) -> bool:
    return _REPLAY in queue


def queues(service: str) -> tuple[str, str]:
    """The two queues that a service's consumers read."""
    return events_queue(service), requests_queue(service)


def all_queues(service: str) -> tuple[str, ...]:
    """All that a service's consumers read."""
    return *queues(service), *FURTHER_QUEUES.get(service, ())
