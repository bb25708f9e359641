"""A following service that starts empty asks accounts to tell everything (bus.md 6)."""

from dataclasses import replace
from typing import Any

import pytest
import structlog

from staffroll import bootstrap
from staffroll.bootstrap import Bootstrap, tell_all
from staffroll.bus import Message
from staffroll.events import Event, payload_of
from staffroll.ids import new_id
from staffroll.restoring import NotAllApplied, catch_up
from tests.support.services import ServiceHere, a_user, told
from tests.support.waiting import eventually


def test_who_starts_empty_asks_and_is_ready_when_all_was_told(follower_here: ServiceHere) -> None:
    tenant = follower_here.new_tenant()
    id_ = new_id()
    state = told("user.updated", id_, 3, a_user(last_name="Told"), tenant_id=tenant.id, replay=True)

    def accounts(event: Event) -> None:
        if event.type == "snapshot.requested" and event.subject == "accounts":
            tell_all(follower_here.runtime, payload_of(event), [state])

    follower_here.accounts = accounts
    assert "bootstrap" in _waited_for(follower_here)
    catching_up = follower_here.chore("catching up with accounts")

    def is_ready() -> bool:
        catching_up.run()
        return _waited_for(follower_here) == {}

    try:
        assert eventually(is_ready)
    finally:
        catching_up.close()
    assert tenant.read(id_)["last_name"] == "Told"


@pytest.fixture
def tells_nonsense(follower_here: ServiceHere) -> ServiceHere:
    """A follower to whom accounts tells two users, of whom one can never be applied."""
    tenant = follower_here.new_tenant()
    good = told("user.updated", new_id(), 3, a_user(), tenant_id=tenant.id, replay=True)
    bad = replace(good, id=new_id(), subject=new_id(), data={"status": "active"})

    def accounts(event: Event) -> None:
        if event.type == "snapshot.requested" and event.subject == "accounts":
            tell_all(follower_here.runtime, payload_of(event), [good, bad])

    follower_here.accounts = accounts
    return follower_here


def test_what_can_never_be_applied_is_not_waited_for_and_is_named(
    tells_nonsense: ServiceHere,
) -> None:
    here = tells_nonsense
    here.runtime.platform["bootstraps"].delete_many({})
    catching_up = here.chore("catching up with accounts")

    def is_ready() -> bool:
        catching_up.run()
        return _waited_for(here) == {}

    with structlog.testing.capture_logs() as logs:
        try:
            assert eventually(is_ready)
        finally:
            catching_up.close()

    (said,) = [one for one in logs if one["event"] == "bootstrap_left_dead_letters"]
    queue = f"{here.service.name}.dead-letters"
    assert (said["queue"], said["left"], said["log_level"]) == (queue, 1, "error")


def test_what_waits_for_its_next_try_is_waited_for_however_much_was_told_twice(
    follower_here: ServiceHere,
) -> None:
    runtime = follower_here.runtime
    first, second = (told("user.updated", new_id(), 3, a_user(), replay=True) for _ in range(2))
    tries: list[str] = []

    def handle(event: Event) -> None:
        tries.append(event.subject)
        if event.subject == second.subject and tries.count(event.subject) <= 3:
            raise RuntimeError("not yet")

    def accounts(event: Event) -> None:
        if event.type == "snapshot.requested" and event.subject == "accounts":
            wish = payload_of(event)
            # As accounts does that ends in the middle and begins anew.
            again = [replace(first, id=new_id()) for _ in range(2)]
            runtime.broker.publish([Message.direct(one, wish.queue) for one in again])
            tell_all(runtime, wish, [first, second])

    runtime.platform["bootstraps"].delete_many({})
    follower_here.accounts = accounts
    catching_up = Bootstrap(runtime, "accounts", handle)

    def is_over() -> bool:
        catching_up.run()
        return catching_up.waits() is None

    try:
        assert eventually(is_over)
    finally:
        catching_up.close()
    assert tries.count(second.subject) == 4


def test_a_restore_does_not_go_on_without_what_could_not_be_applied(
    tells_nonsense: ServiceHere,
) -> None:
    here = tells_nonsense

    with pytest.raises(NotAllApplied, match=rf"{here.service.name}\.dead-letters.*`drop`"):
        list(catch_up(here.runtime, "accounts", here.handle))


def test_who_ends_in_the_middle_leaves_no_consumer_behind(follower_here: ServiceHere) -> None:
    follower_here.runtime.platform["bootstraps"].delete_many({})
    catching_up = follower_here.chore("catching up with accounts")

    catching_up.run()
    catching_up.close()

    assert "bootstrap" in _waited_for(follower_here)


def test_who_ends_in_the_middle_lets_another_go_on_at_once(follower_here: ServiceHere) -> None:
    follower_here.runtime.platform["bootstraps"].delete_many({})
    first, second = (follower_here.chore("catching up with accounts") for _ in range(2))
    asked: list[str] = []

    def accounts(event: Event) -> None:
        if event.type == "snapshot.requested" and event.subject == "accounts":
            asked.append(payload_of(event).queue)

    follower_here.accounts = accounts
    first.run()
    eventually(lambda: len(asked) == 1)
    first.close()

    try:
        second.run()
        eventually(lambda: len(asked) == 2)
    finally:
        second.close()


def _waited_for(here: ServiceHere) -> dict[str, Any]:
    checks = here.client.get("/readyz").json["checks"]
    return {name: outcome for name, outcome in checks.items() if outcome != "ok"}


def test_who_hears_nothing_for_long_asks_again(
    follower_here: ServiceHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower_here.runtime.platform["bootstraps"].delete_many({})
    monkeypatch.setattr(bootstrap, "_PATIENCE_SECONDS", -1.0)
    catching_up = follower_here.chore("catching up with accounts")
    asked: set[str] = set()

    def accounts(event: Event) -> None:
        if event.type == "snapshot.requested" and event.subject == "accounts":
            asked.add(payload_of(event).queue)

    def has_asked_twice() -> bool:
        catching_up.run()
        return len(asked) >= 2

    follower_here.accounts = accounts

    try:
        assert eventually(has_asked_twice)
    finally:
        catching_up.close()
