"""Days and moments, as the reader writes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from flask import Flask, g, render_template_string

from staffroll.web.pages import Reader, words

MOMENT = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)


@pytest.fixture
def app() -> Flask:
    app = Flask("test", static_folder=None)
    words.install(app, [])
    return app


@pytest.fixture
def request_of(app: Flask) -> Iterator[Flask]:
    with app.test_request_context(headers={"Accept-Language": "fr, de-AT;q=0.8, en;q=0.5"}):
        yield app


def read_by(language: str, time_zone: str) -> None:
    g.pop("words", None)
    g.reader = Reader("A", "B", language, time_zone)


@pytest.mark.parametrize(
    ("language", "zone", "shown"),
    [
        ("de", "Europe/Berlin", "29.03.2026, 00:30 CET"),
        ("en-GB", "Europe/London", "28 Mar 2026, 23:30 GMT"),
        ("en", "Asia/Kathmandu", "Mar 29, 2026, 5:15\u202fAM UTC+0545"),
        ("sv", "UTC", "Mar 28, 2026, 11:30\u202fPM UTC"),
    ],
)
def test_a_moment_is_shown_in_the_readers_zone_with_the_zone(
    request_of: Flask, language: str, zone: str, shown: str
) -> None:
    read_by(language, zone)

    assert words.moment(MOMENT) == f'<time datetime="2026-03-28T23:30:00Z">{shown}</time>'


def test_a_day_is_the_same_day_everywhere(request_of: Flask) -> None:
    read_by("de-CH", "Pacific/Kiritimati")

    assert words.day(date(2026, 12, 1)) == '<time datetime="2026-12-01">01.12.2026</time>'


def test_who_is_not_signed_in_is_spoken_to_as_the_browser_asks(request_of: Flask) -> None:
    assert words.current().language == "de"
    assert words.number(1234567) == "1.234.567"


def test_a_language_without_pages_is_named_in_the_readers_own(request_of: Flask) -> None:
    read_by("de", "UTC")

    assert words.language_name("pt-BR") == "Portugiesisch (Brasilien)"
    assert words.language_name("x-nonsense") == "x-nonsense"


@pytest.mark.parametrize(("language", "shown"), [("en", "1,234 users"), ("de-CH", "1’234 users")])
def test_numbers_of_things_have_their_separators_in_templates_too(
    request_of: Flask, language: str, shown: str
) -> None:
    read_by(language, "UTC")
    text = '{{ ngettext("%(num)s user", "%(num)s users", n) }}'

    assert render_template_string(text, n=1234) == shown
    assert render_template_string(text, n=1) == "1 user"
