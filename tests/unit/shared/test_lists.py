"""Cursors are opaque, come back as they went, and nothing else is taken for one."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll.web.lists import CursorInvalid, Position

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str) -> Position | None:
    try:
        return Position.from_cursor(cursor)
    except CursorInvalid:
        return None


@given(st.text(), st.text())
def test_a_cursor_comes_back_as_it_went(sort: str, id_: str) -> None:
    position = Position(sort, id_)

    assert Position.from_cursor(position.to_cursor()) == position


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_any_text_is_a_position_or_refused(cursor: str) -> None:
    position = _read(cursor)

    if position is not None:
        (position.sort + position.id).encode()


@given(st.binary(max_size=200))
def test_any_bytes_in_base64_are_a_position_or_refused(raw: bytes) -> None:
    _read(base64.urlsafe_b64encode(raw).decode())


@given(_JSON)
def test_any_other_json_is_refused(value: object) -> None:
    expected = (
        isinstance(value, list) and len(value) == 2 and all(isinstance(v, str) for v in value)
    )

    assert (_read(_encoded(json.dumps(value))) is not None) == expected


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_400,
        '{"a":' * 250,
        '["a", "\\ud800"]',
        '["\\ud83d", "\\ude00"]',
        '["a", {"$gt": ""}]',
        "9" * 1_400,
        "NaN",
        "",
    ],
    ids=["deep-list", "deep-object", "surrogate", "split", "operator", "huge", "nan", "empty"],
)
def test_hostile_cursors_are_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        Position.from_cursor(_encoded(text))
