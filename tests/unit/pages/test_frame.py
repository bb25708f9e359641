"""What holds for every page: who may, forms from our pages alone, headers, errors as pages."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from staffroll.web.guard import OpenRoute
from staffroll.web.pages import PageGroup
from tests.unit.pages.small_app import Browser, small_app, token

REFRESH = "http://localhost:8101/session/refresh?next=http%3A//localhost/things"


@pytest.fixture
def done() -> list[str]:
    return []


@pytest.fixture
def app(done: list[str]) -> Flask:
    return small_app(done)


@pytest.fixture
def somebody(app: Flask) -> Browser:
    return Browser(app)


def policy_of(response: TestResponse) -> dict[str, str]:
    parts = response.headers["Content-Security-Policy"].split("; ")
    return dict(part.partition(" ")[::2] for part in parts)


def test_a_page_that_names_no_permission_stops_the_start() -> None:
    bp = PageGroup("open_pages", __name__)
    bp.get("/open")(lambda: "x")

    with pytest.raises(OpenRoute, match="/open"):
        small_app([], also=[bp])


def test_pages_take_the_cookie_and_the_api_never_does(somebody: Browser) -> None:
    assert somebody.get("/things").status_code == 200
    assert somebody.get("/v1/things").status_code == 401


def test_pages_do_not_take_a_bearer_token(app: Flask) -> None:
    nobody = Browser(app, signed_in=None)

    answer = nobody.get("/things", headers={"Authorization": f"Bearer {token()}"})

    assert answer.status_code == 302


@pytest.mark.parametrize("cookie", [None, token(left=-90), token(left=60), "nonsense"])
def test_who_has_no_good_token_goes_by_accounts_and_comes_back(
    app: Flask, cookie: str | None
) -> None:
    answer = Browser(app, cookie).get("/things")

    assert (answer.status_code, answer.location) == (302, REFRESH)


def test_a_form_with_an_expired_token_is_sent_by_accounts_and_sent_again(
    app: Flask, done: list[str]
) -> None:
    somebody = Browser(app)
    typed = {"csrf_token": somebody.csrf_token(), "name": "Anna"}
    somebody.client.set_cookie("staffroll-access", token(left=-90))

    answer = somebody.client.post("/things/new", data=typed)
    somebody.client.set_cookie("staffroll-access", token())
    again = somebody.client.post("/things/new", data=typed)

    assert answer.status_code == 307  # the browser sends the body once more
    assert answer.location == f"{REFRESH}/new"
    assert again.status_code == 303
    assert done == ["Anna"]


def test_a_token_that_was_just_renewed_and_is_still_refused_is_no_endless_way(app: Flask) -> None:
    somebody = Browser(app, "nonsense")
    somebody.client.set_cookie("staffroll-refreshed", "yes")

    answer = somebody.get("/things")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert "One moment" in answer.text


def test_a_dangerous_page_asks_for_the_password_and_comes_back(app: Flask) -> None:
    answer = Browser(app, token(entered=700)).get("/things/fresh")

    assert answer.status_code == 302
    assert answer.location.startswith("http://localhost:8101/step-up?next=http%3A//localhost")


def test_a_session_that_must_do_something_first_goes_there(app: Flask) -> None:
    answer = Browser(app, token(scope="me.password:edit")).get("/things")

    assert answer.status_code == 302
    assert answer.location.startswith("http://localhost:8101/first-steps?next=")


def test_who_lacks_the_permission_is_told_in_their_language_what_is_missing(
    somebody: Browser,
) -> None:
    answer = somebody.get("/things/for-few")

    assert answer.status_code == 403
    assert "Das dürfen Sie nicht" in answer.text
    assert "people.profile:edit" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_an_unknown_address_is_a_page_for_browsers_and_a_problem_for_programs(
    somebody: Browser,
) -> None:
    as_page = somebody.get("/nothing", headers={"Accept": "text/html,*/*;q=0.8"})
    as_problem = somebody.get("/nothing")

    assert (as_page.status_code, as_page.mimetype) == (404, "text/html")
    assert "script-src 'self'" in as_page.headers["Content-Security-Policy"]
    assert (as_problem.status_code, as_problem.mimetype) == (404, "application/problem+json")


def test_a_bug_is_a_page_with_an_id_and_without_details(somebody: Browser) -> None:
    answer = somebody.get("/things/broken")

    assert answer.status_code == 500
    assert "hush" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_every_page_allows_only_files_of_ours_and_is_kept_by_nobody(somebody: Browser) -> None:
    answer = somebody.get("/things")

    policy = policy_of(answer)
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"].split() == [
        "'self'",
        "http://localhost",
        "http://localhost:8101",
        "http://localhost:8102",
        "http://localhost:8104",
    ]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in answer.headers
    assert " style=" not in answer.text
    assert "<script>" not in answer.text


def test_files_are_kept_for_ever_under_an_address_with_their_digest(somebody: Browser) -> None:
    found = somebody.get("/things").text.partition('rel="stylesheet" href="')[2]

    with somebody.get(found.partition('"')[0]) as answer:
        assert answer.mimetype == "text/css"
        assert "immutable" in answer.headers["Cache-Control"]
    assert somebody.get("/assets/../frame.py").status_code == 404
    assert somebody.get("/assets/nothing.css").status_code == 404


def test_pages_and_files_are_compressed_for_whoever_takes_that(somebody: Browser) -> None:
    for path in ("/things", somebody.get("/things").text.partition('rel="stylesheet" href="')[2]):
        path = path.partition('"')[0]
        with somebody.get(path) as plain:
            as_it_is = plain.data
        with somebody.client.get(path, headers={"Accept-Encoding": "gzip, br"}) as small:
            assert small.headers["Content-Encoding"] == "gzip"
            assert "Accept-Encoding" in small.vary
            assert len(small.data) < len(as_it_is) / 2
            told = gzip.decompress(small.data)
        # Tokens of forms differ from page to page.
        assert re.sub(rb'value="[^"]*"', b"", told) == re.sub(rb'value="[^"]*"', b"", as_it_is)
        with somebody.client.get(path, headers={"Accept-Encoding": "gzip;q=0"}) as refused:
            assert "Content-Encoding" not in refused.headers


def test_a_file_is_read_and_compressed_once_for_all(
    somebody: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = somebody.get("/things").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    headers = {"Accept-Encoding": "gzip"}
    with somebody.client.get(path, headers=headers) as first:
        sent = first.data

    def again(*_: object, **__: object) -> bytes:
        raise AssertionError(path)

    monkeypatch.setattr(gzip, "compress", again)
    monkeypatch.setattr(Path, "read_bytes", again)
    with somebody.client.get(path, headers=headers) as second:
        assert second.data == sent


def test_a_file_that_the_browser_has_is_not_sent_again(somebody: Browser) -> None:
    path = somebody.get("/things").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    with somebody.client.get(path, headers={"Accept-Encoding": "gzip"}) as first:
        etag = first.headers["ETag"]
    with somebody.client.get(
        path, headers={"Accept-Encoding": "gzip", "If-None-Match": etag}
    ) as again:
        assert (again.status_code, again.data) == (304, b"")


def test_a_form_without_its_token_does_nothing_and_keeps_what_was_typed(
    somebody: Browser, done: list[str]
) -> None:
    answer = somebody.client.post("/things/new", data={"name": "Anna"})

    assert answer.status_code == 422
    assert done == []
    assert 'value="Anna"' in answer.text
    assert "noch einmal ab" in answer.text


@pytest.mark.parametrize("lie", ["", "x.y", "x", "."])
def test_a_button_without_a_good_token_does_nothing(
    somebody: Browser, done: list[str], lie: str
) -> None:
    somebody.csrf_token()

    answer = somebody.client.post("/things/melt", data={"csrf_token": lie})

    assert answer.status_code == 403
    assert done == []


def test_a_token_of_another_browser_is_not_good(app: Flask, done: list[str]) -> None:
    stolen = Browser(app).csrf_token()
    somebody = Browser(app)
    somebody.csrf_token()

    somebody.client.post("/things/melt", data={"csrf_token": stolen})

    assert done == []


def test_what_the_browser_says_comes_from_another_site_is_refused(
    somebody: Browser, done: list[str]
) -> None:
    sent = {"csrf_token": somebody.csrf_token()}

    answer = somebody.client.post(
        "/things/melt", data=sent, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert answer.status_code == 403
    assert done == []


def test_a_view_that_forgets_to_check_its_form_does_not_answer(somebody: Browser) -> None:
    assert somebody.get("/things/careless").status_code == 200
    assert somebody.post("/things/careless").status_code == 500


def test_a_good_form_is_done_and_the_next_page_says_so_once(
    somebody: Browser, done: list[str]
) -> None:
    answer = somebody.post("/things/new", name="Anna")

    assert (answer.status_code, answer.location) == (303, "/things")
    assert done == ["Anna"]
    assert 'role="status"' in somebody.get("/things").text
    assert 'role="status"' not in somebody.get("/things").text


def test_all_that_is_wrong_stands_at_its_field_at_once_and_passwords_are_not_shown(
    somebody: Browser, done: list[str]
) -> None:
    missing = somebody.post("/things/new", secret="geheim")
    taken = somebody.post("/things/new", name="taken", secret="geheim")
    elsewhere = somebody.post("/things/new", name="hush")

    assert missing.status_code == taken.status_code == 422
    assert 'id="name-wrong"><div>Bitte füllen Sie dies aus.' in missing.text
    assert 'id="name-wrong"><div>Das widerspricht dem' in taken.text
    assert 'value="taken"' in taken.text
    assert "geheim" not in missing.text + taken.text
    assert 'id="secret-wrong"' in elsewhere.text
    assert done == []


def test_what_cannot_be_taken_back_is_done_with_the_box_checked_alone(
    somebody: Browser, done: list[str]
) -> None:
    unchecked = somebody.post("/things/drop")
    assert unchecked.status_code == 422
    assert "All things go." in unchecked.text
    assert "Bestätigen Sie das zuerst." in unchecked.text
    assert done == []

    assert somebody.post("/things/drop", understood="y").status_code == 303
    assert done == ["dropped"]


def test_names_are_text_and_the_page_speaks_the_readers_language(somebody: Browser) -> None:
    shown = somebody.get("/things").text

    assert "Bo &lt;b&gt;Berg&lt;/b&gt;" in shown
    assert '<html lang="de">' in shown
    assert "Abmelden" in shown
