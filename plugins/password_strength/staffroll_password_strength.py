"""Passwords must be long, mixed or hard to guess, as the organisation wants it.

Composition rules are there for organisations whose auditors ask for them; NIST SP 800-63B
advises against them, and the estimate of guesses (zxcvbn) is the better rule.
"""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema, fields, validate
from zxcvbn import zxcvbn

from staffroll.plugins import Candidate, Description, Objection, Text, hookimpl

_ESTIMATED_CHARACTERS: Final = 72
"""zxcvbn takes long for long passwords, and what is longer is not guessed."""


class Settings(Schema):
    """What the organisation wants; each rule can be left out."""

    min_length = fields.Integer(
        load_default=0,
        validate=validate.Range(0, 128),
        metadata={
            "title": {"en": "Least length", "de": "Mindestlänge"},
            "description": {
                "en": "In characters; 0 for the baseline.",
                "de": "In Zeichen; 0 heißt: wie für alle Organisationen.",
            },
        },
    )
    min_classes = fields.Integer(
        load_default=0,
        validate=validate.Range(0, 4),
        metadata={
            "title": {"en": "Kinds of characters", "de": "Arten von Zeichen"},
            "description": {
                "en": "Of small letters, capital letters, digits and others; 0 for any.",
                "de": "Von Kleinbuchstaben, Großbuchstaben, Ziffern und anderen; 0 für beliebige.",
            },
        },
    )
    min_score = fields.Integer(
        load_default=3,
        validate=validate.Range(0, 4),
        metadata={
            "title": {"en": "Hard to guess", "de": "Schwer zu erraten"},
            "description": {
                "en": "zxcvbn's score: 3 withstands offline guessing for a while, 4 long.",
                "de": "Wertung von zxcvbn: 3 hält dem Raten eine Weile stand, 4 lange.",
            },
        },
    )


@hookimpl
def describe_plugin() -> Description:
    return Description(
        title={"de": "Passwortstärke"},
        summary={
            "de": "Passwörter müssen lang, gemischt oder schwer zu erraten sein, wie die Organisation es will"
        },
    )


@hookimpl
def settings_schema() -> type[Schema]:
    return Settings


@hookimpl
def check_password(candidate: Candidate, settings: Any) -> list[Objection]:
    password = candidate.password
    found = {
        "too_short": len(password) < settings["min_length"],
        "too_few_kinds": _kinds(password) < settings["min_classes"],
        "too_easy": _score(candidate) < settings["min_score"],
    }
    return [Objection(code, _text(code, settings)) for code, wrong in found.items() if wrong]


@hookimpl
def describe_password_policy(settings: Any) -> list[Text]:
    wanted = {
        "too_short": settings["min_length"] > 0,
        "too_few_kinds": settings["min_classes"] > 1,
        "too_easy": settings["min_score"] > 0,
    }
    return [_text(code, settings) for code, is_wanted in wanted.items() if is_wanted]


def _kinds(password: str) -> int:
    kinds = (str.islower, str.isupper, str.isdigit)
    found = {next((i for i, kind in enumerate(kinds) if kind(one)), 3) for one in password}
    return len(found)


def _score(candidate: Candidate) -> int:
    if not candidate.password:
        return 0
    user = candidate.user
    known = [word for word in (user.first_name, user.last_name, user.email) if word]
    estimate = zxcvbn(candidate.password[:_ESTIMATED_CHARACTERS], user_inputs=known)
    return int(estimate["score"])


def _text(code: str, settings: Any) -> Text:
    length, kinds = settings["min_length"], settings["min_classes"]
    texts: dict[str, Text] = {
        "too_short": {
            "en": f"It has at least {length} characters.",
            "de": f"Es hat mindestens {length} Zeichen.",
        },
        "too_few_kinds": {
            "en": f"It has {kinds} of: small letters, capital letters, digits, others.",
            "de": f"Es hat {kinds} von: Kleinbuchstaben, Großbuchstaben, Ziffern, anderen.",
        },
        "too_easy": {
            "en": "It is hard to guess: several words that do not belong together do well.",
            "de": "Es ist schwer zu erraten: mehrere Wörter ohne Zusammenhang sind gut.",
        },
    }
    return texts[code]
