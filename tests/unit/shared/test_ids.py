"""Identifiers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from staffroll.ids import TENANT_PATTERN, UUID_PATTERN, made_at, new_id

ID = "0197a000-0000-7000-8000-00000000000a"


def test_ids_are_uuids_of_version_7_that_sort_by_time() -> None:
    made = [new_id() for _ in range(1_000)]

    assert all(UUID_PATTERN.match(id_) and id_[14] == "7" for id_ in made)
    assert len(set(made)) == 1_000
    assert made[0] < made[-1]


@pytest.mark.parametrize("id_", ["acme", "a-1", "x" * 40])
def test_tenant_ids_are_short_words(id_: str) -> None:
    assert TENANT_PATTERN.match(id_)


@pytest.mark.parametrize(
    "id_", ["", "ab", "x" * 41, "Acme", "1acme", "acme-", "acme\n", "ac.me", "acmé", "_platform"]
)
def test_anything_else_is_no_tenant_id(id_: str) -> None:
    assert not TENANT_PATTERN.match(id_)


@pytest.mark.parametrize("text", [f"{ID}\n", ID.upper(), f" {ID}", ID[1:], ""])
def test_anything_else_is_no_id(text: str) -> None:
    assert not UUID_PATTERN.match(text)


def test_an_id_tells_when_it_was_made() -> None:
    moment = made_at(new_id())

    assert moment is not None
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)
    assert made_at("0197a000-0000-4000-8000-00000000000a") is None
