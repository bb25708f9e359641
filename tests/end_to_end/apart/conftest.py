"""The suite that all modules of this folder share; they break nothing of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from staffroll.local import Mongod
from tests.support.apart import Apart, all_running
from tests.support.rabbitmq import RabbitNode


@pytest.fixture(scope="package")
def apart(
    mongod: Mongod, rabbitmq: RabbitNode, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Apart]:
    """The suite on RabbitMQ, running, shared by tests that break nothing."""
    with all_running(mongod.uri, rabbitmq.url, tmp_path_factory.mktemp("apart")) as running:
        yield running
