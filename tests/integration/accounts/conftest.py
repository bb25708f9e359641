"""One running accounts for each module, and a tenant of its own for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.support.accounts import Accounts, Tenant, environ_of
from tests.support.mongo import drop_databases


@pytest.fixture(scope="module")
def prefix(mongodb_uri: str) -> Iterator[str]:
    """What this module's databases begin with; they are dropped at its end."""
    name = f"test_{uuid.uuid4().hex[:12]}_"
    yield name
    drop_databases(mongodb_uri, name)


@pytest.fixture(scope="module")
def accounts(mongodb_uri: str, prefix: str) -> Iterator[Accounts]:
    """Accounts with a broker."""
    running = Accounts(environ_of(mongodb_uri, prefix))
    yield running
    running.close()


@pytest.fixture(scope="module")
def lonely(mongodb_uri: str, prefix: str) -> Iterator[Accounts]:
    """Accounts whose broker is away, so that all it says waits in the documents."""
    environ = environ_of(
        mongodb_uri, f"{prefix}lonely_", broker_url="amqp://guest:guest@127.0.0.1:1/"
    )
    running = Accounts(environ)
    yield running
    running.close()


@pytest.fixture
def tenant(accounts: Accounts) -> Tenant:
    return accounts.tenant()


@pytest.fixture
def lonely_tenant(lonely: Accounts) -> Tenant:
    return lonely.tenant()
