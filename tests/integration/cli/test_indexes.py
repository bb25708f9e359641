from __future__ import annotations

import pytest
from click.testing import CliRunner
from pymongo import MongoClient

from staffroll.cli import main
from staffroll.mongo import client
from tests.support.accounts import environ_of


def test_indexes_of_many_documents_take_as_long_as_they_take(
    mongodb_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_LONGEST_ANSWER_MS", 100)
    for name, value in environ_of(mongodb_uri, database_name).items():
        monkeypatch.setenv(name, value)
    slow = {
        "failCommands": ["createIndexes"],
        "blockConnection": True,
        "blockTimeMS": 300,
        "appName": "people-indexes",
    }

    with MongoClient[dict[str, object]](mongodb_uri) as server:
        server.admin.command("configureFailPoint", "failCommand", mode={"times": 1}, data=slow)
        done = CliRunner().invoke(main, ["indexes", "people"])

    assert done.exit_code == 0, done.output
    assert "indexes are there" in done.output
