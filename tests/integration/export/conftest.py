"""Export on a real database, fed by events as accounts says them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.export.house import House, environ, open_house


@pytest.fixture
def house(mongodb_uri: str, database_name: str) -> Iterator[House]:
    with open_house(environ(mongodb_uri, database_name)) as opened:
        yield opened


@pytest.fixture(scope="session")
def shared_house(mongodb_uri: str) -> Iterator[House]:
    """One house for tests that each take a tenant of their own."""
    from tests.support.mongo import drop_databases

    name = "test_export_shared_"
    with open_house(environ(mongodb_uri, name)) as opened:
        yield opened
    drop_databases(mongodb_uri, name)
