"""R1: through a tenant's handle nothing of another tenant is read, changed or counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import mongomock
import pytest

from staffroll.mongo import ForeignTenant, Platform, TenantCollection

Operation = Callable[[TenantCollection, dict[str, Any]], Any]

READING: dict[str, Operation] = {
    "find_one": lambda collection, where: collection.find_one(where),
    "find": lambda collection, where: list(collection.find(where)),
    "count": lambda collection, where: collection.count(where),
}
CHANGING: dict[str, Operation] = {
    "update_one": lambda c, where: c.update_one(where, {"$set": {"x": 9}}).matched_count,
    "update_many": lambda c, where: c.update_many(where, {"$set": {"x": 9}}).matched_count,
    "find_one_and_update": lambda c, where: c.find_one_and_update(where, {"$set": {"x": 9}}),
    "replace_one": lambda c, where: c.replace_one(where, {"x": 9}).matched_count,
    "delete_one": lambda c, where: c.delete_one(where),
}
ALL: dict[str, Operation] = {**READING, **CHANGING}
UPDATING: dict[str, Callable[[TenantCollection, dict[str, Any]], Any]] = {
    "update_one": lambda c, update: c.update_one({}, update),
    "update_many": lambda c, update: c.update_many({}, update),
    "find_one_and_update": lambda c, update: c.find_one_and_update({}, update),
}


@pytest.fixture
def database() -> Iterator[Any]:
    client: Any = mongomock.MongoClient()
    database = client["accounts"]
    database["things"].insert_many(
        [
            {"_id": "a1", "tenant_id": "aaa", "x": 1},
            {"_id": "a2", "tenant_id": "aaa", "x": 2},
            {"_id": "b1", "tenant_id": "bbb", "x": 1},
        ]
    )
    yield database
    client.close()


@pytest.fixture
def theirs(database: Any) -> TenantCollection:
    return Platform(database).tenant("bbb")["things"]


def _of(database: Any, tenant_id: str) -> list[dict[str, Any]]:
    return list(database["things"].find({"tenant_id": tenant_id}, sort=[("_id", 1)]))


@pytest.mark.parametrize("name", READING)
@pytest.mark.parametrize("where", [{"_id": "a1"}, {"x": 2}, {"$or": [{"_id": "a1"}, {"x": 2}]}])
def test_r1_reading_finds_nothing_of_another_tenant(
    name: str, where: dict[str, Any], theirs: TenantCollection
) -> None:
    assert not READING[name](theirs, where)


@pytest.mark.parametrize("name", READING)
def test_r1_reading_everything_finds_only_ones_own(name: str, theirs: TenantCollection) -> None:
    found = READING[name](theirs, {})

    assert found in ({"_id": "b1", "tenant_id": "bbb", "x": 1}, 1) or [d["_id"] for d in found] == [
        "b1"
    ]


@pytest.mark.parametrize("name", CHANGING)
@pytest.mark.parametrize("where", [{"_id": "a1"}, {"x": 2}, {"$or": [{"_id": "a1"}, {"x": 2}]}])
def test_r1_changing_reaches_nothing_of_another_tenant(
    name: str, where: dict[str, Any], theirs: TenantCollection, database: Any
) -> None:
    before = _of(database, "aaa")

    assert not CHANGING[name](theirs, where)

    assert _of(database, "aaa") == before


@pytest.mark.parametrize("name", CHANGING)
def test_r1_changing_everything_changes_only_ones_own(
    name: str, theirs: TenantCollection, database: Any
) -> None:
    before = _of(database, "aaa")

    assert CHANGING[name](theirs, {})

    assert _of(database, "aaa") == before
    assert [document["x"] for document in _of(database, "bbb")] in ([9], [])


def test_r1_what_is_inserted_or_made_by_an_update_belongs_to_the_tenant(
    theirs: TenantCollection, database: Any
) -> None:
    theirs.insert_one({"_id": "b2"})
    theirs.update_one({"_id": "b3"}, {"$set": {"x": 3}}, upsert=True)
    theirs.find_one_and_update({"_id": "b4"}, {"$set": {"x": 4}}, upsert=True)

    assert [document["_id"] for document in _of(database, "bbb")] == ["b1", "b2", "b3", "b4"]
    assert len(_of(database, "aaa")) == 2


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("tenant", ["aaa", "bbb", {"$ne": None}, {"$in": ["aaa"]}])
def test_r1_naming_a_tenant_in_a_filter_is_a_bug(
    name: str, tenant: object, theirs: TenantCollection, database: Any
) -> None:
    before = _of(database, "aaa")

    with pytest.raises(ForeignTenant):
        ALL[name](theirs, {"tenant_id": tenant})

    assert _of(database, "aaa") == before


@pytest.mark.parametrize("name", UPDATING)
@pytest.mark.parametrize(
    "update",
    [
        {"$set": {"tenant_id": "aaa"}},
        {"$set": {"tenant_id.x": "aaa"}},
        {"$unset": {"tenant_id": ""}},
        {"$setOnInsert": {"tenant_id": "aaa"}},
        {"$rename": {"tenant_id": "x"}},
        {"$rename": {"x": "tenant_id"}},
        {"$inc": {"x": 1}, "$set": {"tenant_id": "aaa"}},
    ],
    ids=str,
)
def test_r1_an_update_that_moves_a_document_elsewhere_is_a_bug(
    name: str, update: dict[str, Any], theirs: TenantCollection, database: Any
) -> None:
    with pytest.raises(ForeignTenant):
        UPDATING[name](theirs, update)

    assert _of(database, "bbb") == [{"_id": "b1", "tenant_id": "bbb", "x": 1}]


@pytest.mark.parametrize(
    "keep",
    [
        lambda c: c.insert_one({"_id": "n", "tenant_id": "aaa"}),
        lambda c: c.insert_one({"_id": "n", "tenant_id": None}),
        lambda c: c.replace_one({"_id": "b1"}, {"tenant_id": "aaa"}),
    ],
    ids=["insert", "insert-none", "replace"],
)
def test_r1_a_document_of_another_tenant_is_not_kept(
    keep: Callable[[TenantCollection], Any], theirs: TenantCollection, database: Any
) -> None:
    with pytest.raises(ForeignTenant):
        keep(theirs)

    assert database["things"].count_documents({}) == 3
