"""What is wrong with a field, in the reader's language, whoever found it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, g
from marshmallow import ValidationError, validate

from staffroll.schema_errors import invalid
from staffroll.web.pages import Reader, words
from staffroll.web.pages.said import of_all


@pytest.fixture(autouse=True)
def german() -> Iterator[None]:
    app = Flask("test", static_folder=None)
    words.install(app, [Path(words.__file__).parent / "translations"])
    with app.test_request_context():
        g.reader = Reader("A", "B", "de", "UTC")
        yield


@pytest.mark.parametrize(
    ("check", "value", "said"),
    [
        (validate.Length(max=3), "abcd", "Das ist zu lang: Höchstens 3 ist erlaubt."),
        (validate.Length(min=2), "a", "Das ist zu kurz: 2 ist das Mindeste."),
        (validate.Length(min=2, max=35), "a", "Die Länge muss zwischen 2 und 35 liegen."),
        (validate.Length(equal=2), "a", "Die Länge muss 2 sein."),
        (validate.Range(min=1, min_inclusive=False), 1, "Das muss mehr als 1 sein."),
        (validate.Range(max=9, max_inclusive=False), 9, "Das muss weniger als 9 sein."),
        (validate.Range(min=-1.5), -2, "Das muss mindestens -1.5 sein."),
        (validate.Range(max=10), 11, "Das darf höchstens 10 sein."),
        (validate.Range(min=1, max=3), 9, "Das muss zwischen 1 und 3 liegen."),
    ],
)
def test_limits_of_schemas_are_told_in_the_readers_language(
    check: validate.Validator, value: object, said: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        check(value)

    assert of_all(invalid({"field": refused.value.messages})) == [said]


def test_a_sentence_with_braces_of_its_own_is_shown_as_it_is() -> None:
    assert of_all(invalid({"field": ["No {0} here."]})) == ["No {0} here."]
