"""Nothing that pages say lacks its German."""

from __future__ import annotations

import re

from tools.translations import houses, missing, stale

from staffroll.web.pages.words import LANGUAGES


def test_everything_that_pages_say_is_translated() -> None:
    left = [
        f"{at[0]}: {message}" for language in LANGUAGES[1:] for _, message, at in missing(language)
    ]

    assert left == [], "run `python -m tools.translations`, and fill in what it prints"


def test_nothing_is_translated_that_nobody_says() -> None:
    assert [message for language in LANGUAGES[1:] for _, message in stale(language)] == []


def test_a_translation_fills_in_what_its_original_does() -> None:
    wrong = [
        said
        for house in houses()
        for said, done in house.entries("de")
        if done and _blanks(said[-1]) != _blanks(done[-1])
    ]

    assert wrong == []


def _blanks(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s|\{\w+\}", text))
