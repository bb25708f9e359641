"""R9: whatever is changed in the trail shows; erasing addresses does not."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from staffroll.audit_chain import START, Line, chained, verify

TENANT = "acme"
AT = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)

words = st.text(min_size=1, max_size=8)
entries = st.fixed_dictionaries(
    {
        "id": st.uuids().map(str),
        "at": st.integers(0, 10**6).map(lambda s: AT + timedelta(seconds=s)),
        "action": words,
        "actor": words,
        "subject": words,
        "changed": st.lists(words, max_size=3),
        "address": st.none() | words,
        "correlation_id": st.none() | words,
    }
)
trails = st.lists(entries, min_size=1, max_size=6).map(lambda found: written(found))
others = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(AT)


def written(found: list[dict[str, Any]]) -> list[Line]:
    lines: list[Line] = []
    for n, entry in enumerate(found, 1):
        lines.append(chained(entry, TENANT, n, lines[-1]["hash"] if lines else START))
    return lines


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a line, however deep."""
    if isinstance(value, dict):
        found = [place for key, inner in value.items() for place in places(inner, (*path, key))]
    elif isinstance(value, list):
        found = [place for n, inner in enumerate(value) for place in places(inner, (*path, n))]
    else:
        found = []
    return [path, *found] if path else found


@given(trails)
def test_r9_a_trail_as_it_was_written_is_unbroken(trail: list[Line]) -> None:
    verdict = verify(trail, TENANT, head=(len(trail), trail[-1]["hash"]))

    assert (verdict.lines, verdict.broken) == (len(trail), None)


@given(trails, st.data())
def test_r9_any_single_change_of_any_line_is_found(trail: list[Line], data: st.DataObject) -> None:
    changed = copy.deepcopy(trail)
    line = data.draw(st.sampled_from(changed))
    *above, last = data.draw(st.sampled_from(places(line)))
    parent: Any = line
    for step in above:
        parent = parent[step]
    before = parent[last]
    after = data.draw(others.filter(lambda value: value is not before and not same(value, before)))
    parent[last] = after

    verdict = verify(changed, TENANT)

    assert verdict.broken is not None
    assert verdict.broken.n <= line_number(trail, changed)


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


def line_number(trail: list[Line], changed: list[Line]) -> int:
    return next(n for n, pair in enumerate(zip(trail, changed, strict=True), 1) if differ(*pair))


def differ(one: Line, other: Line) -> bool:
    return repr(one) != repr(other)


@given(trails, st.data())
def test_r9_a_line_that_is_gone_is_missed(trail: list[Line], data: st.DataObject) -> None:
    n = data.draw(st.integers(1, len(trail)))
    head = (len(trail), trail[-1]["hash"])

    verdict = verify([line for line in trail if line["n"] != n], TENANT, head)

    assert verdict.broken is not None
    assert verdict.broken.n == n


@given(trails, st.data())
def test_r9_a_field_more_or_less_is_found(trail: list[Line], data: st.DataObject) -> None:
    line = data.draw(st.sampled_from(trail))
    more, fewer = copy.deepcopy(trail), copy.deepcopy(trail)
    more[line["n"] - 1]["x"] = 1
    gone = data.draw(st.sampled_from([name for name in line if name != "personal"]))
    del fewer[line["n"] - 1][gone]

    assert verify(more, TENANT).broken is not None
    assert verify(fewer, TENANT).broken is not None


@given(trails, st.data())
def test_r9_swapped_lines_are_found(trail: list[Line], data: st.DataObject) -> None:
    one, other = (data.draw(st.integers(0, len(trail) - 1)) for _ in range(2))
    swapped = list(trail)
    swapped[one], swapped[other] = swapped[other], swapped[one]

    assert (verify(swapped, TENANT).broken is None) == (one == other)


@given(trails, st.data())
def test_r9_erasing_addresses_leaves_the_chain_whole(
    trail: list[Line], data: st.DataObject
) -> None:
    head = (len(trail), trail[-1]["hash"])
    for line in trail:
        if data.draw(st.booleans()):
            line.pop("personal", None)

    assert verify(trail, TENANT, head).broken is None


@given(entries)
def test_r9_what_is_left_after_erasing_does_not_tell_the_address(entry: dict[str, Any]) -> None:
    one, other = written([entry])[0], written([entry])[0]

    if entry["address"] is not None:
        assert one["commitments"] != other["commitments"]
    one.pop("personal", None)
    assert (
        entry["address"] is None
        or len(entry["address"]) < 4
        or entry["address"] not in repr(one["commitments"])
    )


def test_r9_a_trail_moved_to_another_tenant_is_found() -> None:
    entry = {"id": "i", "at": AT, "action": "a", "actor": "b", "subject": "c", "changed": []}
    trail = written([entry])

    assert verify(trail, "other").broken is not None
