"""Which queues a message is meant for."""

from __future__ import annotations

import pytest

from staffroll.bus.contract import DIRECT, EVENTS, REQUESTS, Message
from staffroll.bus.embedded.routing import Binding, matches, targets


@pytest.mark.parametrize(
    ("pattern", "key", "fits"),
    [
        ("*.user.#", "acme.user.created", True),
        ("*.user.#", "acme.user", True),
        ("*.user.#", "acme.user.updated.v2", True),
        ("*.user.#", "acme.role.updated", False),
        ("*.user.#", "acme.users.created", False),
        ("*.user.#", "user.created", False),
        ("acme.#", "acme.user.created", True),
        ("acme.#", "acme-2.user.created", False),
        ("#", "acme.user.created", True),
        ("#.created", "acme.user.created", True),
        ("*.created", "acme.user.created", False),
        ("*.user.erased", "acme.user.erased", True),
        ("a+c.user", "aac.user", False),
    ],
)
def test_a_pattern_takes_keys_as_a_topic_exchange_does(pattern: str, key: str, fits: bool) -> None:
    assert matches(pattern, key) is fits


BINDINGS = [
    Binding("people.events", ("*.user.#",)),
    Binding("export.events", ("*.user.#", "*.role.#")),
    Binding("accounts.requests", ()),
]


@pytest.mark.parametrize(
    ("exchange", "key", "queues"),
    [
        (EVENTS, "acme.user.created", ["people.events", "export.events"]),
        (EVENTS, "acme.role.updated", ["export.events"]),
        (EVENTS, "acme.shift.moved", []),
        (REQUESTS, "accounts", ["accounts.requests"]),
        (REQUESTS, "payroll", None),
        (DIRECT, "people.events", ["people.events"]),
        (DIRECT, "people.replay.1", None),
        ("another.exchange", "people.events", None),
    ],
)
def test_a_message_reaches_the_queues_of_its_exchange(
    exchange: str, key: str, queues: list[str] | None
) -> None:
    message = Message("1", exchange, key, "user.created", "{}")

    assert targets(message, BINDINGS) == queues


def test_an_event_before_anything_was_declared_has_not_arrived() -> None:
    message = Message("1", EVENTS, "acme.user.created", "user.created", "{}")

    assert targets(message, []) is None
