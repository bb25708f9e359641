"""What a process stands on, when it is not all there at the start."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.errors import OperationFailure

from staffroll import runtime as runtimes
from staffroll.mongo import Index, connect
from staffroll.runtime import Runtime
from staffroll.settings import ServiceSettings
from tests.support.waiting import eventually


def test_an_index_that_the_database_refuses_is_tried_again_when_its_cause_is_mended(
    mongodb_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtimes, "_RETRY_AFTER_REFUSAL_SECONDS", 0.05)
    settings = ServiceSettings(
        mongodb_uri=mongodb_uri, mongodb_prefix=database_name, broker_prefix=database_name
    )
    unique = Index("things", ["name"], "name_unique", unique=True)
    with connect(mongodb_uri, name="test") as client:
        things = client[f"{database_name}accounts"]["things"]
        things.insert_many([{"tenant_id": "acme", "name": "a", "_id": id_} for id_ in (1, 2)])
        runtime = Runtime("accounts", settings, "command", indexes=[unique], outboxes=[])
        try:
            assert not runtime.wait_until_prepared(0.5)

            things.delete_one({"_id": 2})

            assert eventually(lambda: runtime.is_prepared)
        finally:
            runtime.close()


def test_an_index_build_that_others_disturbed_is_tried_again_at_once(
    mongodb_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtimes, "_RETRY_AFTER_REFUSAL_SECONDS", 3600.0)
    settings = ServiceSettings(
        mongodb_uri=mongodb_uri, mongodb_prefix=database_name, broker_prefix=database_name
    )
    failures = [OperationFailure("index build aborted", code=96)]

    def disturbed(*_: Any) -> None:
        if failures:
            raise failures.pop()

    monkeypatch.setattr(runtimes, "ensure_indexes", disturbed)
    runtime = Runtime("accounts", settings, "command", indexes=[], outboxes=[])
    try:
        assert runtime.wait_until_prepared(30)
    finally:
        runtime.close()
