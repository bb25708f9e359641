"""Lists longer than memory should know: constant memory, one moment, no sorting."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytest
from pymongo.errors import OperationFailure

from staffroll.mongo import TenantDatabase
from staffroll.plugins import Row
from staffroll.search import parse_terms
from staffroll_export.here import store_of
from tests.integration.export.house import House, a_user, fill, told

COUNT = 20_000
SNAPSHOT_TOO_OLD, INTERRUPTED = 239, 11601


@pytest.fixture(scope="module")
def filled(shared_house: House) -> str:
    """A tenant with `COUNT` active users."""
    tenant_id = shared_house.new_tenant()
    fill(shared_house, tenant_id, COUNT)
    return tenant_id


def all_rows(house: House, tenant_id: str, q: str = "") -> Iterator[Row]:
    store = store_of(house.runtime, tenant_id)
    return store.each(status="active", terms=parse_terms(q), roles=())


@contextmanager
def failing(house: House, code: int, mode: dict[str, int]) -> Iterator[None]:
    """The server answers the next batches of export with an error."""
    admin = house.runtime.platform.database.client.admin
    data = {"failCommands": ["getMore"], "errorCode": code, "appName": "export-serve"}
    admin.command("configureFailPoint", "failCommand", mode=mode, data=data)
    try:
        yield
    finally:
        admin.command("configureFailPoint", "failCommand", mode="off")


@pytest.mark.long
def test_r91_the_memory_of_a_download_does_not_depend_on_its_length(
    shared_house: House, filled: str
) -> None:
    short = shared_house.new_tenant()
    fill(shared_house, short, COUNT // 5)

    def peak_bytes(tenant_id: str) -> int:
        tracemalloc.start()
        response = shared_house.client.get(
            "/v1/users/export", headers=shared_house.token(tenant_id)
        )
        for _ in response.iter_encoded():
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        response.close()
        return peak

    peak_bytes(short)
    of_short, of_long = peak_bytes(short), peak_bytes(filled)

    assert of_long < of_short + 500_000
    assert of_long < 8_000_000


def test_r14_a_long_list_is_whole_and_in_order(shared_house: House, filled: str) -> None:
    lines = shared_house.lines(filled)

    assert len(lines) == len(set(lines)) == COUNT
    assert lines == sorted(lines)


def test_whoever_changes_during_a_download_is_neither_missing_nor_twice(
    shared_house: House,
) -> None:
    tenant_id = shared_house.new_tenant()
    fill(shared_house, tenant_id, 3_000)
    before = list(all_rows(shared_house, tenant_id))

    rows = all_rows(shared_house, tenant_id)
    got = list(islice(rows, 500))
    for row, name in ((before[100], "Zz"), (before[2_900], "Aa")):
        moved = a_user(last_name=name, first_name=row.first_name, email=row.email)
        shared_house.handle(told("user.updated", row.id, 2, moved, tenant_id=tenant_id))
    gone = a_user(status="deactivated")
    shared_house.handle(told("user.deactivated", before[2_000].id, 2, gone, tenant_id=tenant_id))
    shared_house.keep(tenant_id, a_user(last_name="Zzz"))
    got += rows

    assert got == before


def test_a_reader_slower_than_the_servers_memory_gets_the_rest_from_where_it_is(
    shared_house: House, filled: str
) -> None:
    expected = list(all_rows(shared_house, filled))

    with failing(shared_house, SNAPSHOT_TOO_OLD, {"times": 1}):
        got = list(all_rows(shared_house, filled))

    assert got == expected


def test_a_reader_that_gets_no_further_is_told_so(shared_house: House, filled: str) -> None:
    rows = all_rows(shared_house, filled)
    next(rows)

    with failing(shared_house, INTERRUPTED, {"times": 1}), pytest.raises(OperationFailure):
        list(rows)


@pytest.mark.parametrize("q", ["kim 0001", "nguyen 00, nguyen 9 x", "kim.7@", "kim", "k 1", "e"])
def test_r14_few_found_and_many_found_come_in_the_same_order(
    shared_house: House, filled: str, q: str
) -> None:
    words = [term.split() for term in q.split(",")]
    expected = [
        row
        for row in all_rows(shared_house, filled)
        if any(
            all(word in f"{row.last_name}\n{row.first_name}\n{row.email}".lower() for word in term)
            for term in words
        )
    ]

    assert list(all_rows(shared_house, filled, q)) == expected


@pytest.mark.parametrize("q", ["", "kim", "kim, nguyen"])
def test_a_long_list_is_never_sorted_in_memory(shared_house: House, filled: str, q: str) -> None:
    asked: list[dict[str, Any]] = []

    with profiled(shared_house.runtime.platform.database, asked):
        next(all_rows(shared_house, filled, q))

    # The sweeper of outboxes may look at the same moment, at those of all tenants.
    finds = [one for one in asked if "find" in one["command"]]
    [found] = [one for one in finds if "tenant_id" in one["command"]["filter"]]
    assert "sort: 1" in found["planSummary"]
    assert not found.get("hasSortStage")


@contextmanager
def profiled(database: Any, asked: list[dict[str, Any]]) -> Iterator[None]:
    """Everything that the rows were asked while the block ran."""
    database["system.profile"].drop()
    database.command("profile", 2)
    try:
        yield
    finally:
        database.command("profile", 0)
        asked += database["system.profile"].find({"ns": f"{database.name}.rows"})


def test_a_tenant_database_reads_at_one_moment_only_where_asked(shared_house: House) -> None:
    tenant: TenantDatabase = shared_house.runtime.tenant(shared_house.new_tenant())

    assert list(tenant["rows"].find({}, at_one_moment=True)) == []
