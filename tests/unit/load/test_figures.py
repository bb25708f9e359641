"""Figures on the page: percentiles, tables, parts between marks, plots."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.bench.figures import percentile
from tests.load.charts import Scale, bars, lines, spans
from tests.load.growth import Cost, outcome
from tests.load.markdown import NoSuchPart, milliseconds, table, with_parts
from tests.load.outcome import Outcome
from tests.load.plans import Plan, way_of
from tests.load.population import humans, stamped

PAGE = "a\n<!-- measured: day -->\nold\n<!-- end -->\nb\n<!-- measured: sync -->\n<!-- end -->\n"


@pytest.mark.parametrize(("share", "value"), [(0.5, 51), (0.99, 100), (1.0, 100), (0.0, 1)])
def test_percentiles_are_values_that_occurred(share: float, value: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == value


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.00012, "0.12"), (0.00123, "1.2"), (0.0456, "45.6"), (1.2345, "1,234")]
)
def test_times_have_as_many_places_as_say_something(seconds: float, text: str) -> None:
    assert milliseconds(seconds) == text


def test_a_table_keeps_its_columns_whatever_is_in_a_cell() -> None:
    lines_ = table(["what", "n"], [("a|b", 1)]).splitlines()

    assert lines_ == ["| what | n |", "| --- | ---: |", "| a¦b | 1 |"]


def test_a_part_takes_the_place_of_the_old_one_and_of_nothing_else() -> None:
    assert with_parts(PAGE, {"day": r"new \1"}) == PAGE.replace("old", "\nnew \\1\n")


@pytest.mark.parametrize("page", ["", PAGE + PAGE])
def test_a_part_without_its_one_place_is_not_lost_silently(page: str) -> None:
    with pytest.raises(NoSuchPart):
        with_parts(page, {"day": "new"})


def test_an_outcome_is_written_into_page_and_pictures(tmp_path: Path) -> None:
    (tmp_path / "docs/images").mkdir(parents=True)
    (tmp_path / "docs/performance.md").write_text(PAGE)

    Outcome({"sync": "| fast |"}, {"x.svg": "<svg/>"}).write(tmp_path)

    assert "| fast |" in (tmp_path / "docs/performance.md").read_text()
    assert (tmp_path / "docs/images/x.svg").read_text() == "<svg/>"


def test_the_page_has_a_place_for_every_part() -> None:
    page = (Path(__file__).parents[3] / "docs/performance.md").read_text()
    names = (
        "growth",
        "cpu",
        "first",
        "keys",
        "plans",
        "day",
        "processes",
        "sync",
        "overhead",
        "flood",
    )

    with_parts(page, dict.fromkeys(names, "new"))


def test_a_scale_goes_by_tens() -> None:
    scale = Scale([2, 300], 0, 300)

    assert scale.marks == [1, 10, 100, 1000]
    assert [scale.place(value) for value in (1, 10, 1000, 0)] == [0, 100, 300, 0]


@pytest.mark.parametrize(
    "picture",
    [
        lines("a & b", [10, 100], {"<x>": [1, 20], "y": [1, 20]}),
        spans("a", "ms", {"<x>": (1, 2, 3), "none": (0, 0, 0)}),
        bars("a", "%", {"<x>": 0.0}),
    ],
)
def test_pictures_are_well_formed(picture: str) -> None:
    assert ET.fromstring(picture).tag.endswith("svg")


def test_a_plan_names_the_index_for_its_keys() -> None:
    indexes = {"{ tenant_id: 1, sort: 1 }": "in_order"}

    assert way_of("IXSCAN { tenant_id: 1, sort: 1 }", indexes) == "in_order"
    assert way_of("IXSCAN { a: 1 }, IXSCAN { a: 1 }", indexes) == "{ a: 1 }"
    assert way_of("IDHACK", indexes) == "_id"
    assert way_of("COLLSCAN", indexes) == "all documents"


def test_a_plan_stands_in_the_table_once() -> None:
    count = Plan("users", "count", "in_order", 900, 0, 1, sorts=False)
    by_id = Plan("users", "find", "_id_", 1, 1, 1, sorts=False)
    costs = {
        "list, first page": Cost(0.1, [0.01], plans=[by_id, count]),
        "list, deep page": Cost(0.1, [0.01], plans=[by_id, count]),
    }

    found = outcome({1000: costs}).parts

    assert found["plans"].count("users count") == 1
    assert "`_id_`" not in found["plans"]
    assert "| list, deep page | 10.0 / 10.0 |" in found["growth"]


def test_people_are_the_same_each_time() -> None:
    first, again = ([next(each) for _ in range(50)] for each in (humans(), humans()))

    assert first == again
    assert len({one.email for one in first}) == 50
    assert {one.is_active for one in first} == {True, False}


def test_another_document_differs_in_what_is_ones_own_alone() -> None:
    pattern = {"_id": "a", "user": {"email": "a", "status": "active"}, "grams": ["a"], "seen": 1}

    copy = stamped(pattern, "b", {"email": "b"}, {"grams": ["b"]}, is_copy=True)

    assert copy == {
        "_id": "b",
        "user": {"email": "b", "status": "active"},
        "grams": ["b"],
        "seen": 1,
    }
