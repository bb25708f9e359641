"""Whoever attacks a page: each test goes over every page and every form that a service has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from staffroll.ids import new_id
from tests.support.places import Place, place

__all__ = ["place"]

EVIL = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>{{ 7*7 }}"
ELSEWHERE = "https://evil.example"
SIGNED_IN = "staffroll-access"

DONE = "staffroll-notices="
"""The cookie by which the next page says what was done."""

TRIES = "/api"
"""Where requests are tried out: somebody else's page, with a policy of its own."""

SHOWN_TO_WHO_MAY_MAKE_THEM = ("/imports/", "/erasures/")
"""In the API as well."""

SHOWN = frozenset(
    {
        *("last_name", "first_name", "middle_name", "title", "name", "notes", "note"),
        *("city", "street", "zip", "line1", "line2", "relation", "personnel_number"),
        *("description", "abbreviation", "user_agent"),
    }
)
"""Names of stored texts that somebody typed, and some page shows."""


def page_rules(place: Place, method: str) -> list[Rule]:
    """The routes of pages; those of the API and of programs begin otherwise."""
    return [
        rule
        for rule in place.app.url_map.iter_rules()
        if method in (rule.methods or ())
        and rule.endpoint.partition(".")[0].endswith(("_pages", "_page"))
        and rule.rule != TRIES
    ]


def address(place: Place, rule: Rule) -> str:
    """The page about the human, or what else there is one of."""

    def fill(found: re.Match[str]) -> str:
        name = found[1].rpartition(":")[2]
        return "strict" if name == "token" else place._good(name)

    return re.sub(r"<([^>]+)>", fill, rule.rule)


@pytest.fixture
def admin(place: Place) -> FlaskClient:
    client = place.app.test_client()
    client.set_cookie(SIGNED_IN, place.tenant.token)
    return client


def shown(place: Place, client: FlaskClient) -> Iterator[tuple[str, TestResponse]]:
    for rule in page_rules(place, "GET"):
        path = address(place, rule)
        with client.get(path) as answer:
            yield path, answer


def test_there_are_pages_and_the_admin_sees_them(place: Place, admin: FlaskClient) -> None:
    told = {path: answer.status_code for path, answer in shown(place, admin)}

    assert 200 in told.values()
    assert {path: code for path, code in told.items() if code >= 500} == {}


def test_no_form_is_taken_without_its_token(place: Place, admin: FlaskClient) -> None:
    before = place.dump()
    taken = []
    for rule in page_rules(place, "POST"):
        path = address(place, rule)
        for lie in ({}, {"csrf_token": "x.y"}):
            typed = {"last_name": "X", "is_sure": "y", "confirm": "y", **lie}
            answer = admin.post(path, data=typed)
            if any(one.startswith(DONE) for one in answer.headers.getlist("Set-Cookie")):
                taken.append(path)

    assert taken == []
    assert place.dump() == before


def test_whoever_is_not_signed_in_sees_nothing_of_anybody(place: Place) -> None:
    stranger = place.app.test_client()
    wrong = []
    for path, answer in shown(place, stranger):
        if answer.status_code in (302, 303):
            continue
        if place.tenant.id in answer.text or "@x.example" in answer.text:
            wrong.append(path)

    assert wrong == []


def test_r1_pages_about_somebody_of_another_tenant_are_not_there(place: Place) -> None:
    outsider = place.app.test_client()
    outsider.set_cookie(SIGNED_IN, place.stranger.token)
    about_one = [r for r in page_rules(place, "GET") if "_id>" in r.rule]
    told = {address(place, r): outsider.get(address(place, r)).status_code for r in about_one}
    # The admin of the other tenant is asked for the password before a dangerous page, or is
    # told that there is no such thing.
    assert {path: code for path, code in told.items() if code not in (404, 302, 303)} == {}


def test_r73_a_page_about_one_thing_needs_the_permission_to_read_it(place: Place) -> None:
    wrong = {}
    for rule in page_rules(place, "GET"):
        if not re.search("<(id|plugin):", rule.rule) or rule.rule.startswith(
            SHOWN_TO_WHO_MAY_MAKE_THEM
        ):
            continue
        view: Any = place.app.view_functions[rule.endpoint]
        needed = view.permission
        if needed is not None and not (view.shows or needed).endswith(":read"):
            wrong[rule.rule] = needed

    assert wrong == {}


def test_no_page_can_be_framed_run_foreign_scripts_or_be_kept(
    place: Place, admin: FlaskClient
) -> None:
    for path, answer in shown(place, admin):
        if answer.mimetype != "text/html":
            continue
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert answer.headers["Cache-Control"] == "no-store", path


def test_no_link_leads_away(place: Place, admin: FlaskClient) -> None:
    for rule in page_rules(place, "GET"):
        path = address(place, rule)
        for evil in (ELSEWHERE, "/\\evil.example"):
            query = dict.fromkeys(("next", "url", "return_to", "back"), evil)
            with admin.get(path, query_string=query) as answer:
                leads_to = answer.headers.get("Location", "")
                assert not re.match(r"(https?:)?[/\\]*evil", leads_to), path
                if answer.mimetype == "text/html":
                    assert evil not in _targets(answer.text), path


def test_what_somebody_typed_is_text_on_every_page(place: Place, admin: FlaskClient) -> None:
    _poison(place)
    told = 0
    for path, answer in shown(place, admin):
        if answer.mimetype != "text/html":
            continue
        assert "<img src=x" not in answer.text, path
        assert "<script>alert" not in answer.text, path
        assert "49" not in re.findall(r"</script>(\d+)", answer.text), path
        told += "&lt;img src=x" in answer.text

    assert told or place.name == "export"


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            text for name, text in attrs if name in ("href", "action", "formaction") and text
        ]


def _targets(markup: str) -> list[str]:
    links = _Links()
    links.feed(markup)
    return links.found


def _poison(place: Place) -> None:
    """Whatever validation would have said: everything that somebody could have typed is evil."""
    database = place.runtime.platform.database
    for name in database.list_collection_names():
        for document in list(database[name].find({"tenant_id": place.tenant.id})):
            changed = _evil(document)
            if changed != document:
                database[name].replace_one({"_id": document["_id"]}, changed)


def _evil(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: f"{EVIL}{new_id()[-4:]}" if key in SHOWN and isinstance(each, str) else _evil(each)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_evil(each) for each in value]
    return value
