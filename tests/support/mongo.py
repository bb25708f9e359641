"""A private MongoDB for the test run, and a database name of its own for each test."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from staffroll.local import Mongod
from tests.support.memory import new_folder


@pytest.fixture(scope="session")
def mongod() -> Iterator[Mongod]:
    """A real server with test commands (failCommand); never stop it, start your own for that."""
    folder = new_folder("mongo")
    try:
        with Mongod(folder, extra_parameters={"enableTestCommands": 1}) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def mongodb_uri(mongod: Mongod) -> str:
    return mongod.uri


@pytest.fixture
def database_name(mongodb_uri: str) -> Iterator[str]:
    """A name that no other test has; every database that begins with it is dropped after."""
    name = f"test_{uuid.uuid4().hex[:12]}_"
    yield name
    drop_databases(mongodb_uri, name)


def drop_databases(mongodb_uri: str, prefix: str) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb_uri, serverSelectionTimeoutMS=10_000)
    with client:
        for database in client.list_database_names():
            if database.startswith(prefix):
                _drop(client, database)


def _drop(client: MongoClient[dict[str, Any]], database: str) -> None:
    try:
        client.drop_database(database)
    except PyMongoError:
        # A thread of the test that is still ending may create while we drop.
        client.drop_database(database)
