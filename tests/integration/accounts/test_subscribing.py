"""A subscriber in this process on the broker that needs no installation; as on RabbitMQ, see
``tests/end_to_end/apart/test_subscriber.py``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from staffroll.bus.consumer import Consumer
from staffroll.subscribe import Event, SqliteVersions, Subscriber
from tests.support.accounts import Accounts, Tenant
from tests.support.waiting import eventually


class Heard:
    """A directory of a tenant's users, with all that it was told."""

    def __init__(self, tenant: Tenant, file: Path) -> None:
        environ = tenant.accounts.environ
        self.names: defaultdict[str, list[tuple[int, str, bool]]] = defaultdict(list)
        self.subscriber = Subscriber(
            "directory",
            environ["STAFFROLL_BROKER_URL"],
            mongodb_uri=environ["STAFFROLL_MONGODB_URI"],
            broker_prefix=environ["STAFFROLL_BROKER_PREFIX"],
            versions=SqliteVersions(file),
            tenant_id=tenant.id,
        )
        self.subscriber.on("user.*")(self._take_in)
        self.subscriber.start()
        eventually(lambda: self.subscriber.health().ready)

    def _take_in(self, event: Event, user: Any) -> None:
        self.names[event.subject].append((event.sequence, user.last_name, event.replay))


@pytest.fixture
def answering(accounts: Accounts) -> Iterator[None]:
    """Accounts grants requests, as its consumer would."""
    consumer = Consumer(accounts.runtime.broker, ["accounts.requests"], accounts.handle, threads=1)
    consumer.start()
    yield
    consumer.stop()


@pytest.mark.usefixtures("answering")
def test_a_subscriber_that_comes_late_and_is_away_for_fifty_changes_ends_at_the_newest(
    tenant: Tenant, tmp_path: Path
) -> None:
    id_ = tenant.create(last_name="Nowak")["id"]
    tenant.patch(f"/v1/users/{id_}", {"last_name": "Kowalski"})
    eventually(lambda: not tenant.document(id_)["outbox"])

    late = Heard(tenant, tmp_path / "known")
    assert late.names[id_] == [(2, "Kowalski", True)]
    assert set(late.names) == {id_, tenant.admin_id}
    late.subscriber.stop()

    for number in range(50):
        tenant.patch(f"/v1/users/{id_}", {"last_name": f"N{number}"})
    back = Heard(tenant, tmp_path / "known")

    eventually(lambda: back.names[id_][-1:] == [(52, "N49", False)])
    assert set(back.names) == {id_}
    assert back.names[id_] == sorted(back.names[id_])
    back.subscriber.stop()
