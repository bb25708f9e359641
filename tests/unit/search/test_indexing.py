"""What documents store, and which index a query is told to use."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from staffroll.search import (
    COUNTED,
    LIST,
    SEARCH,
    as_filter,
    as_scan_filter,
    count_plan,
    facet_index,
    facet_plan,
    index_fields,
    matches,
    page_plan,
    parse_terms,
    whole_plan,
)

NAMES = st.text(st.sampled_from("aäbøß .-'"), max_size=24)


def test_r11_a_document_stores_order_haystack_and_the_grams_of_each_word() -> None:
    assert index_fields("Büb", "Al", "b@c") == {
        "sort": "bub\tal",
        "haystack": "bub\nbueb\nal\nb@c",
        "grams": ["@c", "al", "b", "b@c", "bub", "bueb", "c", "eb", "l", "ub", "ueb"],
    }


@given(NAMES, NAMES, NAMES, st.text(st.sampled_from("aäbo.-"), min_size=1, max_size=5))
def test_r11_a_word_is_contained_exactly_when_a_gram_begins_with_it(
    last: str, first: str, email: str, q: str
) -> None:
    terms = parse_terms(q)
    grams = index_fields(last, first, email)["grams"]
    assert isinstance(grams, list)

    begun = any(gram.startswith(terms[0][0]) for gram in grams)

    assert begun is matches(terms, last, first, email)


def test_r11_nothing_typed_becomes_an_operator_or_a_pattern() -> None:
    terms = parse_terms("$where .*(, ^a|b$")

    written = json.dumps([as_filter(terms), as_scan_filter(terms)])

    assert '"$where' not in written
    assert as_filter(terms[1:]) == {"grams": {"$regex": "^\\^a\\|b\\$"}}


def test_r13_the_count_decides_how_a_page_is_read() -> None:
    terms = parse_terms("muller")

    assert count_plan(terms).hint == SEARCH.name
    assert count_plan(()).hint == LIST.name
    assert count_plan(parse_terms("a e")).hint == LIST.name
    assert page_plan(terms, total=20) == count_plan(terms)
    assert page_plan(terms, total=COUNTED) == replace(count_plan(terms), looks_ahead=True)
    assert page_plan(terms, total=100_000).hint == LIST.name


def test_r13_of_whom_a_letter_finds_the_list_in_order_soon_meets_enough() -> None:
    terms = parse_terms("muller, a")

    assert page_plan(terms, total=20) == count_plan(terms)
    assert page_plan(terms, total=900).hint == LIST.name


def test_r13_where_documents_must_be_read_to_know_who_fits_none_is_read_twice() -> None:
    terms = parse_terms("muller anna")

    assert page_plan(terms, total=900) == count_plan(terms)
    assert page_plan(terms, total=COUNTED + 1).hint == LIST.name
    assert not whole_plan(parse_terms("muller"), total=900).looks_ahead


def test_r13_the_smaller_of_words_and_roles_leads() -> None:
    terms, roles = parse_terms("muller"), facet_index("roles")

    assert facet_plan(terms, roles, total=20, facet_total=900).hint == SEARCH.name
    assert facet_plan(terms, roles, total=900, facet_total=20).hint == "in_order_by_roles"
    assert facet_plan((), roles, total=COUNTED + 1, facet_total=9_000).hint == "in_order_by_roles"
    assert facet_plan(terms, roles, total=COUNTED + 1, facet_total=COUNTED + 1).hint == LIST.name
