"""R1: documents of several collections in one command, of one tenant alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from staffroll.mongo import ForeignTenant, Platform, TenantDatabase, connect
from staffroll.mongo.scoped import Part


@pytest.fixture
def database(mongodb_uri: str, database_name: str) -> Iterator[TenantDatabase]:
    client = connect(mongodb_uri, name="test")
    with client:
        own = client[f"{database_name}together"]
        own["things"].insert_many(
            [
                {"_id": "a1", "tenant_id": "aaa", "x": 1, "outbox": ["news"]},
                {"_id": "b1", "tenant_id": "bbb", "x": 1},
            ]
        )
        own["places"].insert_many(
            [
                {"_id": "a2", "tenant_id": "aaa"},
                {"_id": "a3", "tenant_id": "aaa"},
                {"_id": "b2", "tenant_id": "bbb"},
            ]
        )
        yield Platform(own).tenant("aaa")


def test_r1_each_part_finds_what_is_the_tenants(database: TenantDatabase) -> None:
    things, places = database.find_together(
        Part("things", {"x": 1}, without=("outbox",)), Part("places", {})
    )

    assert things == [{"_id": "a1", "tenant_id": "aaa", "x": 1}]
    assert sorted(place["_id"] for place in places) == ["a2", "a3"]


def test_a_part_that_finds_nothing_hides_no_other(database: TenantDatabase) -> None:
    nothing, unknown, places = database.find_together(
        Part("things", {"_id": "b1"}), Part("no-such-collection", {}), Part("places", {})
    )

    assert (nothing, unknown) == ([], [])
    assert len(places) == 2


@pytest.mark.parametrize("number", [0, 1])
def test_r1_no_part_names_a_tenant(database: TenantDatabase, number: int) -> None:
    parts = [Part("things", {}), Part("places", {})]
    parts[number] = Part("things", {"tenant_id": "bbb"})

    with pytest.raises(ForeignTenant):
        database.find_together(*parts)
