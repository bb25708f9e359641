"""What is bound: the tenants that have a webhook, and no others for long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from staffroll.bus import Broker, BrokerAway
from staffroll.bus.topology import WEBHOOKS
from staffroll_accounts.webhooks import hearing
from staffroll_accounts.webhooks.hearing import Bindings


class ABroker:
    """What a broker is bound to, and what it was asked."""

    def __init__(self) -> None:
        self.bound: set[str] = set()
        self.asked: list[Any] = []
        self.is_away = False

    def bind(self, queue: str, patterns: Sequence[str]) -> None:
        self._ask(queue, "bind", patterns)
        self.bound |= set(patterns)

    def unbind(self, queue: str, patterns: Sequence[str]) -> None:
        self._ask(queue, "unbind", patterns)
        self.bound -= set(patterns)

    def _ask(self, queue: str, what: str, patterns: Sequence[str]) -> None:
        assert queue == WEBHOOKS
        if self.is_away:
            raise BrokerAway("for a test")
        self.asked.append((what, list(patterns)))


@pytest.fixture
def broker() -> ABroker:
    return ABroker()


def bindings(broker: ABroker, *answers: set[str]) -> Bindings:
    """Whose look for tenants gives one answer after the other, the last for ever."""
    left = list(answers)
    return Bindings(cast(Broker, broker), lambda: left.pop(0) if len(left) > 1 else left[0])


def test_the_broker_is_asked_for_what_is_new_only(broker: ABroker) -> None:
    tenants = {"acme", "beta"}
    ours = Bindings(cast(Broker, broker), lambda: set(tenants))
    ours.run()
    ours.run()
    tenants.add("gamma")
    ours.run()

    assert broker.asked == [("bind", ["acme.#", "beta.#"]), ("bind", ["gamma.#"])]


def test_what_a_broker_has_lost_is_bound_again(
    broker: ABroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "_AGAIN_SECONDS", 0.0)
    ours = bindings(broker, {"acme"})
    ours.run()
    broker.bound.clear()

    ours.run()

    assert broker.bound == {"acme.#"}


def test_many_tenants_are_bound_again_a_few_at_a_time(
    broker: ABroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(hearing, "_AGAIN_AT_ONCE", 2)
    ours = bindings(broker, {"acme", "beta", "gamma"})
    ours.run()
    broker.asked.clear()
    broker.bound.clear()

    ours.run()
    ours.run()

    assert [len(patterns) for _, patterns in broker.asked] == [1, 2]
    assert broker.bound == {"acme.#", "beta.#", "gamma.#"}


def test_while_the_broker_is_away_it_waits_and_then_binds_all(broker: ABroker) -> None:
    ours = bindings(broker, {"acme"})
    broker.is_away = True
    ours.bind("acme")
    ours.run()
    broker.is_away = False

    ours.run()

    assert broker.bound == {"acme.#"}


def test_a_broker_that_was_away_for_a_while_is_bound_to_all(
    broker: ABroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(hearing, "_AGAIN_AT_ONCE", 1)
    ours = bindings(broker, {"acme", "beta"})
    ours.run()
    broker.is_away = True
    ours.run()
    broker.bound.clear()
    broker.is_away = False

    ours.run()

    assert broker.bound == {"acme.#", "beta.#"}


def test_who_is_heard_without_a_webhook_is_let_go(broker: ABroker) -> None:
    broker.bound = {"acme.#", "gone.#"}
    ours = bindings(broker, {"acme"})
    ours.is_surplus("gone")

    ours.run()
    ours.run()

    assert broker.bound == {"acme.#"}


def test_who_makes_a_webhook_within_a_round_was_never_unbound(broker: ABroker) -> None:
    tenants = {"acme"}
    ours = Bindings(cast(Broker, broker), lambda: set(tenants))
    ours.is_surplus("soon")
    ours.run()
    tenants.add("soon")

    ours.run()
    tenants.remove("soon")
    ours.run()

    assert "unbind" not in [what for what, _ in broker.asked]


def test_who_makes_a_webhook_while_being_let_go_stays_bound(broker: ABroker) -> None:
    ours = bindings(broker, set(), set(), set(), set(), {"acme"})
    ours.is_surplus("acme")

    ours.run()
    ours.run()

    assert broker.asked == [("unbind", ["acme.#"]), ("bind", ["acme.#"])]
    assert broker.bound == {"acme.#"}
