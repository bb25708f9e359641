"""A list's state is its address."""

from __future__ import annotations

import pytest
from flask import Flask
from marshmallow import fields, validate

from staffroll.web.lists import PageQuerySchema
from staffroll.web.pages import Listing, words


class QuerySchema(PageQuerySchema):
    status = fields.String(load_default="a", validate=validate.OneOf(["a", "b"]))
    role = fields.List(fields.String(), load_default=list)


def listing(query: str) -> Listing:
    app = Flask("test", static_folder=None)
    words.install(app, [])
    with app.test_request_context(f"/things?{query}", base_url="http://x/mount"):
        found = Listing(QuerySchema)
        found.changed = found.url(status="b")  # type: ignore[attr-defined]
        found.following = found.next_url("next", 50)  # type: ignore[attr-defined]
        return found


def test_a_change_keeps_the_rest_and_begins_at_the_first_page() -> None:
    found = listing("q=m%C3%BC&role=1&role=2&cursor=c&from=51&window=roles")

    assert found.query["role"] == ["1", "2"]
    assert found.changed == (  # type: ignore[attr-defined]
        "/mount/things?q=m%C3%BC&role=1&role=2&window=roles&status=b"
    )
    assert found.following.endswith("&cursor=next&from=101&window=roles")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("query", "row"),
    [
        ("", 1),
        ("cursor=c&from=51", 51),
        ("from=51", 1),
        ("cursor=c&from=x", 1),
        ("cursor=c&from=٣", 1),
    ],
)
def test_the_first_row_is_a_number_whatever_stands_there(query: str, row: int) -> None:
    assert listing(query).first_row == row


def test_what_cannot_be_read_is_said_and_the_whole_list_shown() -> None:
    found = listing("status=nonsense&limit=0")

    assert found.query["status"] == "a"
    assert len(found.problems) == 2


def test_a_list_is_narrowed_by_what_is_asked_for_and_not_by_its_page() -> None:
    assert not listing("status=b&cursor=c&from=51").is_narrowed
    assert listing("role=1").is_narrowed
