"""A new password must not be one of the last ones (PCI DSS 8.3.7 asks for four)."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from staffroll.plugins import Candidate, Description, Objection, Text, hookimpl


class Settings(Schema):
    """How far back."""

    last = fields.Integer(
        load_default=4,
        validate=validate.Range(1, 24),
        metadata={
            "title": {"en": "Passwords back", "de": "Passwörter zurück"},
            "description": {
                "en": "How many may not be used again.",
                "de": "So viele dürfen nicht noch einmal verwendet werden.",
            },
        },
    )


@hookimpl
def describe_plugin() -> Description:
    return Description(
        title={"de": "Frühere Passwörter"},
        summary={"de": "Ein neues Passwort darf keines der letzten sein"},
    )


@hookimpl
def settings_schema() -> type[Schema]:
    return Settings


@hookimpl
def check_password(candidate: Candidate, settings: Any) -> list[Objection]:
    if candidate.was_used(settings["last"]):
        return [Objection("used_before", _text(settings))]
    return []


@hookimpl
def describe_password_policy(settings: Any) -> list[Text]:
    return [_text(settings)]


def _text(settings: Any) -> Text:
    last = settings["last"]
    return {
        "en": f"It is none of your last {last} passwords.",
        "de": f"Es ist keines Ihrer letzten {last} Passwörter.",
    }
