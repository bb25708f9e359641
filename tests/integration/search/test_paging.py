"""Pages of a word that many have: whole, in order, and read from the index as far as they go (R13)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from staffroll.mongo import Document, Platform, connect, ensure_indexes, lists
from staffroll.mongo.lists import Facet, find_slice, list_indexes
from staffroll.search import index_fields, parse_terms
from tests.load.plans import plans_of

MATCHING = 400
NAMES = ("Amur", "Muller", "Mumm", "Zimmer")
"""Few, so that many share a place in the order; of the last nobody is found."""


WHERE = {"status": "active"}


@pytest.fixture(scope="module")
def platform(mongodb_uri: str) -> Iterator[Platform]:
    with connect(mongodb_uri, name="paging") as client:
        client.drop_database("search_paging_test")
        own = client["search_paging_test"]
        ensure_indexes(own, list_indexes("people", "status", facets=["roles"]))
        own["people"].insert_many(
            {
                "_id": f"{number:04}",
                "tenant_id": "acme",
                "status": "active",
                "roles": ["agent"],
                **index_fields(NAMES[number % len(NAMES)], "", f"u{number}@x.example"),
            }
            for number in range(MATCHING * len(NAMES) // (len(NAMES) - 1))
        )
        yield Platform(own)
        client.drop_database("search_paging_test")


def all_pages(platform: Platform, q: str, limit: int, facet: Facet | None = None) -> list[Document]:
    people = platform.tenant("acme")["people"]
    found: list[Document] = []
    after = None
    while True:
        page = find_slice(people, WHERE, parse_terms(q), after=after, limit=limit, facet=facet)
        assert page.total == MATCHING
        assert len(page.documents) == limit or page.end is None
        found += page.documents
        if page.end is None:
            return found
        after = page.end


@pytest.mark.parametrize("limit", [1, 7, 133, 134, 399, 400, 401])
@pytest.mark.parametrize("q", ["mu", "mull, mum, amu"])
def test_r13_pages_of_a_word_that_many_have_are_whole_and_in_order(
    platform: Platform, q: str, limit: int
) -> None:
    found = all_pages(platform, q, limit)

    assert len(found) == MATCHING
    assert found == sorted(found, key=lambda one: (one["sort"], one["_id"]))
    assert len({one["_id"] for one in found}) == MATCHING


def test_r13_a_role_beside_the_word_changes_nothing_of_that(platform: Platform) -> None:
    assert all_pages(platform, "mu", 60, Facet("roles", ("agent",))) == all_pages(
        platform, "mu", 60
    )


def test_r13_who_leaves_while_a_page_is_read_does_not_end_the_list(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "_end", lambda *_: [{"sort": {"$lte": "muller"}}])

    assert len(all_pages(platform, "mu", 60)) == MATCHING


def test_r13_only_the_names_are_read_at_which_a_page_begins_and_ends(platform: Platform) -> None:
    people = platform.tenant("acme")["people"]
    first = find_slice(people, WHERE, parse_terms("mu"), after=None, limit=10)

    plans = plans_of(
        platform.database,
        "paging",
        lambda: find_slice(people, WHERE, parse_terms("mu"), after=first.end, limit=10),
    )

    assert max(plan.documents for plan in plans) <= 2 * (MATCHING // 3 + 1)
    assert {plan.way for plan in plans} == {"by_grams_and_sort"}
