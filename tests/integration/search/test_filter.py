"""The filters find on a real MongoDB exactly whom the definition lists (R11)."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.collection import Collection

from staffroll.search import (
    COUNTED,
    LIST,
    SEARCH,
    Plan,
    count_plan,
    facet_index,
    facet_plan,
    index_fields,
    matches,
    page_plan,
    parse_terms,
)

SCOPE = {"tenant_id": "acme", "status": "active"}
ROLES = facet_index("roles")
PEOPLE = [
    ("Müller", "Anna", "anna.mueller@firma.example"),
    ("Mueller", "Jörg", "j@müller.example"),
    ("Muller-Ødegård", "Ann-Kristin", "akmo@firma.example"),
    ("O’Brien", "Seán", "sean@firma.example"),
    ("D'Angelo", "", "d$a.(b)|*+?[]{}\\^#@firma.example"),
    ("Παπαδόπουλος", "Γιώργος", "gp@firma.example"),
    ("Йёлкин", "Иван", "ivan@firma.example"),
    ("李", "小龍", "li@firma.example"),
    ("김", "민준", "kim@firma.example"),
    ("Groß", "Bjørn", "b.gross@firma.example"),
    ("von der Leyen-Wolfeschlegelsteinhausen", "Maximiliane", "mvdlw@firma.example"),
    ("Dr., Zoë", "Ana", "zoe_%@firma.example"),
]

WORDS = st.sampled_from(
    sorted({word for person in PEOPLE for text in person for word in text.split()})
)
PIECES = st.builds(
    lambda word, start, length: word[start : start + length],
    WORDS,
    st.integers(0, 30),
    st.integers(1, 25),
)
QUERIES = st.builds(
    ",".join,
    st.lists(
        st.builds(" ".join, st.lists(PIECES | st.text(max_size=4), max_size=3)),
        max_size=4,
    ),
)


@pytest.fixture(scope="module")
def people(mongodb_uri: str) -> Iterator[Collection[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        database = client["search_filter_test"]
        client.drop_database(database)
        collection = database["people"]
        for index in (LIST, SEARCH, ROLES):
            keys = (*SCOPE, *index.keys)
            collection.create_index([(key, 1) for key in keys], name=index.name)
        collection.insert_many(
            {"_id": number, **SCOPE, "roles": ["agent"], **index_fields(*person)}
            for number, person in enumerate(PEOPLE)
        )
        yield collection
        client.drop_database(database)


def found(people: Collection[dict[str, Any]], plan: Plan, **more: object) -> set[int]:
    query = {**SCOPE, **more, **plan.filter}
    listed = {document["_id"] for document in people.find(query, {"_id": 1}, hint=plan.hint)}
    assert people.count_documents(query, hint=plan.hint) == len(listed)
    return listed


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(q=QUERIES)
def test_r11_every_plan_lists_exactly_whom_the_definition_lists(
    people: Collection[dict[str, Any]], q: str
) -> None:
    terms = parse_terms(q)
    wanted = {number for number, person in enumerate(PEOPLE) if matches(terms, *person)}

    by_word = found(people, count_plan(terms))
    by_list = found(people, page_plan(terms, 10 * COUNTED))
    by_role = found(people, facet_plan(terms, ROLES, COUNTED + 1, 1), roles={"$in": ["agent"]})

    assert by_word == by_list == by_role == wanted


@pytest.mark.parametrize("q", ["mull", "йёл", "李", "d$a.(b)|*+", "mull, йёл"])
def test_r13_a_word_is_counted_without_reading_a_document(
    people: Collection[dict[str, Any]], q: str
) -> None:
    plan = count_plan(parse_terms(q))
    count = {"count": people.name, "query": {**SCOPE, **plan.filter}, "hint": plan.hint}

    explained = people.database.command("explain", count, verbosity="executionStats")

    assert explained["executionStats"]["totalDocsExamined"] == 0


@pytest.mark.parametrize("words", [["a", "e"], [f"{number:02d}x" for number in range(400)]])
def test_r11_the_longest_queries_are_answered(
    people: Collection[dict[str, Any]], words: list[str]
) -> None:
    terms = parse_terms(" ".join(words))

    assert found(people, count_plan(terms)) == {
        number for number, person in enumerate(PEOPLE) if matches(terms, *person)
    }
