"""What several people change at once: merged where they changed different things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from wtforms import StringField

from staffroll.errors import Stale
from staffroll.web.pages import ConfirmForm, SeenForm, csrf
from staffroll.web.pages.boxes import BoxesField
from tests.unit.pages.small_app import small_app

BEFORE = {"name": "a", "size": 1, "tags": ["x", "y"]}


class Thing(SeenForm):
    unordered = frozenset({"tags"})
    name = StringField()
    size = StringField()
    tags = BoxesField()


@pytest.fixture(scope="module")
def app() -> Flask:
    return small_app([])


def seen(app: Flask, now: Mapping[str, Any]) -> str:
    with app.test_request_context():
        return str(Thing(now).seen.data)


@pytest.mark.parametrize(
    ("theirs", "mine", "changes"),
    [
        ({}, {}, {}),
        ({}, {"name": "b"}, {"name": "b"}),
        ({"size": 2}, {"name": "b"}, {"name": "b"}),
        ({"name": "b"}, {"name": "b"}, {"name": "b"}),
        ({"other": 1}, {"size": 3}, {"size": 3}),
        ({"tags": ("y", "x")}, {"tags": ["y", "x"]}, {}),
        ({"name": "c"}, {"name": "b"}, None),
        ({"tags": ["z"]}, {"tags": ["x"]}, None),
    ],
)
def test_r15_what_two_change_at_once_is_merged_unless_it_is_the_same(
    app: Flask,
    theirs: dict[str, Any],
    mine: dict[str, Any],
    changes: dict[str, Any] | None,
) -> None:
    sent = {"seen": seen(app, BEFORE)}
    now, wanted = {**BEFORE, **theirs}, {**BEFORE, **mine}

    with app.test_request_context(method="POST", data=sent):
        form = Thing(now)
        if changes is not None:
            assert form.changes(wanted) == changes
            return
        with form.refusals():
            form.changes(wanted)
        [(name, said)] = form.errors.items()
        assert name in theirs
        assert "Somebody changed this meanwhile. By now it is: " in said[0]
        assert form.status == 422
        assert "save it again, and it counts" in form.problems[0]
        again = {"seen": str(form.seen.data)}

    with app.test_request_context(method="POST", data=again):
        assert Thing(now).changes(wanted) == mine


def test_what_is_refused_for_something_else_is_not_taken_for_seen(app: Flask) -> None:
    before = seen(app, BEFORE)

    with app.test_request_context(method="POST", data={"seen": before}):
        assert Thing({**BEFORE, "name": "c"}).seen.data == before


@pytest.mark.parametrize("meddled", [None, "", "[", "[1]", "null", "[" * 100_000])
def test_who_has_not_said_what_they_saw_has_seen_nothing(app: Flask, meddled: str | None) -> None:
    sent = {} if meddled is None else {"seen": meddled}

    with app.test_request_context(method="POST", data=sent):
        with pytest.raises(Stale):
            Thing(BEFORE).changes({"name": "b"})
        with pytest.raises(Stale):
            Thing(BEFORE).check_seen({})


def test_what_is_confirmed_is_what_was_seen(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csrf, "is_good", lambda _: True)
    with app.test_request_context():
        shown = ConfirmForm("All of it goes.", {"count": 1})
        sent = {"seen": str(shown.seen.data), "understood": "y"}

    with app.test_request_context(method="POST", data=sent):
        assert ConfirmForm("All of it goes.", {"count": 1}).is_confirmed()
        changed = ConfirmForm("All of it goes.", {"count": 2})
        assert not changed.is_confirmed()
        assert (changed.status, changed.understood.data) == (422, False)
        assert "Nothing was done" in changed.problems[0]
        assert changed.seen.data == '{"count": 2}'
